"""The scale of labels with a heavy tail is chosen given the inputs, and told."""

import numpy as np
import pytest

import torso
from torso.tasks import HEAVY_TAIL

SETTINGS = {"training.epochs": 1, "dim": 16}
SIZES = [f"size {number}" for number in range(4)]


def table(rows=300):
    """Sizes; one target is their plain sum, another one a product with a factor of its own."""
    rng = np.random.default_rng(0)
    sizes, factor = rng.lognormal(3, 0.9, (rows, 4)), rng.normal(size=rows)
    return {
        **dict(zip(SIZES, sizes.T, strict=True)),
        "factor": factor,
        "kind": [*"abc"] * (rows // 3),
        "sum": sizes.sum(axis=1) * rng.normal(1, 0.1, rows),
        "product": np.exp(factor) * sizes[:, 0] * rng.lognormal(0, 0.3, rows),
        "even": rng.normal(size=rows),
    }


def prepared(inputs, targets=("sum", "product", "even"), **settings):
    return torso.prepare(
        table(), dict.fromkeys(targets, "number"), inputs=inputs, settings={**SETTINGS, **settings}
    )


def chosen(run):
    return {name: spec["transform"] for name, spec in run.config.targets.items()}


def test_each_target_has_the_scale_that_its_inputs_ask_for():
    run = prepared([*SIZES, "factor", "kind"])
    assert chosen(run) == {"sum": "none", "product": "log", "even": "none"}
    told = [note for note in run.notes if HEAVY_TAIL in note]
    assert len(told) == 2
    assert "--set targets.sum.transform=log" in told[0]
    assert "--set targets.product.transform=none" in told[1]
    own, labels = run.schema.targets["sum"], np.array(table()["sum"])
    known = labels[run.split.split.train]
    assert [own.mean, own.std] == pytest.approx([known.mean(), known.std()])
    assert own.judged_by() == {}
    encoded = run.parts["training"].dataset.targets["sum"]
    assert own.origin + encoded == pytest.approx(labels, rel=1e-4)


def test_inputs_that_explain_nothing_leave_the_logarithm():
    assert chosen(prepared(["kind"], ["sum"])) == {"sum": "log"}


@pytest.mark.parametrize("scale", ["none", "log"])
def test_what_is_asked_for_stays(scale):
    run = prepared(SIZES, ["sum"], **{"targets.sum.transform": scale})
    assert chosen(run) == {"sum": scale}
    assert not any(HEAVY_TAIL in note for note in run.notes)
