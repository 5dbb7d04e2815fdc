"""The table of network and plain models, and its words."""

import math
from io import StringIO

import pytest
from rich.console import Console

from torso.app.terminal import blend_table
from torso.app.terminal.blend import blend_verdict
from torso.evaluation.report import Estimate, TaskReport
from torso.runs.report.report import BlendReport

AHEAD, LEVEL, BEHIND = Estimate(0.2, 0.1, 0.3), Estimate(0.0, -0.1, 0.1), Estimate(-0.2, -0.3, -0.1)


def blend(over_network, over_plain):
    return BlendReport("r2", 0.5, {"linear": 1.0}, 0.4, 0.6, over_network, over_plain)


@pytest.mark.parametrize(
    ("network", "plain", "words"),
    [
        (AHEAD, AHEAD, "both are better"),
        (AHEAD, LEVEL, "plain alone is as good"),
        (LEVEL, AHEAD, "network alone is as good"),
        (LEVEL, LEVEL, "either alone is as good"),
        (AHEAD, BEHIND, "plain alone is better"),
        (Estimate(math.nan), AHEAD, "undefined"),
    ],
)
def test_words_follow_the_intervals(network, plain, words):
    assert blend_verdict(blend(network, plain)) == words


def test_a_row_holds_each_alone_and_both():
    report = TaskReport("number", 9, 9, None, "r2", {"r2": Estimate(0.7)}, {"r2": 0.0})
    table = blend_table({"price": blend(AHEAD, AHEAD)}, {"price": report})
    cells = [str(next(iter(column.cells))) for column in table.columns]
    assert cells == ["price", "R²", "0.400", "0.600", "0.700", "both are better"]


def test_names_break_at_words_or_lose_their_middle_in_a_narrow_terminal():
    report = TaskReport("number", 9, 9, None, "r2", {"r2": Estimate(0.7)}, {"r2": 0.0})
    names = ["Implicit_Emotion", "Extraterrestrials"]
    table = blend_table(dict.fromkeys(names, blend(AHEAD, LEVEL)), dict.fromkeys(names, report), 60)
    assert [str(cell) for cell in table.columns[0].cells] == ["Implicit_\nEmotion", "Extra…rials"]
    console = Console(width=60, file=StringIO())
    console.print(table)
    shown = console.file.getvalue()
    assert "Implicit_ " in shown and "Extra…rials" in shown
