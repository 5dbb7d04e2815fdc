"""Columns that carry the same: exchanged one at a time, each hides the other, since the run reads on in its twin."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.dataset import Dataset
from torso.evaluation.weighted import Floats
from torso.runs.schema.schema import Schema
from torso.studies.importance.exchanged import Layout, Rows
from torso.tables.table import Table

__all__ = ["alike_columns", "ordered_alike", "rank_correlation", "told_by_each_other"]

LEAST = 0.9
"""Association from which on two columns count as alike."""
_FEWEST = 30  # rows that have both
_MOST = 100  # columns that are compared


def alike_columns(
    schema: Schema, table: Table, dataset: Dataset, layout: Layout
) -> list[tuple[str, ...]]:
    """Return groups of columns of which each tells another one: two numbers, two categories, or one of each.

    Numbers are compared by Spearman's rank correlation, categories (any cells that occur again) by Tschuprow's T, a number
    and a category by T once the ranks are cut into categories; 0.9 and more is alike. Pictures, texts and recordings are
    alike only if most of their cells are equal.

    Args:
        schema: of the run.
        table: the rows.
        dataset: laid out.
        layout: columns of the modalities.
    """
    names = [*schema.inputs][:_MOST]
    numbers = {
        name: ranks for name, ranks in _ranks(schema, dataset, layout).items() if name in names
    }
    codes = {name: _codes(schema, table, name) for name in names if name not in numbers}
    pairs = [
        (first, second)
        for first, second in combinations(names, 2)
        if _association(numbers, codes, first, second) >= LEAST
    ]
    return _joined(names, pairs)


def rank_correlation(first: Floats, second: Floats) -> float:
    """Return the absolute Spearman correlation of two columns, over the rows that have both; 0 of a constant.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 8.0, 27.0, 0.0]))
    1.0
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    left, right = _ranked(first[both]), _ranked(second[both])
    if not len(left) or left.std() == 0 or right.std() == 0:
        return 0.0
    return round(abs(float(np.corrcoef(left, right)[0, 1])), 12)


def told_by_each_other(first: Rows, second: Rows) -> float:
    """Return Tschuprow's T of two columns of codes, less the value that chance alone would give.

    It is Cramér's V where both have as many values, and less where one tells the other but not the reverse, as a name tells a
    country. From Bergsma 2013, "A bias-correction for Cramér's V and Tschuprow's T", Journal of the Korean Statistical Society
    42. So names that occur once tell nothing.

    >>> told_by_each_other(np.array([0, 1, 2] * 20), np.array([2, 0, 1] * 20))
    1.0
    >>> told_by_each_other(np.array([0, 1, 2] * 20), np.array([0, 0, 1] * 20)).__round__(2)
    0.84
    >>> told_by_each_other(np.arange(60), np.array([2, 0, 1] * 20))
    0.0
    """
    both = (first >= 0) & (second >= 0)
    left, right = (np.unique(codes[both], return_inverse=True)[1] for codes in (first, second))
    rows = len(left)
    if rows < 2:
        return 0.0
    counts = np.zeros((left.max() + 1, right.max() + 1))
    np.add.at(counts, (left, right), 1.0)
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / rows
    high, wide = counts.shape
    square = float(((counts - expected) ** 2 / expected).sum()) / rows
    square = max(0.0, square - (high - 1) * (wide - 1) / (rows - 1))
    high, wide = (size - (size - 1) ** 2 / (rows - 1) for size in (high, wide))
    product = (high - 1) * (wide - 1)
    return round(min(1.0, float(square**0.5 / product**0.25)), 12) if product > 1e-9 else 0.0


