"""Tables of a robustness study at every width."""

import io

import pytest
from rich.console import Console

from torso.app.terminal import robustness_tables
from torso.studies.robustness import Robustness

TASKS = ("Flavor.Score.of.the.Cup", "quality class")
COLUMNS = ("altitude_mean_meters", "Country.of.Origin", "Notes of the taster", "h")


def study(columns: int) -> Robustness:
    names = [f"{COLUMNS[number % 4]}{number or ''}" for number in range(columns)]
    values = dict.fromkeys(TASKS, 0.5)
    subsets = {(name,): values for name in names}
    subsets |= {tuple(other for other in names if other != name): values for name in names}
    subsets[tuple(names)] = values
    curves = {name: {task: [0.9, 0.8] for task in TASKS} for name in [*names, "all modalities"]}
    return Robustness((0.0, 1.0), dict.fromkeys(TASKS, "balanced_accuracy"), curves, subsets)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_name_is_cut_and_no_word_broken(width):
    screen = io.StringIO()
    shown = study(14)
    Console(file=screen, width=width).print(robustness_tables(shown, shown, width))
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in screen.getvalue()
    words = set(screen.getvalue().split())
    for name in (*TASKS, *shown.curves):
        assert set(name.split()) <= words | {word.rstrip(",") for word in words}, name
    together = width == 160
    assert sum("0.850" in line for line in lines) == 15 if together else 30
    [first] = [line for line in lines if line.split()[:1] == ["altitude_mean_meters"]][:1]
    assert first.count("0.850 (+0.000)") == 1 + together
