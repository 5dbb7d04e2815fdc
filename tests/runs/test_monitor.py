"""`training.monitor`: the figure that chooses the epoch and ends the training."""

import math
import subprocess
import sys

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


def refused(monitor, targets=("colour.of", "size")):
    """Return the error of a fit that no step is taken for."""

    class NoStep(torso.training.Listener):
        def batch_done(self, epoch, batch):
            raise AssertionError("a step was taken")

    settings = {**FAST, "training.monitor": monitor}
    with pytest.raises(ConfigError) as caught:
        torso.fit(TABLE, targets, settings=settings, listener=NoStep())
    return str(caught.value)


@pytest.mark.parametrize(
    "monitor,message",
    [
        ("color.accuracy", "Unknown figure 'color.accuracy'. Did you mean 'colour.of.accuracy'?"),
        ("accuracy", "Unknown figure 'accuracy'. Did you mean 'colour.of.accuracy'?"),
        ("MAE", "Unknown figure 'MAE'. Did you mean 'size.mae'?"),
        ("los", "Unknown figure 'los'. Did you mean 'loss'?"),
        ({"loss": 1, "size.mea": 2}, "Unknown figure 'size.mea'. Did you mean 'size.mae'?"),
        ("size.coverage", "Unknown figure 'size.coverage'. "),
        ("size.r2_log", "Unknown figure 'size.r2_log'. Did you mean 'size.r2'?"),
        ("size", "Unknown figure 'size'. "),
        ({"size.mae": -1}, "`training.monitor` should be loss, TASK.METRIC"),
        (3, "`training.monitor` should be loss, TASK.METRIC"),
    ],
)
def test_a_figure_that_is_none_is_refused_before_training(monitor, message):
    assert message in refused(monitor)


def test_the_figures_that_there_are_are_listed():
    known = ["r2", "mae", "rmse", "log_loss", "interval_score"]
    listed = ["loss", *(f"size.{name}" for name in known)]
    assert refused("size.r2_log", ["size"]).endswith(f"Known: {listed}.")


def test_a_slip_is_seen_before_torch_is_imported(tmp_path):
    (tmp_path / "t.csv").write_text("x,price\n1,2\n3,4\n")
    code = (
        "import sys; from torso.app.cli import main\n"
        "sys.argv = ['torso', 'fit', 't.csv', '-t', 'price', '--set', 'targets.price.kind=number', "
        "'--set', 'training.monitor=price.ma']\n"
        "try: main()\nfinally: assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Unknown figure 'price.ma'. Did you mean 'price.mae'?" in done.stderr
    assert "Try: torso fit t.csv" in done.stderr
    assert "training.monitor=price.mae" in done.stderr
