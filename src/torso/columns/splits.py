"""Splits of the rows: training, validation for early stopping, and test.

Random, stratified by a column, by group (the groups never cross), by time (the newest rows are held out), or as a
column of the table says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.row_times import RowTimes
from torso.core.errors import ConfigError, DataError
from torso.tables.table import Column, Table

__all__ = ["Split", "group_ids", "split_rows"]

_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Split:
    """Row positions, int64, ascending; disjoint."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_rows(
    table: Table,
    *,
    test: float = 0.2,
    validation: float = 0.1,
    stratify: str | None = None,
    group: str | None = None,
    column: str | None = None,
    times: RowTimes | None = None,
    seed: int = 0,
) -> Split:
    """Return the split of a table's rows.

    Args:
        table: the table.
        test: share of rows (of groups, with `group`) for the test split.
        validation: share for the validation split.
        stratify: column whose values should be spread over the splits alike; a value too rare for that goes
            to the training split.
        group: column whose equal values stay on one side; a row without a value is a group of its own.
        column: column that says `train`, `validation` or `test` itself; a row that says nothing is left out.
            Where it names no validation rows, they are drawn from the training rows.
        times: of the rows: the newest are the test split, those before them the validation split; rows of one moment
            stay together, and rows without one are learnt from. With `group` whole groups go by their newest row.
        seed: of the draw.

    Raises:
        ConfigError: shares or combinations that make no sense.
        DataError: the split column holds another word, or a split comes out empty.
    """
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise ConfigError(
            "`data.split.test` and `data.split.validation` should be shares whose sum is below 1. "
            f"Found test={test}, validation={validation}."
        )
    if stratify is not None and (group is not None or times is not None):
        other = "`group`" if group is not None else "`time`"
        raise ConfigError(f"`data.split` should name `stratify` or {other}, not both.")
    way = _Way(stratify, group, times, np.random.default_rng(seed))
    rows = np.arange(table.rows)
    if column is not None:
        split = _by_column(table.column(column), rows)
        if len(split.validation) or not validation:
            return _checked(split, table, test=False, validation=bool(validation))
        inner = way.of(split.train).draw(table.take(split.train), 0.0, validation)
        split = Split(split.train[inner.train], split.train[inner.validation], split.test)
        return _checked(split, table, test=False, validation=True)
    split = way.draw(table, test, validation)
    return _checked(split, table, test=test > 0, validation=validation > 0)


@dataclass(frozen=True, eq=False)
class _Way:
    """Arguments of `split_rows`: the columns and dates by which rows are divided, and the generator that draws."""

    stratify: str | None
    group: str | None
    times: RowTimes | None
    generator: np.random.Generator

    def of(self, rows: np.ndarray) -> _Way:
        """Return the same way for some of the rows."""
        return self if self.times is None else replace(self, times=self.times.take(rows))

    def draw(self, table: Table, test: float, validation: float) -> Split:
        """Deal out the rows of a table."""
        if self.stratify is not None:
            strata = _strata(table.column(self.stratify))
            return _stratified(strata, test, validation, self.generator)
        keys = np.arange(table.rows) if self.group is None else _codes(table.column(self.group))
        if self.times is not None:
            return _by_time(keys, self.times.values, test, validation)
        return _assign(keys, test, validation, self.generator)


def _by_time(keys: np.ndarray, times: np.ndarray, test: float, validation: float) -> Split:
    """Hold out the groups with the newest rows; groups of one moment stay together, groups without any are learnt from."""
    newest = np.full(int(keys.max(initial=-1)) + 1, -np.inf)
    np.fmax.at(newest, keys, times)
    moments = np.sort(newest[np.isfinite(newest)])
    part = np.zeros(len(newest), dtype=np.int64)
    end = len(moments)
    for number, count in ((2, _count(test, end)), (1, _count(validation, end))):
        start = _nearest_edge(moments[:end], end - count)
        if start < end:
            part[(newest >= moments[start]) & (part == 0)] = number
        end = start
    return _parts(part[keys])


