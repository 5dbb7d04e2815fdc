"""Other kinds that suit a target's labels, each with the words to choose it."""

from __future__ import annotations

import numpy as np

from torso.columns.profile import Profile
from torso.core.cures import setting
from torso.tasks._base.logarithm import Logarithm, heavy_tail_note
from torso.tasks._base.whole_numbers import FEW_CLASSES, Shape

__all__ = ["of_classes", "of_numbers"]

_EARLY, _RARE = 0.4, 0.1  # most of the mean place of counts, and of the share of the greatest
_SCALES = (
    "never, almost never, rarely, seldom, occasionally, sometimes, often, frequently, usually, almost always, always",
    "none, very low, low, below average, average, medium, moderate, normal, above average, high, very high, extreme",
    "none, minimal, minor, mild, slight, moderate, serious, major, severe, critical, fatal",
    "terrible, very bad, very poor, bad, poor, fair, average, ok, okay, good, very good, great, excellent, outstanding",
    "strongly disagree, disagree, somewhat disagree, neutral, undecided, somewhat agree, agree, strongly agree",
    "very dissatisfied, dissatisfied, neutral, satisfied, very satisfied",
    "very negative, negative, neutral, positive, very positive",
    "very unlikely, unlikely, neutral, likely, very likely",
    "very small, tiny, small, medium, large, big, huge, very large",
    "xxs, xs, s, m, l, xl, xxl, xxxl",
    "beginner, novice, easy, intermediate, medium, advanced, hard, expert, very hard",
    "false, mostly false, barely true, half true, mostly true, true",
    "bronze, silver, gold, platinum, diamond",
    "first, second, third, fourth, fifth, sixth, seventh",
)


def of_classes(cells: Profile) -> tuple[str, ...]:
    """Return the proposals for a target of classes: an order, or a number in place of whole numbers."""
    name = cells.column.name
    if cells.is_number:
        return (
            f"Its {cells.distinct} whole numbers are taken for names of classes. For ratings or counts choose "
            f"{setting(f'targets.{name}.kind', 'number')}, for ordered classes ordinal.",
        )
    order = _order([str(value) for value in cells.counts]) if cells.is_text else []
    if not order:
        return ()
    return (
        f"Its classes seem to have an order. To learn it: {setting(f'targets.{name}.kind', 'ordinal')} "
        f"{setting(f'targets.{name}.order', list(order))}",
    )


def of_numbers(cells: Profile) -> tuple[str, ...]:
    """Return the proposals for a target of numbers: classes, counts, or the logarithms of a heavy tail."""
    if not cells.is_number:
        return ()
    name = cells.column.name
    proposals = []
    if cells.are_whole and cells.distinct <= FEW_CLASSES:
        proposals.append(
            f"Its {cells.distinct} whole numbers are taken for a number. For names of classes choose "
            f"{setting(f'targets.{name}.kind', 'category')}, for ordered classes ordinal."
        )
    if _are_counts(cells):
        proposals.append(
            f"These look like counts, for which there is {setting(f'targets.{name}.kind', 'count')}."
        )
    values = _numbers(cells)
    if (logarithm := Logarithm.asked_for_by(values)) is not None:
        proposals.append(heavy_tail_note(name, values, logarithm))
    return tuple(proposals)


def _numbers(cells: Profile) -> np.ndarray:
    values = np.array(cells.values, dtype=np.float64)
    return values[np.isfinite(values)]


def _are_counts(cells: Profile) -> bool:
    """Return whether whole numbers from 0 or 1 spread wider than by chance, most of them small."""
    if not cells.are_whole or min(cells.counts) not in (0, 1):
        return False
    first, last = int(min(cells.counts)), int(max(cells.counts))
    if last - first < FEW_CLASSES:
        shape = Shape.of(cells.counts)
        return last - first >= 3 and shape.place <= _EARLY and shape.share[-1] <= _RARE
    low, middle, high = np.quantile(_numbers(cells), [0.0, 0.5, 0.99])
    in_a_row = sum(1 for number in range(first, first + 5) if number in cells.counts)
    return bool(in_a_row == 5 and high - middle > 3 * (middle - low))


def _order(values: list[str]) -> list[str]:
    """Return three or more values from low to high, if a known scale has them all."""
    plain = {
        " ".join(value.lower().replace("-", " ").replace("_", " ").split()): value
        for value in values
    }
    for scale in _SCALES:
        steps = scale.split(", ")
        if len(plain) >= 3 and len(plain) == len(values) and set(plain) <= set(steps):
            return [plain[step] for step in steps if step in plain]
    return []