def ordered_alike(numbers: Floats, codes: Rows) -> float:
    """Return how surely a number and a category tell each other, the lesser of two.

    The category is told by ranks that are cut into parts as large as the categories, in the order of their mean ranks: T of
    both. Ranks are told by the mean of their category: the correlation ratio, less chance (Kelley 1935, "An unbiased
    correlation ratio measure", PNAS 21).

    >>> ordered_alike(np.array([1.0, 2.0, 3.0, 11.0, 12.0, 13.0] * 3), np.array([1, 1, 1, 0, 0, 0] * 3)).__round__(2)
    0.87
    """
    both = ~np.isnan(numbers) & (codes >= 0)
    ranks, own = _ranked(numbers[both]), np.unique(codes[both], return_inverse=True)[1]
    sizes = np.bincount(own)
    if len(ranks) < 2 * len(sizes) or ranks.std() == 0:  # names that hardly recur tell any number
        return 0.0
    means = np.bincount(own, ranks) / sizes
    order = np.argsort(means, kind="stable")
    told = np.empty(len(ranks), np.intp)
    told[np.argsort(ranks, kind="stable")] = np.repeat(order, sizes[order])
    inside = float(((ranks - means[own]) ** 2).sum()) / (len(ranks) - len(sizes))
    ratio = float(np.sqrt(max(0.0, 1 - inside / float(ranks.var(ddof=1)))))
    return min(ratio, told_by_each_other(told, own))


def _association(
    numbers: dict[str, Floats], codes: dict[str, Rows | None], first: str, second: str
) -> float:
    """Return how surely one of two columns tells the other, from 0 to 1."""
    for name, other in ((first, second), (second, first)):
        if name in numbers:
            if other in numbers:
                both = ~np.isnan(numbers[name]) & ~np.isnan(numbers[other])
                return (
                    rank_correlation(numbers[name], numbers[other])
                    if both.sum() >= _FEWEST
                    else 0.0
                )
            if (own := codes.get(other)) is not None:
                both = ~np.isnan(numbers[name]) & (own >= 0)
                return ordered_alike(numbers[name], own) if both.sum() >= _FEWEST else 0.0
            return 0.0
    left, right = codes.get(first), codes.get(second)
    if left is None or right is None or ((left >= 0) & (right >= 0)).sum() < _FEWEST:
        return 0.0
    both = (left >= 0) & (right >= 0)
    same = float(
        (left[both] == right[both]).mean()
    )  # codes of equal cells are equal in all columns
    return max(same, told_by_each_other(left, right))


def _ranks(schema: Schema, dataset: Dataset, layout: Layout) -> dict[str, Floats]:
    """Return column -> its numbers, NaN where missing, of columns with one number a cell."""
    numbers: dict[str, Floats] = {}
    for name, modality in schema.modalities.items():
        if modality.form != "numbers":
            continue
        values, mask = dataset.sources[name].batch(np.arange(dataset.rows))
        if len(layout.slots[name]) == 1 and mask.shape[1] > 1:
            continue
        start = 0
        for column, width in layout.slots[name].items():
            if width == 1:
                own = values[:, start].reshape(len(values), -1)[:, 0].astype(np.float64)
                numbers[column] = np.where(mask[:, start], own, np.nan)
            start += width
    return numbers


def _codes(schema: Schema, table: Table, name: str) -> Rows | None:
    """Return a code for each cell, -1 where it is missing, equal for equal cells of any column; None for lists."""
    values = schema.column(table, name).values
    if pa.types.is_nested(values.type) or pa.types.is_null(values.type):
        return None
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        cells = values.to_pylist()
    else:
        cells = pc.cast(values, pa.large_string()).to_pylist()
    return np.array([-1 if cell is None else hash(cell) & (2**62 - 1) for cell in cells], np.intp)


def _ranked(values: Floats) -> Floats:
    """Return ranks; equal values share the mean of theirs."""
    # `scipy.stats` would take two seconds to import.
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[which], np.float64)


def _joined(names: list[str], pairs: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the groups that pairs link, of two names and more."""
    group = {name: {name} for name in names}
    for first, second in pairs:
        if group[first] is not group[second]:
            group[first] |= group[second]
            for name in group[second]:
                group[name] = group[first]
    return [
        tuple(name for name in names if name in group[first])
        for first in names
        if len(group[first]) > 1 and first == min(group[first], key=names.index)
    ]
