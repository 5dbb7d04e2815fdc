"""A training told in the terminal, whatever its columns are called."""

import io
import re

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
    line = rf"epoch   1 of 3  held-out loss 0\.500  {re.escape(ODD)} r2 0\.250 best  \d\.\d s\n"
    assert re.search(line, text)
    assert f"note  {ODD}: [red]" in text
    assert "Training ended: all epochs." in text


def test_an_epoch_in_a_pipe_is_one_line_with_the_time_to_go(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    shown = Console(file=io.StringIO(), width=80, force_terminal=False)
    bar = ProgressBar(shown)
    with bar:
        bar.started(40, 4)
        bar.begun -= 10
        losses = {f"a task with a long name {number}": 0.5 for number in range(9)}
        scores = {task: {"auroc": 0.75} for task in losses}
        bar.epoch_done(Epoch(5, losses, losses, scores, best=False))
    lines = shown.file.getvalue().strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("epoch   5 of 40  held-out loss 4.500")
    assert lines[0].endswith("10 s, at most 70 s to go")
