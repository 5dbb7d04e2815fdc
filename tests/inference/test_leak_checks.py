"""Leaks beyond a column's values: its being filled, its repeating, and rows that stand in two parts."""

import numpy as np
import pyarrow as pa
import pytest

import torso
from torso.inference import inspect_table
from torso.inference.groups import settles
from torso.tables import read_table

RNG = np.random.default_rng(0)
ROWS = 300
ILL = np.arange(ROWS) % 3 == 0
NOISE = RNG.normal(size=ROWS)


def warnings(column, target, **options) -> str:
    rows = {"x": column, "y": target}
    (report,) = [r for r in inspect_table(read_table(rows), ["y"], **options) if r.name == "x"]
    return " ".join(report.warnings)


def where(filled, values=NOISE):
    return [value if full else None for value, full in zip(values.tolist(), filled, strict=True)]


def test_being_filled_is_a_leak():
    labels = np.where(ILL, "ill", "well").tolist()
    assert "being filled leaks the target 'y': that it has" in warnings(where(ILL), labels)
    assert "explains 100%" in warnings(where(ILL), np.where(ILL, 90.0, 5.0) + NOISE / 10)
    some = ILL & (np.arange(ROWS) % 2 == 0)  # half of the ill ones
    assert "nearly all rows with a value say 'ill'" in warnings(where(some), labels)
    assert "being filled" not in warnings(where(RNG.random(ROWS) < 0.4), labels)
    assert "being filled" not in warnings(where(np.arange(ROWS) < 10), labels)


def test_a_value_that_settles_the_label_is_proposed_as_group():
    patients = [f"P{row // 3}" for row in range(ROWS)]
    sick = np.repeat(RNG.random(100) < 0.4, 3)
    weight = np.repeat(RNG.normal(size=100), 3)
    cure = "--set data.split.group=x"
    assert cure in warnings(patients, sick)
    assert cure in warnings(patients, weight + NOISE / 100)
    assert cure not in warnings(patients, sick, group="x")
    assert cure not in warnings(patients, RNG.random(ROWS) < 0.4)
    assert cure not in warnings([f"P{row}" for row in range(ROWS)], sick)  # no value twice
    assert cure not in warnings(["ABC"[row % 3] for row in range(ROWS)], ILL)  # a category


@pytest.mark.parametrize(("mixed", "said"), [(2, True), (20, False)])
def test_groups_by_hand(mixed, said):
    """50 groups of two; half of all rows are ill. Both rows of a mixed group are guessed wrongly.

    Of the 50 rows outside the majority, all but the 2 x 2 of two mixed groups are settled: 92 %; of 20, 20 %.
    """
    labels = [group % 2 == 0 for group in range(50) for _ in range(2)]
    for group in range(mixed):
        labels[2 * group : 2 * group + 2] = [True, False]
    groups = pa.array([row // 2 for row in range(100)])
    assert settles(groups, pa.array(labels), numeric=False) is said


def test_rows_that_stand_in_two_parts_are_counted():
    once = {"x": NOISE.tolist(), "y": np.where(ILL, "ill", "well").tolist()}
    table = {name: [*cells, *cells[:100]] for name, cells in once.items()}
    notes = torso.prepare(table, ["y"]).notes
    (note,) = [note for note in notes if "equal a training row" in note]
    assert " test rows" in note and "data.split.group=COLUMN" in note
    assert not [note for note in torso.prepare(once, ["y"]).notes if "equal a training" in note]


@pytest.mark.parametrize("own", ["validation", "test"])
def test_copies_in_a_table_of_its_own(own):
    rows = {"x": NOISE.tolist(), "y": np.where(ILL, "ill", "well").tolist()}
    half = {name: cells[:50] for name, cells in rows.items()}
    notes = torso.prepare(rows, ["y"], **{own: half}).notes
    assert any(f"of 50 {own} rows equal a training row" in note for note in notes)
