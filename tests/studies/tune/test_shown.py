"""What the terminal shows of a search for several tasks."""

from io import StringIO

import pytest
from rich.console import Console

from torso.app.terminal.tune import tuning_tables
from torso.studies.tune.results import front_of
from torso.studies.tune.tuning import TrialResult, Tuning

TRIALS = (
    TrialResult(0, "whole", {}, {"a": 0.0, "b": 0.0}, default=True),
    TrialResult(1, "whole", {"dim": 64}, {"a": 9.0, "b": -20.0}),
    TrialResult(2, "whole", {"dim": 256}, {"a": -1.0, "b": -1.0}),
)


@pytest.mark.parametrize("width", [60, 160])
def test_each_trial_of_the_front_can_be_trained(width):
    front = front_of(TRIALS, ("a", "b"), separate=True)
    tuning = Tuning({}, ("a", "b"), True, TRIALS, front[0], front, 50)
    (screen := Console(file=StringIO(), width=width)).print(tuning_tables(tuning, width))
    shown = screen.file.getvalue()
    assert front == (0, 1)
    assert "1: --set dim=64" in shown and "dim=256" not in shown  # the default is in all
    assert "better in the mean over tasks" in shown.replace("\n", " ").replace("  ", " ")
