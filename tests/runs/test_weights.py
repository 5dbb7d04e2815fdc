"""Rows weigh as `data.weight` says in what is learnt, and in nothing that judges."""

import shlex
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy.sparse import csr_array

import torso
from tests import small
from torso.core.errors import ConfigError, DataError
from torso.core.types import Batch
from torso.plain.flat.flat import Flat
from torso.plain.models import PlainModel
from torso.plain.pooling import mean_loss, tilted
from torso.tasks import Response

QUICK = {
    "training.epochs": 2,
    "dim": 8,
    "sharing": "hard",
    "folds": 0,
    "blend": "off",
    "data.split.column": "part",
}


def table(rows: int = 120) -> dict[str, list[object]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    parts = np.where(
        np.arange(rows) < 80, "train", np.where(np.arange(rows) < 100, "validation", "test")
    )
    return {
        "x": x.tolist(),
        "y": (2 * x).tolist(),
        "w": rng.choice([0.5, 1.0, 2.0], rows).tolist(),
        "part": parts.tolist(),
    }


def taken(rows: Batch, order: list[int]) -> Batch:
    at = torch.tensor(order)
    return replace(
        rows.map(lambda _, features: features[at]),
        targets={task: target[at] for task, target in rows.targets.items()},
        rows=rows.rows[at],
    )


@pytest.mark.parametrize("modality_heads", [False, True])
def test_a_row_of_weight_2_is_the_row_twice(modality_heads: bool) -> None:
    built = small.model(modality_heads=modality_heads)
    rows = small.batch(rows=6)
    weights = torch.tensor([1.0, 2.0, 1.0, 3.0, 0.0, 2.0])
    repeated = taken(rows, [0, 1, 1, 2, 3, 3, 3, 5, 5])

    def losses(batch: Batch, weights: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        encoded = built.encode(batch.inputs)
        outputs = built.apply_heads(built.fuse(encoded), encoded) | built.unimodal_outputs(encoded)
        return built.losses(outputs, batch.targets, encoded.present, weights)

    weighed, sums = losses(rows, weights)
    twice, counts = losses(repeated, None)
    torch.testing.assert_close(weighed, twice)
    assert sums.tolist() == counts.tolist()
    assert losses(rows, torch.zeros(6))[0].abs().max() == 0


@pytest.mark.parametrize("name", ["linear", "trees", "forest"])
@pytest.mark.parametrize("family", ["classes", "binaries", "values"])
def test_plain_models_weigh_rows(name: str, family: str) -> None:
    rows = 400
    label = np.arange(rows) % 2
    x = np.random.default_rng(1).normal(size=(rows, 2))
    flat = Flat(x.astype(np.float32), (), csr_array((rows, 0), dtype=np.float32), ("a", "b"))
    values = label if family == "classes" else label[:, None].astype(np.float32)
    response = Response(family, values, 2 if family == "classes" else 0, np.where(label, 9.0, 1.0))
    said, _ = PlainModel.registry.find(name).cross_fit(
        flat, response, np.arange(rows) // 2 % 4, seed=0
    )
    share = said[:, -1]
    share = np.exp(share) if family == "classes" else share
    share = 1 / (1 + np.exp(-share)) if family == "binaries" else share
    assert share.mean() > 0.7  # 0.5 without weights


@pytest.mark.parametrize("kind", ["binary", "category", "multilabel"])
def test_plain_models_and_the_blend_go_by_class_weights(kind: str) -> None:
    """Balanced, a class of 15 % is as likely as the other: mean probabilities are near a half."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    rare = rng.random(400) < 0.05 + 0.2 * (x > 0)
    names = ["common", "common|rare"] if kind == "multilabel" else ["common", "rare"]
    frame = {"x": x.tolist(), "y": np.where(rare, names[1], names[0]).tolist()}
    settings = {**QUICK, "blend": "auto", "plain.models": ["linear"]}
    del settings["data.split.column"]
    said = {}
    for weights in ("none", "balanced"):
        own = {**settings, "heads.y.weights": weights}
        own |= {"targets.y.delimiter": "|"} if kind == "multilabel" else {}
        run = torso.fit(pa.table(frame), {"y": {"kind": kind}}, settings=own)
        assert run.report.blend["y"].share > 0.5
        answers = run.predict(pa.table(frame), as_arrow=True)["y_probability_rare"]
        said[weights] = float(np.mean(answers.to_numpy()))
    assert said["none"] == pytest.approx(0.15, abs=0.06)
    assert said["balanced"] == pytest.approx(0.5, abs=0.1)


def test_a_weighted_population_by_hand() -> None:
    """A probability of 1/4 has odds of 1 to 3; where the class counts thrice they are even, and so in the blend."""
    binary = Response("binaries", np.float32([[1], [0]]), class_weights=np.array([[1.0, 3.0]]))
    quarter = np.full((2, 1), np.log(1 / 3))
    assert tilted(binary, quarter) == pytest.approx(0.0)
    even = np.array([[np.log(3.0)], [0.0]])  # losses log(4/3), which counts thrice, and log 2
    expected = (3 * np.log(4 / 3) + np.log(2)) / 4
    assert mean_loss(binary, even) == pytest.approx(expected)
    classes = Response("classes", np.array([1, 0, -1]), 2, class_weights=np.array([1.0, 3.0]))
    logs = np.log([[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]])
    assert mean_loss(classes, logs) == pytest.approx(expected)
    doubled = replace(classes, weights=np.array([2.0, 1.0, 1.0]))
    assert mean_loss(doubled, logs) == pytest.approx((6 * np.log(4 / 3) + np.log(2)) / 7)
    assert tilted(classes, np.log([[0.75, 0.25]])) == pytest.approx(np.log([[0.75, 0.75]]))


def test_rows_of_weight_0_do_not_learn() -> None:
    whole = table()
    for row in range(0, 100, 5):
        whole["w"][row], whole["y"][row] = 0, 1e3
    without = {
        name: [cell for cell, weight in zip(cells, whole["w"], strict=True) if weight]
        for name, cells in whole.items()
    }
    runs = [
        torso.fit(pa.table(rows), ["y"], settings={**QUICK, "data.weight": "w"})
        for rows in (whole, without)
    ]
    answers = [run.predict({"x": [0.0, 1.0, 2.0]}, as_arrow=True)["y"].to_pylist() for run in runs]
    assert answers[0] == answers[1]
    assert [*runs[0].schema.inputs] == ["x"]
    assert "w: rows of weight 0 are left out of training and validation: 20." in runs[0].notes


def test_weights_move_a_network_and_not_its_metrics() -> None:
    whole = table()
    settings = {**QUICK, "training.epochs": 30, "training.lr": 0.01}
    label = np.arange(120) % 2
    whole["y"] = ["yes" if one else "no" for one in label]
    whole["w"] = np.where(label, 9.0, 1.0).tolist()
    weighed = torso.fit(pa.table(whole), {"y": "binary"}, settings={**settings, "data.weight": "w"})
    outputs = weighed.predict({"x": whole["x"]}, as_arrow=True)
    assert outputs["y"].to_pylist().count("yes") >= 100
    assert weighed.reports["y"].metrics["accuracy"].value == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("cell", "said"),
    [("-1", "'-1'"), ("", "an empty cell"), ("heavy", "'heavy'"), ("inf", "'inf'")],
)
def test_a_bad_weight_names_file_row_and_column(cell: str, said: str, tmp_path) -> None:
    whole = table()
    whole["w"] = [*map(str, whole["w"])]
    whole["w"][4] = cell
    file = tmp_path / "sheep.csv"
    lines = [
        ",".join(whole),
        *(",".join(map(str, row)) for row in zip(*whole.values(), strict=True)),
    ]
    file.write_text("\n".join(lines))
    with pytest.raises(DataError) as error:
        torso.fit(file, ["y"], settings={**QUICK, "data.weight": "w"})
    assert str(error.value).startswith(
        "sheep.csv, row 5, column 'w': a weight should be a number of 0 or more"
    )
    assert str(error.value).endswith(f"Found {said}")


def test_a_test_row_needs_no_weight() -> None:
    whole = table()
    whole["w"][119] = None
    torso.fit(pa.table(whole), ["y"], settings={**QUICK, "data.weight": "w"})


def test_the_column_of_weights_is_no_input_and_no_target() -> None:
    whole = pa.table(table())
    with pytest.raises(ConfigError, match="Unknown column 'W'"):
        torso.fit(whole, ["y"], settings={**QUICK, "data.weight": "W"})
    with pytest.raises(ConfigError, match="no target"):
        torso.fit(whole, ["y", "w"], settings={**QUICK, "data.weight": "w"})
    config = {"inputs": {"x": "number", "w": "number"}, "targets": {"y": "number"}}
    with pytest.raises(ConfigError, match="no input") as error:
        torso.fit(whole, config=config, settings={**QUICK, "data.weight": "w"})
    cure = shlex.split(str(error.value).partition("--set ")[2])[0]
    name, _, value = cure.partition("=")
    assert value == "null"
    torso.fit(whole, config=config, settings={**QUICK, "data.weight": "w", name: None})


def test_weights_of_a_table_for_validation() -> None:
    own = pa.table(table(30))
    settings = {name: value for name, value in QUICK.items() if name != "data.split.column"}
    settings |= {"inputs.part": None, "data.weight": "w"}
    torso.fit(pa.table(table()), ["y"], validation=own, settings=settings)
    with pytest.raises(ConfigError, match="Unknown column 'w'"):
        torso.fit(pa.table(table()), ["y"], validation=own.drop_columns("w"), settings=settings)
    nothing = own.set_column(2, "w", pa.array([0.0] * 30))
    with pytest.raises(DataError, match="all 30 rows of training or validation weigh 0"):
        torso.fit(pa.table(table()), ["y"], validation=nothing, settings=settings)