def _nearest_edge(moments: np.ndarray, start: int) -> int:
    """Return the position nearest to `start` at which a run of equal moments begins; not the first or the last end."""
    end = len(moments)
    if start >= end or end == 0:
        return end
    first = int(np.searchsorted(moments, moments[start], "left"))
    after = int(np.searchsorted(moments, moments[start], "right"))
    if after == end or (first > 0 and start - first <= after - start):
        return first
    return after


def _assign(
    keys: np.ndarray, test: float, validation: float, generator: np.random.Generator
) -> Split:
    """Deal out whole groups: a random order of groups, cut where the shares of groups end."""
    groups = int(keys.max(initial=-1)) + 1
    order = generator.permutation(groups)
    part = np.zeros(groups, dtype=np.int64)
    num_test, num_validation = _count(test, groups), _count(validation, groups)
    part[order[:num_test]] = 2
    part[order[num_test : num_test + num_validation]] = 1
    return _parts(part[keys])


def _stratified(
    strata: np.ndarray, test: float, validation: float, generator: np.random.Generator
) -> Split:
    part = np.zeros(len(strata), dtype=np.int64)
    for stratum in np.unique(strata):
        rows = generator.permutation(np.flatnonzero(strata == stratum))
        shares = np.array([test, validation]) * len(rows) + generator.random(2) * 0.999
        num_test, num_validation = (int(share) for share in shares)
        part[rows[:num_test]] = 2
        part[rows[num_test : num_test + num_validation]] = 1
        if (part[rows] == 0).sum() == 0 and len(rows):
            part[rows[-1]] = 0
    return _parts(part)


def _parts(part: np.ndarray) -> Split:
    return Split(*(np.flatnonzero(part == number) for number in range(3)))


def _count(share: float, total: int) -> int:
    return max(1, round(share * total)) if share and total > 1 else 0


def _codes(column: Column) -> np.ndarray:
    """Return int64 `[rows]`, equal for equal values; every missing value is its own."""
    encoded = pc.dictionary_encode(cells.texts(column))
    ids = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = ids < 0
    ids[alone] = len(encoded.dictionary) + np.arange(alone.sum())
    return np.asarray(ids)


def _strata(column: Column) -> np.ndarray:
    """Return int64 `[rows]`: the value's number, or for many distinct numbers the decile."""
    encoded = pc.dictionary_encode(cells.texts(column))
    ids = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    if len(encoded.dictionary) <= 50:
        return np.asarray(ids)
    try:
        values = cells.numbers(column)
    except DataError:
        return np.asarray(ids)
    known = np.isfinite(values)
    edges = np.quantile(values[known], np.linspace(0, 1, 11)[1:-1])
    return np.where(known, np.searchsorted(edges, np.where(known, values, 0)), -1)


def _by_column(column: Column, rows: np.ndarray) -> Split:
    words = [
        None if cell is None else cell.strip().lower() for cell in cells.texts(column).to_pylist()
    ]
    for row, word in enumerate(words):
        if word is not None and word not in _NAMES:
            raise column.error(
                row, f"a split column should say train, validation or test. Found {word!r}"
            )
    names = np.array([_NAMES[word] if word else "" for word in words], dtype=object)
    return Split(*(rows[names == name] for name in ("train", "validation", "test")))


def _checked(split: Split, table: Table, *, test: bool, validation: bool) -> Split:
    for name, wanted in (("train", True), ("validation", validation), ("test", test)):
        if wanted and len(getattr(split, name)) == 0:
            raise DataError(
                f"{table.name}: the {name} split has no row ({table.rows} rows in all). Give more rows, or other "
                "shares in data.split."
            )
    return split


def group_ids(table: Table, group: str | None) -> np.ndarray | None:
    """Return the group of each row, None where the run has none or the table lacks the column."""
    if group is None or group not in table.names:
        return None
    coded = table.column(group).values.dictionary_encode()
    ids = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = ids < 0
    ids[alone] = len(coded.dictionary) + np.arange(alone.sum())
    return np.asarray(ids)
