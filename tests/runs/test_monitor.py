"""`training.monitor`: the figure that chooses the epoch and ends the training."""

import math

import numpy as np
import pytest

import torso
from torso.core.errors import ConfigError

DRAW = np.random.default_rng(0)
ROWS = 160
TABLE = {"x": DRAW.normal(size=ROWS).tolist(), "z": DRAW.normal(size=ROWS).tolist()}
TABLE["colour.of"] = [
    "red" if x + z / 2 > 0 else "blue" for x, z in zip(TABLE["x"], TABLE["z"], strict=True)
]
TABLE["size"] = [z * 2 + x * x for x, z in zip(TABLE["x"], TABLE["z"], strict=True)]
FAST = {
    "folds": 0,
    "blend": "off",
    "sharing": "hard",
    "training.epochs": 12,
    "training.patience": 3,
}


def fitted(monitor):
    settings = {**FAST, "training.monitor": monitor}
    return torso.fit(TABLE, ["colour.of", "size"], settings=settings)


def test_a_metric_chooses_the_epoch_and_ends_the_training():
    run = fitted("colour.of.accuracy")
    course, curves = run.report.training, run.report.curves
    figures = [epoch.metrics["colour.of"]["accuracy"] for epoch in curves]
    best = int(np.argmax(figures)) + 1
    assert (
        course.best_epoch == best and [epoch.number for epoch in curves if epoch.best][-1] == best
    )
    assert course.epochs == min(12, best + 3)
    assert course.best_loss == pytest.approx(sum(curves[best - 1].validation.values()))
    assert f"Chosen by colour.of.accuracy on held-out rows: epoch {best}," in " ".join(
        run.report.notes
    )


def test_several_figures_are_weighed_and_errors_count_against():
    run = fitted({"size.mae": 2, "loss": 0.5})
    values = [
        -2 * epoch.metrics["size"]["mae"] - 0.5 * sum(epoch.validation.values())
        for epoch in run.report.curves
    ]
    assert run.report.training.best_epoch == int(np.argmax(values)) + 1
    assert not math.isnan(run.report.training.best_loss)


@pytest.mark.parametrize(
    "monitor,message",
    [
        ("color.accuracy", "Unknown task 'color'. Did you mean 'colour.of'"),
        ("accuracy", "Unknown task 'accuracy'"),
        ("size.mea", "Unknown metric of 'size' 'mea'. Did you mean 'mae'"),
        ({"size.mae": -1}, r"`training.monitor` should be loss, TASK.METRIC"),
        (3, r"`training.monitor` should be loss, TASK.METRIC"),
    ],
)
def test_a_figure_that_is_none(monitor, message):
    with pytest.raises(ConfigError, match=message):
        fitted(monitor)
