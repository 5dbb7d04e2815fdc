"""Durations, and trainings that end in time by a clock that the test moves."""

import pytest

from torso.core.errors import ConfigError
from torso.runs.networks.timer import Timer
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import duration_text, seconds_of
from torso.training import Epoch
from torso.training.listeners import BUDGET_SPENT


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), (45, 45), ("1.5m", 90), ("20", 20)],
)
def test_durations(said, seconds):
    assert seconds_of(said) == seconds
    assert RunConfig.parse({"inputs": {}, "targets": {}, "budget": said}).budget == said


@pytest.mark.parametrize(
    "said", ["", "soon", "10 miles", "0s", 0, -3, True, "1.2.3s", float("inf")]
)
def test_no_durations(said):
    with pytest.raises(ConfigError, match="`budget` should be a duration such as 90s, 10m or 2h"):
        RunConfig.parse({"inputs": {}, "targets": {}, "budget": said})


def test_durations_in_words():
    assert [duration_text(seconds) for seconds in (0.5, 12, 200, 9000)] == [
        "0.5 s",
        "12 s",
        "3 min",
        "2.5 h",
    ]


def epochs_until_stop(timer, clock, lengths):
    deadline = timer.deadline()
    deadline.started(len(lengths), 1)
    for number, seconds in enumerate(lengths, start=1):
        clock.now += seconds
        if (stop := deadline.epoch_done(Epoch(number, {}, {}, {}))) is not None:
            return number, stop.reason
    return None


@pytest.mark.parametrize(
    ("budget", "length", "expected"), [(60, 7, 8), (60, 10, 6), (60, 59, 1), (5, 7, 1)]
)
def test_no_epoch_begins_that_would_end_too_late_but_the_first_ends(budget, length, expected):
    clock = Clock()
    timer = Timer(clock.now + budget, clock=clock)
    number, reason = epochs_until_stop(timer, clock, [length] * 100)
    assert (number, reason) == (expected, BUDGET_SPENT)
    assert clock.now <= 100 + budget or number == 1


def test_what_follows_the_networks_has_its_time():
    clock = Clock()
    timer = Timer(clock.now + 60, reserved=20, clock=clock)
    assert timer.left == 40
    assert epochs_until_stop(timer, clock, [9] * 10) == (4, BUDGET_SPENT)
