"""A training told in the terminal, whatever its columns are called."""

import io

from rich.console import Console

from torso.progress import ProgressBar
from torso.training.listeners import Epoch

ODD = "speed [/km]"


def test_a_training_is_told_line_by_line():
    shown = Console(file=io.StringIO(), width=200, force_terminal=False)
    with ProgressBar(shown) as bar:
        bar.preparing(ODD, 1, 2)
        bar.started(3, 4)
        bar.batch_done(1, 1)
        epoch = Epoch(1, {ODD: 1.0}, {ODD: 0.5, "b": float("nan")}, {ODD: {"r2": 0.25}}, best=True)
        bar.epoch_done(epoch)
        bar.noted(f"{ODD}: [red]")
        bar.ended("all epochs")
    text = shown.file.getvalue()
    assert f"epoch   1  held-out loss 0.500  {ODD} r2 0.250 best" in text
    assert f"note  {ODD}: [red]" in text
    assert "Training ended: all epochs." in text
