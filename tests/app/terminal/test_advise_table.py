"""The advice in the terminal: no line is wider than it, the recommended candidate is marked, a narrow one still tells Δm."""

import io

import pytest
from rich.console import Console

from torso.app.terminal import advice_table
from torso.evaluation.estimate import Estimate
from torso.studies.advise import Advice, Raced

GROUPS = (("digit", "parity"), ("ink",))
ADVICE = Advice(
    "digit + parity | ink",
    GROUPS,
    {},
    True,
    ("Train in 2 groups, digit + parity | ink: surely better than all together, Δm 3.0 %.",),
    (
        Raced("all together", (("digit", "parity", "ink"),), {}, 0.1, 3, seconds=4.0),
        Raced("digit + parity | ink", GROUPS, {}, 0.5, 3, Estimate(3.0, 1.0, 5.0), seconds=6.0),
        Raced("single tasks", (("digit",), ("parity",), ("ink",)), {}, 0.0, 0, left="no time"),
    ),
    test=Estimate(2.0, -1.0, 5.0),
)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_lines_fit_and_tell(width):
    stream = io.StringIO()
    Console(file=stream, width=width).print(advice_table(ADVICE, width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(stream.getvalue().split())
    assert "→" in text and "+3.0 (+1.0 to +5.0)" in text and "Δm +2.0 (-1.0 to +5.0)" in text
    assert ("seeds" in text) == (width >= 100)
