"""The tables of `torso importance` fit the terminal, and say what is not sure."""

import io

import pytest
from rich.console import Console

from torso.app.terminal import importance_tables
from torso.evaluation.estimate import Estimate
from torso.studies.importance import Effect, Importance, Interaction, Subset


def study(columns=4, groups=None):
    names = [f"a long name of column {number}" for number in range(columns)]
    ways = ["exchanged", "left_out"] + (["within_groups"] if groups else [])
    effects = [
        Effect(
            of,
            name,
            (name,),
            "price",
            measure,
            way,
            Estimate(1 / (at + 1), -0.01, 1.5),
            0.01 if at == 0 else 0.4,
        )
        for at, name in enumerate(names)
        for of in ("column", "modality")
        for measure in ("r2", "log_likelihood")
        for way in (*ways, *(["shapley"] if of == "modality" else []))
    ]
    kept = [(), *((name,) for name in names), tuple(names)]
    return Importance(
        rows=90,
        labels={"price": 80},
        groups=groups,
        metrics={"price": "r2"},
        kinds={"price": "number"},
        modalities={name: (name,) for name in names},
        effects=tuple(effects),
        subsets=tuple(Subset(some, "price", "r2", Estimate(len(some) / 9)) for some in kept),
        interactions=(
            Interaction("price", "log_likelihood", 80, -1.0, -1.2, Estimate(0.2, 0.1, 0.3), 0.01),
        ),
        repeats=5,
        seed=0,
    )


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("groups", [None, 20])
def test_tables_fit_the_terminal(width, groups):
    stream = io.StringIO()
    Console(file=stream, width=width).print(importance_tables(study(groups=groups), width))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert ("left out" in text.split("Loss if")[0]) == (
        width == 160 or (width == 80 and not groups)
    )
    said = " ".join(text.split())
    assert "a long name of column 0 matters; no evidence for" in said
    assert "their sum alone would lose 0.200 nats per label" in said
