"""Many conditions at once give what each gives alone, with every batch encoded anew."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from torso.columns.loader import gather
from torso.core.types import Features
from torso.studies.robustness import conditions
from torso.studies.robustness.conditions import Condition, noisy, under
from torso.training import answer

NAMES = ("photo", "sound", "note", "numbers", "categories")
WANTED = [
    Condition(NAMES),
    Condition(NAMES, ("photo",), 0.5),
    Condition(NAMES, ("numbers",), 1.0),
    Condition(NAMES, NAMES, 0.3),
    Condition(("note",)),
    Condition(("photo", "categories")),
]


@pytest.fixture(scope="module", params=["hard", "separate"])
def run_and_rows(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    table = tables.make(folder)
    tables.change(table, lambda cells: cells["note"].__setitem__(slice(0, 9), [""] * 9))
    settings = {
        **tables.TINY,
        **tables.MEDIA,
        "data.cache": str(folder / "cache"),
        "sharing": request.param,
        "modality_heads": request.param == "hard",
        "missing": "token" if request.param == "hard" else "skip",
        "fusion": "transformer",
    }
    run = torso.fit(table, tables.TARGETS, settings=settings)
    return run, run.labelled(table)


def alone(run, dataset, condition, size, seed):
    """Return the answers under one condition, the whole model run on changed features."""
    draw = torch.Generator().manual_seed(seed)

    def changed(name, one):
        if name not in condition.kept:
            return Features(one.values, torch.zeros_like(one.mask))
        return noisy(one, condition.level, draw) if name in condition.touched else one

    batches = (
        replace(batch, inputs={name: changed(name, one) for name, one in batch.inputs.items()})
        for batch in (
            gather(dataset, np.arange(start, min(start + size, dataset.rows)))
            for start in range(0, dataset.rows, size)
        )
    )
    return answer(run.model, batches).predictions(run.model)


@pytest.mark.parametrize("most", [1 << 30, 1])
def test_together_as_alone(run_and_rows, monkeypatch, most):
    monkeypatch.setattr(conditions, "_MOST_BYTES", most)  # all conditions at once, or one by one
    run, dataset = run_and_rows
    assert tuple(run.schema.modalities) == NAMES
    found = dict(under(run, dataset, WANTED, batch_size=16, seed=3))
    assert list(found) == WANTED
    for condition, predictions in found.items():
        expected = alone(run, dataset, condition, 16, 3)
        for task, prediction in expected.items():
            np.testing.assert_allclose(predictions[task].value, prediction.value, atol=1e-6)
            for name, detail in prediction.details.items():
                np.testing.assert_allclose(predictions[task].details[name], detail, atol=1e-6)


def test_an_encoder_runs_once_on_what_it_is_shown(run_and_rows, monkeypatch):
    run, dataset = run_and_rows
    seen = []
    encoder = run.model.trunks[next(run.model.trunks.names())].encoders["photo"]
    forward = type(encoder).forward

    def counted(self, features, /):
        if self is encoder and features.present.any():
            seen.append(features)
        return forward(self, features)

    monkeypatch.setattr(type(encoder), "forward", counted)
    size = dataset.rows
    list(under(run, dataset, WANTED, batch_size=size))
    assert len(seen) == 1 + 3, "the first batch to see its size; then clean, and twice with noise"
