"""Explanations of rows at every width."""

import io
import math

import pytest
from rich.console import Console

from torso.app.terminal import explanation_text
from torso.evaluation.estimate import Estimate
from torso.studies.explain.answer import Share, TaskExplanation
from torso.studies.explain.deletion import Deletion
from torso.studies.explain.report import Explanation

NAMES = ("altitude_mean_meters", "Country.of.Origin", "Notes of the taster", "h")


def explanation(value=0.5):
    parts = [
        Share("numbers", name, "", Estimate(value * (-1) ** at, value - at, value + at))
        for at, name in enumerate(NAMES)
    ]
    test = Deletion((0.0, 1.0), (0.9, value), (0.9, value), Estimate(0.1, 0.05, 0.2), 1.0)
    whole = Share("numbers", "", "", Estimate(value, value, value))
    task = TaskExplanation(
        "kind", "a", "probability of a", True, 0.9, 0.1, (whole,), (*parts,), test
    )
    return Explanation(3, "t.csv", "occlusion", {"kind": task})


def shown(width, value=0.5):
    screen = io.StringIO()
    Console(file=screen, width=width).print(explanation_text(explanation(value), width))
    return screen.getvalue()


@pytest.mark.parametrize("width", [60, 80, 160, 10_000])
def test_no_name_is_cut_and_lines_fit(width):
    lines = shown(width).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    words = set(shown(width).split())
    assert {word for name in NAMES for word in name.split()} <= words
    assert "−0.500" in words and "passed:" in words


def test_figures_that_are_no_numbers_do_not_stop_it():
    assert "Row 3 of t.csv" in shown(80, math.nan)
    assert "Deletion test failed" not in shown(80, math.inf)
