"""Planted tables: the truth is in the rows, and the rows are the same on every machine."""

import numpy as np
import pandas as pd
import pytest

from torso.core.errors import ConfigError
from torso.planted import SUITE, kinds, plant, suite


def determined(planted, task, columns):
    """Return the share of a task's spread that groups of equal (binned) cells explain."""
    rows = planted.table[planted.table[task].notna()]
    keys = []
    for column in columns:
        cells = rows[column]
        numbers = pd.api.types.is_numeric_dtype(cells)
        keys.append(pd.qcut(cells, 8, labels=False) if numbers else cells)
    labels = rows[task]
    means = labels.groupby(keys).transform("mean")
    return 1 - float(((labels - means) ** 2).sum() / ((labels - labels.mean()) ** 2).sum())


@pytest.mark.parametrize("kind", kinds())
def test_truth_names_tasks_columns_and_modalities_of_the_table(kind):
    planted = plant(kind, rows=120)
    truth, tasks = planted.truth, set(planted.tasks)
    assert sorted(task for group in truth.groups for task in group) == sorted(tasks)
    assert {task for pair in (*truth.conflicts, *truth.shared) for task in pair} <= tasks
    assert set(truth.carriers) == tasks
    assert all(set(columns) == set(planted.inputs) for columns in truth.carriers.values())
    pairs = {*truth.redundant.values(), *truth.synergistic.values()}
    assert {name for some in pairs for pair in some for name in pair} <= set(planted.modalities)
    assert [*planted.inputs, *planted.targets] == list(planted.table)
    assert len(planted.table) == 120
    together = {frozenset(pair) for group in truth.groups for pair in pairs_of(group)}
    assert not together & {frozenset(pair) for pair in truth.conflicts}
    if truth.conflicts:
        assert truth.matters


def pairs_of(group):
    return [(first, second) for first in group for second in group if first < second]


@pytest.mark.parametrize("kind", kinds())
def test_a_seed_gives_the_same_rows(kind):
    first, again, other = (plant(kind, rows=80, seed=seed).table for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_the_suite_is_fixed():
    assert len(suite()) == len(SUITE) == 20
    table = suite()["clash-11"].table
    assert [round(float(cell), 2) for cell in table["a1"].dropna()[:3]] == [1.03, -1.31, -0.82]


def test_tasks_of_a_family_agree_and_others_do_not():
    planted = plant("clash", rows=3000, noise=0.2)
    close = planted.table[list(planted.tasks)].corr()
    assert all(close.loc[first, second] > 0.9 for first, second in planted.truth.shared)
    assert all(abs(close.loc[first, second]) < 0.1 for first, second in planted.truth.conflicts)
    turned = plant("opposite", rows=3000, noise=0.2).table
    assert turned["a1"].corr(turned["a2"]) < -0.9


def test_carriers_tell_and_others_do_not():
    planted = plant("carriers", rows=4000, noise=0.1)
    assert determined(planted, "price", ["c1"]) > 0.95
    assert determined(planted, "price", ["c2"]) < 0.01
    assert determined(planted, "weight", ["x1"]) > 0.3
    assert determined(planted, "weight", ["x3"]) < 0.01
    assert planted.truth.carriers["price"] == {column: column == "c1" for column in planted.inputs}


def test_synergy_needs_both_and_redundancy_either():
    planted = plant("synergy", rows=4000, noise=0.1)
    for alone in ("x1", "c1"):
        assert determined(planted, "both", [alone]) < 0.01
    assert determined(planted, "both", ["x1", "c1"]) > 0.9
    planted = plant("redundant", rows=4000, noise=0.1)
    for alone in ("x1", "c1"):
        assert determined(planted, "a", [alone]) > 0.85


def test_overlaps_of_labels():
    assert set(plant("disjoint").overlaps().values()) == {0.0}
    assert plant("five").table["rare"].notna().sum() == 5
    assert plant("clash", rows=6000).overlaps()["a1", "a2"] == pytest.approx(1 / 2, abs=0.02)
    assert np.mean(plant("gaps", rows=6000).table["note"].isna()) == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"name": "clush"}, "No planted table is called 'clush'. Known: alike, "),
        ({"name": "clash", "rows": 5}, "`rows` should be at least 60. Found 5."),
        ({"name": "clash", "noise": -1.0}, "`noise` should be 0 or more. Found -1.0."),
    ],
)
def test_what_cannot_be_planted(asked, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(").split(". Found")[0]):
        plant(**asked)
