"""Splits: disjoint, complete, seeded; groups never cross; strata are spread alike."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from torso.columns.row_times import row_times, split_note
from torso.columns.splits import split_rows
from torso.core.errors import ConfigError, DataError
from torso.tables.table import read_table

ROWS = 200
TABLE = read_table(
    {
        "group": [None if row % 50 == 0 else f"g{row // 4}" for row in range(ROWS)],
        "class": ["often" if row % 10 else "seldom" for row in range(ROWS)],
        "number": np.random.default_rng(0).normal(size=ROWS).tolist(),
        "said": (["train"] * 12 + ["Dev", " val ", "validation"] + ["testing"] * 4 + [None]) * 10,
        "two": ["training"] * 150 + ["test"] * 50,
    }
)
WAYS = [{}, {"group": "group"}, {"stratify": "class"}, {"stratify": "number"}, {"column": "two"}]


@pytest.mark.parametrize("way", WAYS)
def test_laws_of_every_split(way):
    one, same = (split_rows(TABLE, seed=1, **way) for _ in range(2))
    parts = [one.train, one.validation, one.test]
    assert sorted(np.concatenate(parts)) == list(range(ROWS))
    for part, again in zip(parts, (same.train, same.validation, same.test), strict=True):
        np.testing.assert_array_equal(part, again)
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
    other = split_rows(TABLE, seed=2, **way)
    assert not np.array_equal(one.validation, other.validation)


@pytest.mark.parametrize("way", WAYS[:4])
def test_shares_are_kept(way):
    split = split_rows(TABLE, test=0.3, validation=0.2, **way)
    assert len(split.test) == pytest.approx(60, abs=8)
    assert len(split.validation) == pytest.approx(40, abs=8)


@pytest.mark.parametrize("seed", range(5))
def test_groups_never_cross(seed):
    split = split_rows(TABLE, group="group", seed=seed)
    groups = TABLE.data.column("group").to_pylist()
    sides = [
        {groups[row] for row in part} - {None}
        for part in (split.train, split.validation, split.test)
    ]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_strata_are_spread_alike():
    split = split_rows(TABLE, stratify="class", test=0.25, validation=0.25)
    seldom = np.array([cell == "seldom" for cell in TABLE.data.column("class").to_pylist()])
    for part in (split.train, split.validation, split.test):
        assert seldom[part].mean() == pytest.approx(0.1, abs=0.02)
    numbers = np.array(TABLE.data.column("number").to_pylist())
    split = split_rows(TABLE, stratify="number", test=0.5)
    assert abs(np.median(numbers[split.test]) - np.median(numbers)) < 0.2


def test_a_value_too_rare_goes_to_training_or_stands_alone():
    table = read_table({"class": ["a"] * 30 + ["once"]})
    for seed in range(10):
        split = split_rows(table, stratify="class", seed=seed)
        assert 30 in split.train


def test_a_column_that_says_it():
    split = split_rows(TABLE, column="said")
    assert (len(split.train), len(split.validation), len(split.test)) == (120, 30, 40)
    assert 12 in split.validation
    drawn = split_rows(TABLE, column="two", validation=0.2, group="group")
    assert len(drawn.test) == 50
    assert len(drawn.train) + len(drawn.validation) == 150
    assert 20 < len(drawn.validation) < 40


@pytest.mark.parametrize(
    "when",
    [
        [f"2024-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(100)],
        [f"{1 + day % 28:02}.{1 + day // 28:02}.2024" for day in range(100)],
        [2000 + year for year in range(100)],
        [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(100)],
    ],
)
def test_the_newest_rows_are_held_out(when):
    order = np.random.default_rng(0).permutation(100)
    table = read_table({"when": [when[row] for row in order]})
    split = split_rows(table, times=row_times(table, "when"), test=0.2, validation=0.1)
    assert sorted(order[split.test]) == list(range(80, 100))
    assert sorted(order[split.validation]) == list(range(70, 80))
    assert sorted(order[split.train]) == list(range(70))


def test_rows_of_one_moment_stay_together_and_rows_without_one_are_learnt_from():
    days = [f"2024-01-{1 + row // 7:02}" for row in range(98)]
    days[0] = days[90] = None
    days[91] = "soon"
    table = read_table({"when": days})
    times = row_times(table, "when")
    split = split_rows(table, times=times)
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    assert {0, 90, 91} <= set(split.train)
    known = [{days[row] for row in own if row not in (0, 90, 91)} for own in parts.values()]
    assert max(known[0]) < min(known[1]) and max(known[1]) < min(known[2])
    note = split_note(parts, times, 0.3)
    assert f"{len(split.test)} test rows of {min(known[2])} to 2024-01-14" in note
    assert "Rows of one moment stay together" in note and "3 rows without a readable moment" in note


def test_groups_go_by_their_newest_row():
    table = read_table(
        {"when": [2000 + row for row in range(60)], "group": [f"g{row // 6}" for row in range(60)]}
    )
    split = split_rows(table, times=row_times(table, "when"), group="group")
    assert split.test.tolist() == list(range(48, 60))


def test_a_time_that_is_none():
    table = read_table({"word": ["red", "blue", "red"], "year": [1, 1, 2]})
    with pytest.raises(DataError, match=r"row 1, column 'word': `data.split.time`.*'red'"):
        row_times(table, "word")
    with pytest.raises(DataError, match="Found 2 different moments"):
        row_times(table, "year").check_several(table.column("year"))


def test_shares_of_nothing():
    split = split_rows(TABLE, test=0.0, validation=0.0)
    assert len(split.train) == ROWS
    assert len(split.test) == len(split.validation) == 0


@pytest.mark.parametrize(
    "settings,error,message",
    [
        ({"test": 0.6, "validation": 0.4}, ConfigError, r"below 1.*test=0\.6, validation=0\.4"),
        ({"test": -0.1}, ConfigError, "shares"),
        ({"group": "group", "stratify": "class"}, ConfigError, "not both"),
        ({"group": "grop"}, DataError, "Did you mean 'group'"),
        (
            {"column": "class"},
            DataError,
            r"row 1, column 'class'.*train, validation or test.*'seldom'",
        ),
    ],
)
def test_what_is_refused(settings, error, message):
    with pytest.raises(error, match=message):
        split_rows(TABLE, **settings)


def test_a_split_without_rows():
    with pytest.raises(DataError, match=r"the train split has no row \(2 rows in all\)"):
        split_rows(read_table({"a": [1, 2]}))
    with pytest.raises(DataError, match="has no row"):
        split_rows(read_table({"g": ["same"] * 9}), group="g")
