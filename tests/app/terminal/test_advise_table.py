"""The advice in the terminal: no line is wider than it, the recommended candidate is marked, a narrow one still tells Δm."""

import io

import pytest
from rich.console import Console

from torso.app.terminal import advice_table
from torso.evaluation.estimate import Estimate
from torso.studies.advise import Advice, Answer, Raced

GROUPS = (("digit", "parity"), ("ink",))
TOGETHER, SINGLES = "all together", "single tasks"
OF_GROUPS = Answer(
    "groups",
    TOGETHER,
    SINGLES,
    "digit + parity | ink",
    ("Train in 2 groups, digit + parity | ink: surely better than all together, Δm 3.0 %.",),
    (
        Raced(TOGETHER, (("digit", "parity", "ink"),), {}, 0.1, 3, seconds=4.0),
        Raced("digit + parity | ink", GROUPS, {}, 0.5, 3, {TOGETHER: Estimate(3.0, 1.0, 5.0)}, 6.0),
        Raced(SINGLES, (("digit",), ("parity",), ("ink",)), {}, 0.0, 0, left="no time"),
    ),
    test=Estimate(2.0, -1.0, 5.0),
)
OF_FUSION = Answer(
    "fusion",
    "gated",
    "concat",
    "gated",
    ("Keep fusion gated: no other is surely better.", "No evidence either way: concat."),
    (
        Raced(
            "concat", (), {}, seeds=2, over={"gated": Estimate(-0.5, -3.0, 2.0)}, verdict="unknown"
        ),
        Raced("gated", (), {}, seeds=2, over={"concat": Estimate(0.5, -2.0, 3.0)}),
    ),
)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_lines_fit_and_tell(width):
    advice = Advice((OF_GROUPS, OF_FUSION), words=("Both.",), test=Estimate(2.5, 1.0, 4.0))
    stream = io.StringIO()
    Console(file=stream, width=width).print(advice_table(advice, width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(stream.getvalue().split())
    assert "→" in text and "+3.0 (+1.0 to +5.0)" in text and "Δm +2.0 (-1.0 to +5.0)" in text
    assert "No evidence either way: concat." in text and "Both." in text and "-0.5 (-3.0" in text
    assert ("seeds" in text) == (width >= 100)
