"""The date format of a column, decided by all its cells together.

A column has one format, or up to six where it mixes spellings. A cell is never read on its own terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.core.cures import setting
from torso.tables.arrays import as_integers, index_array
from torso.tables.dates.date_format import PIVOT, DateFormat, zones_in
from torso.tables.dates.naming import order_in_name, says_date, says_duration, says_time
from torso.tables.dates.numeric import are_numbers, evenly, find_numeric, look_like_dates
from torso.tables.dates.order import Decision, decide, has_short_years, pivot_of
from torso.tables.dates.patterns import compiled
from torso.tables.dates.shapes import Shape, shape_of
from torso.tables.dates.words import plain

__all__ = ["FoundDates", "find_dates"]

_FIRST_LOOK = 40  # cells that can rule a column out
_SAMPLE = 1_500  # rows whose shapes are looked at
_MOST_FORMATS = 6
_MOSTLY = 0.9  # share of the cells that must be dates
_SOME = 0.5  # where the user says that they are


_UTC = frozenset(("", "z", "utc", "gmt", "+00", "+0000", "+00:00"))


@dataclass(frozen=True)
class FoundDates:
    """The spelling of a column's dates, and how sure it is.

    Attributes:
        spelling: reads the cells.
        share: of the sampled rows that it reads.
        told: sentences about choices that the cells leave open, for the user.
    """

    spelling: DateFormat
    share: float
    told: tuple[str, ...] = ()


def find_dates(cells: pa.Array, name: str, *, asked: bool = False) -> FoundDates | None:
    """Return how a column's dates are spelled, or None if it holds no dates.

    >>> find_dates(pa.array(["03/04/2024", "13/04/2024"]), "day").spelling.formats
    ('%d/%m/%Y',)

    Args:
        cells: texts or numbers, without empty cells and without words such as NA.
        name: of the column; it settles if numbers are times, and 2:30 a time of day.
        asked: the user calls them dates, so nothing has to be promised by the name.
    """
    if not len(cells) or not _may_be_dates(evenly(cells, _FIRST_LOOK), asked or says_date(name)):
        return None
    if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type):
        return _from_numbers(cells, name, asked)
    sample = evenly(cells, _SAMPLE)
    if are_numbers(sample):
        return _from_numbers(cells, name, asked)
    groups = _of_one_sort(_by_shape(sample))
    if not groups or not (asked or _are_dates(groups, len(sample), name)):
        return None
    decisions = _decide(groups, cells, name)
    return _summed_up(decisions, cells, sample, name, asked)


def _may_be_dates(cells: pa.Array, promised: bool) -> bool:
    """Return whether half of a few cells look like dates, or numbers that may be dates."""
    # Without numpy: turning an Arrow array into one imports pandas, half a second, wherever it is installed.
    if not pa.types.is_large_string(cells.type) and not pa.types.is_string(cells.type):
        return promised or look_like_dates(cells.to_pylist())
    texts = plain(cells).to_pylist()
    numbers = [text for text in texts if text.replace(".", "", 1).isdigit()]
    if 2 * len(numbers) > len(texts) and not promised and not look_like_dates(numbers):
        return False
    return 2 * sum(1 for text in texts if text in numbers or shape_of(text)) >= len(texts)


@dataclass(frozen=True)
class _Group:
    """Cells of one shape, each distinct one once.

    Attributes:
        shape: the shape.
        cells: distinct cells.
        rows: number of rows that hold one of them.
    """

    shape: Shape
    cells: pa.Array
    rows: int


def _by_shape(sample: pa.Array) -> list[_Group]:
    """Return the cells of each shape, most frequent first; cells that are no dates are left out."""
    counted = pc.value_counts(sample)
    distinct, counts = counted.field("values"), counted.field("counts").to_pylist()
    shapes: dict[str, Shape] = {}
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(plain(distinct).to_pylist()):
        shape = shape_of(text)
        if shape is None:
            continue
        kept = shapes.setdefault(shape.key, shape)
        if shape.has_clock and not kept.has_clock:
            shapes[shape.key] = shape  # its format shows that there is a clock
        rows.setdefault(shape.key, []).append(row)
    groups = [
        _Group(
            shapes[key], distinct.take(index_array(np.array(at))), sum(counts[row] for row in at)
        )
        for key, at in rows.items()
    ]
    return sorted(groups, key=lambda group: -group.rows)[:_MOST_FORMATS]


def _of_one_sort(groups: list[_Group]) -> list[_Group]:
    """Return the dates, or the times of day, whichever are more; a bare year goes with dates."""
    if groups and groups[0].shape.key == "clock":
        return groups[:1]
    return [group for group in groups if group.shape.key != "clock"]


def _are_dates(groups: Sequence[_Group], rows: int, name: str) -> bool:
    """Return whether the shapes are those of dates, not of bare years, seasons or durations."""
    dated = [group for group in groups if group.shape.key != "y"]
    # Among months, a year alone is a date; among years, it is a number.
    if _rows(dated) < 0.5 * rows or _rows(groups) < _MOSTLY * rows:
        return False
    first = dated[0]
    if first.shape.key == "clock":
        return _are_times_of_day(first.cells, name)
    return not (first.shape.formats[0] in ("%Y/%m", "%Y-%m") and _are_seasons(first.cells))


def _rows(groups: Sequence[_Group]) -> int:
    return sum(group.rows for group in groups)


def _are_seasons(cells: pa.Array) -> bool:
    """Return whether cells such as 2009/10 name two years that follow each other."""
    parts = pc.extract_regex(cells, pattern=r"^\s*\d\d(?P<first>\d\d)\D+(?P<second>\d\d)\s*$")
    first, second = (pc.struct_field(parts, part).cast(pa.int64()) for part in ("first", "second"))
    steps = as_integers(pc.subtract(second, first).drop_null())
    return len(steps) == len(cells) and bool(np.isin(steps, (1, -99)).all())


def _are_times_of_day(cells: pa.Array, name: str) -> bool:
    """Return whether 14:30 and the like are times of day: they go beyond noon, or say am and pm."""
    if says_duration(name):
        return False
    words = pc.match_substring_regex(plain(cells), r"[ap]\.?m\b|uhr|点|时|時|시|午")
    if pc.all(words).as_py():
        return True
    moments = DateFormat(("%H:%M",)).parse(cells)
    hours = moments[~np.isnat(moments)].astype("M8[h]").astype(np.int64) % 24
    padded = not pc.any(pc.match_substring_regex(cells, r"^\s*\d\D")).as_py()
    return bool(len(hours) and hours.max() > 12) and (padded or says_time(name))


def _decide(groups: Sequence[_Group], cells: pa.Array, name: str) -> list[Decision]:
    """Return a decision per shape; a shape that leaves two orders open keeps to that of another."""
    hint = order_in_name(name)
    decisions: dict[int, Decision] = {}
    # Shapes that leave nothing open come first: 17/05/2024 settles 03/04/24.
    for place in sorted(range(len(groups)), key=lambda place: len(groups[place].shape.formats)):
        group = groups[place]
        decision = decide(group.shape.formats, group.cells, cells, hint)
        if decision is None:
            continue
        decisions[place] = decision
        if not decision.other and not hint:
            parts = compiled(decision.form).parts.lower()
            hint = parts if parts in ("dmy", "mdy") else ""
    return [decisions[place] for place in sorted(decisions)]


def _from_numbers(cells: pa.Array, name: str, asked: bool) -> FoundDates | None:
    decision = find_numeric(cells, name, asked)
    if decision is None:
        return None
    return _summed_up([decision], cells, evenly(cells, _SAMPLE), name, asked)


def _summed_up(
    decisions: Sequence[Decision], cells: pa.Array, sample: pa.Array, name: str, asked: bool
) -> FoundDates | None:
    """Return the spelling that the decisions make, if it reads enough, and the choices in it."""
    forms = list(dict.fromkeys(decision.form for decision in decisions))
    short = [form for form in forms if has_short_years(form)]
    pivot = pivot_of(short[0], cells) if short else PIVOT
    spelling = DateFormat(tuple(forms), pivot)
    share = float(np.mean(~np.isnat(spelling.parse(sample)))) if forms else 0.0
    if share < (_SOME if asked else _MOSTLY):
        return None
    told = [_choice(decision, forms, cells, name) for decision in decisions if decision.other]
    if short:
        told.append(
            f"Years of two digits stand for {pivot} to {pivot + 99}; otherwise say {setting(f'inputs.{name}.pivot', 'YEAR')}."
        )
    zones = set().union(*(zones_in(form, sample) for form in forms))
    zones = {zone.removesuffix("[utc]") for zone in zones}
    if zones - _UTC:
        told.append(_about_zones(sorted(zones)))
    return FoundDates(spelling, share, tuple(told))


def _choice(decision: Decision, forms: Sequence[str], cells: pa.Array, name: str) -> str:
    """Return the sentence about a format that another could replace, with the setting that does so."""
    others = [decision.other if form == decision.form else form for form in forms]
    value = others[0] if len(others) == 1 else others
    return (
        f"{_first(cells, decision.form)} may be {decision.form} or {decision.other}; read as {decision.form}, "
        f"{decision.why}. Otherwise say {setting(f'inputs.{name}.format', value)}."
    )


def _about_zones(zones: Sequence[str]) -> str:
    named = [zone.upper() for zone in zones if zone]
    others = "; cells that name none count as UTC" if "" in zones else ""
    return f"Times are converted to UTC from {', '.join(named[:3])}{' and others' * (len(named) > 3)}{others}."


def _first(cells: pa.Array, form: str) -> str:
    row = int(np.argmin(np.isnat(DateFormat((form,)).parse(cells))))
    return repr(cells[row].as_py())
