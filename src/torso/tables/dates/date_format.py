"""Moments from cells, by one format or a few that a column keeps to.

Cells are read all at once: an expression takes them apart, and numpy puts the moments together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_bools, as_floats, as_integers, index_array
from torso.tables.dates.patterns import ISO, NUMERIC, Pattern, compiled
from torso.tables.dates.single_day import single_day
from torso.tables.dates.words import HALVES, MONTHS, ZONES, plain, zone_names
from torso.tables.expressions import extracted

__all__ = ["PIVOT", "DateFormat", "zones_in"]

PIVOT = 1940
"""Years of two digits are those of the hundred years from here on."""
_FEW = 8  # cells that Python looks at, which is quicker than some calls of Arrow
_NO_NUMBER = np.iinfo(np.int64).min
_NAT = np.datetime64("NaT", "us")
_FIRST_DAY = np.datetime64("0001-01-01", "us")
_EXCEL = np.datetime64("1899-12-30", "us")
_CLOCK_DAY = np.datetime64("2000-01-01", "D")  # on which times of day are laid
_IN_SECOND = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}

Fields = dict[str, np.ndarray]
"""Numbers by directive, int64 `[cells]`, -1 where a cell does not say it."""


@dataclass(frozen=True)
class DateFormat:
    """The spelling of a column's dates.

    >>> spelling = DateFormat(("%d.%m.%Y",))
    >>> spelling.parse(pa.array(["17.05.2024", "17.05.2024 12:30", "soon"])).astype(str).tolist()
    ['2024-05-17T00:00:00.000000', '2024-05-17T12:30:00.000000', 'NaT']

    Attributes:
        formats: as `strptime` writes them, or one of `NUMERIC`; the first that fits a cell reads it.
        pivot: first of the hundred years that years of two digits stand for.
    """

    formats: Sequence[str] = (ISO,)
    pivot: int = PIVOT

    def __post_init__(self) -> None:
        for form in self.formats:
            if form not in NUMERIC:
                compiled(form)  # raises if it is none

    def parse(self, cells: pa.Array) -> np.ndarray:
        """Return datetime64[us] `[cells]`, in UTC where a cell names its zone; NaT where it cannot be read.

        Args:
            cells: texts, or numbers.
        """
        if len(cells) == 1 and (day := self._single_day(cells)) is not None:
            return np.array([day])
        coded = pc.dictionary_encode(cells)
        distinct = coded.dictionary
        moments = np.full(len(distinct) + 1, _NAT)  # the last is that of an empty cell
        for form in self.formats:
            open_ = np.flatnonzero(np.isnat(moments[:-1]))
            if not len(open_):
                break
            rest = distinct if len(open_) == len(distinct) else distinct.take(index_array(open_))
            moments[open_] = self._read(form, rest)
        return np.asarray(moments[as_integers(coded.indices)])

    def _single_day(self, cells: pa.Array) -> np.datetime64 | None:
        """Return the day of a single cell, if it is a plain one in the first format."""
        form = self.formats[0]
        if form in NUMERIC or not pa.types.is_large_string(cells.type) or cells.null_count:
            return None
        return single_day(cells[0].as_py(), compiled(form))

    def _read(self, form: str, cells: pa.Array) -> np.ndarray:
        if form in NUMERIC:
            return _from_numbers(form, cells)
        quick = _from_iso(cells) if form == ISO and pa.types.is_large_string(cells.type) else None
        if quick is not None:
            return quick
        pattern = compiled(form)
        texts = plain(_as_text(cells))
        moments, fits = _read_all(pattern, pattern.regex, texts, self.pivot)
        rest = np.flatnonzero(~fits)
        if len(rest) and pattern.with_weekday:
            texts = texts.take(index_array(rest))
            moments[rest], _ = _read_all(pattern, pattern.with_weekday, texts, self.pivot)
        return moments


def _from_iso(cells: pa.Array) -> np.ndarray | None:
    """Return the moments of cells that Arrow can read all of, ten times as fast; None if it cannot."""
    for zone in (None, "UTC"):
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            micros = cells.cast(pa.timestamp("us", tz=zone)).cast(pa.int64())
            moments = as_integers(micros).astype("M8[us]")
            return np.where(moments < _FIRST_DAY, _NAT, moments)
    return None


def zones_in(form: str, cells: pa.Array) -> set[str]:
    """Return the zones that the cells name in a format, with "" where some name none."""
    if form in NUMERIC:
        return {""}
    fields, zones = _fields(compiled(form).regex, plain(_as_text(cells)))
    if not fields:
        return set()
    read = zones.take(index_array(np.flatnonzero(fields["fits"])))
    return {zone or "" for zone in pc.unique(read).to_pylist()}


def _as_text(cells: pa.Array) -> pa.Array:
    """Return texts; of 20240517.0, which a gap makes of a whole number, its digits."""
    if pa.types.is_floating(cells.type):
        whole = pc.equal(cells, pc.floor(cells))
        small = pc.less(pc.abs(cells), 1e15)
        kept = pc.if_else(pc.and_(whole, small), cells, pa.nulls(len(cells), cells.type))
        cells = kept.cast(pa.int64())
    return cells.cast(pa.large_string())


def _from_numbers(form: str, cells: pa.Array) -> np.ndarray:
    """Return the moments of seconds since 1970, or of a spreadsheet's days."""
    whole, rest = _parts_of_numbers(cells)  # apart, as a float cannot hold nanoseconds
    excel = form == "excel"
    known = (whole > _NO_NUMBER) & (
        np.abs(whole) < (2_958_466 if excel else _IN_SECOND[form] * 62e9)
    )
    whole, rest = np.where(known, whole, 0), np.where(known, rest, 0.0)
    if excel:
        micros = whole * 86_400 * 10**6 + np.round(rest * 86_400e3).astype(np.int64) * 1000
        return np.where(known & (whole > 0), _EXCEL + micros.astype("m8[us]"), _NAT)
    scale = _IN_SECOND[form]
    micros = whole * (10**6 // scale) if scale <= 10**6 else whole // (scale // 10**6)
    micros += np.round(rest * (1e6 / scale)).astype(np.int64)
    return np.where(known, micros.astype("M8[us]"), _NAT)


def _parts_of_numbers(cells: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the whole parts, `_NO_NUMBER` where a cell is none, and the rest, which is not below 0."""
    if pa.types.is_floating(cells.type):
        floats = as_floats(cells.cast(pa.float64()))
        known = np.abs(floats) < 2**62
        whole = np.floor(np.where(known, floats, 0.0))
        rest = np.where(known, floats - whole, 0.0)
        return np.where(known, whole.astype(np.int64), _NO_NUMBER), rest
    if pa.types.is_integer(cells.type):
        whole = as_integers(cells.cast(pa.int64(), safe=False))
        return whole, np.zeros(len(whole))
    texts = pc.utf8_trim_whitespace(cells.cast(pa.large_string()))
    parts = pc.extract_regex(
        texts, pattern=r"^(?P<sign>-)?(?P<whole>[1-8]?\d{1,18})(?:\.(?P<rest>\d*))?$"
    )
    known = as_bools(parts.is_valid())
    whole_, rest_, sign = (pc.struct_field(parts, name) for name in ("whole", "rest", "sign"))
    whole = as_integers(whole_.cast(pa.int64()))
    rest = as_floats(pc.replace_substring_regex(rest_, r"^\d*$", r"0.\0").cast(pa.float64()))
    below = as_bools(_filled(sign))
    whole = np.where(below, -whole - (rest > 0), whole)
    rest = np.where(below & (rest > 0), 1 - rest, rest)
    return np.where(known, whole, _NO_NUMBER), rest


def _filled(strings: pa.Array) -> pa.Array:
    """Return where a text is not empty; a scalar to compare with would import pandas."""
    return pc.binary_length(strings).cast(pa.bool_())


def _read_all(
    pattern: Pattern, regex: str, texts: pa.Array, pivot: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments of the texts, and which of them the expression fits."""
    fields, zones = _fields(regex, texts)
    if not fields:
        return np.full(len(texts), _NAT), np.zeros(len(texts), bool)
    return _moments(pattern, fields, zones, pivot), fields["fits"]


def _fields(regex: str, texts: pa.Array) -> tuple[Fields, pa.Array]:
    """Return the numbers that each text says, and its zone; no zones at all if no text fits."""
    groups = extracted(texts, regex)
    if groups.null_count == len(groups):
        return {}, pa.nulls(0, pa.large_string())
    fields: Fields = {"fits": as_bools(groups.is_valid())}
    names = [field.name for field in groups.type]
    zones = pa.nulls(len(texts), pa.large_string())
    said = groups.to_pylist() if len(groups) <= _FEW else []
    for name in names:
        if said and name != "z":
            _add(fields, name[0], _numbers_of_few(name[0], [cell and cell[name] for cell in said]))
            continue
        strings = pc.struct_field(groups, name)
        strings = pc.if_else(_filled(strings), strings, pa.nulls(len(strings), strings.type))
        if strings.null_count == len(strings):
            continue
        if name == "z":
            zones = strings
            continue
        _add(fields, name[0], _numbers(name[0], strings))
    return fields, zones


def _add(fields: Fields, letter: str, numbers: np.ndarray | None) -> None:
    """Add the numbers of a directive, which an expression may hold at several places."""
    if numbers is not None:
        fields[letter] = np.maximum(fields[letter], numbers) if letter in fields else numbers


def _names(letter: str) -> Mapping[str, int]:
    return MONTHS if letter == "B" else {word: half == "pm" for word, half in HALVES.items()}


def _numbers_of_few(letter: str, texts: Sequence[str | None]) -> np.ndarray | None:
    """Return the numbers as `_numbers` does, -1 for no text; None where there is no text at all."""
    if not any(texts):
        return None
    if letter in "Bp":
        names = _names(letter)
        return np.array([int(names.get(text, 0)) if text else -1 for text in texts], np.int64)
    if letter == "f":
        texts = [text and text[:6].ljust(6, "0") for text in texts]
    return np.array([int(text) if text else -1 for text in texts], np.int64)


def _numbers(letter: str, strings: pa.Array) -> np.ndarray:
    if letter in "Bp":
        names = _names(letter)
        coded = pc.dictionary_encode(strings)
        by_code = [int(names.get(word, 0)) for word in coded.dictionary.to_pylist()]
        table = np.array([*by_code, -1], np.int64)
        return np.asarray(table[as_integers(coded.indices)])
    if letter == "f":
        strings = pc.utf8_rpad(pc.utf8_slice_codeunits(strings, 0, 6), 6, "0")
    return as_integers(strings.cast(pa.int64()))


def _moments(pattern: Pattern, fields: Fields, zones: pa.Array, pivot: int) -> np.ndarray:
    """Return the moments, NaT where a part is out of range."""
    days, valid = _days(fields, pivot) if pattern.has_date else (_CLOCK_DAY, fields["fits"])
    hour, minute, second, micros = (fields.get(key, np.array(-1)) for key in "HMSf")
    half = fields.get("p", np.array(-1))
    valid = valid & ~((half == 0) & (hour > 12))  # 13:30 pm is plain, 13:30 am is not
    hour = np.where(
        (half == 1) & (hour < 12), hour + 12, np.where((half == 0) & (hour == 12), 0, hour)
    )
    midnight = (hour == 24) & (minute <= 0) & (second <= 0)  # 24:00 ends a day
    valid = valid & ((hour < 24) | midnight) & (minute < 60) & (second <= 60)
    seconds = np.maximum(hour, 0) * 3600 + np.maximum(minute, 0) * 60 + np.maximum(second, 0)
    clock = (seconds * 10**6 + np.maximum(micros, 0)).astype("m8[us]")
    moments = days.astype("M8[us]") + clock
    moments = _to_utc(np.broadcast_to(moments, valid.shape), zones)
    return np.where(valid & fields["fits"], moments, _NAT)


def _days(fields: Fields, pivot: int) -> tuple[np.ndarray, np.ndarray]:
    """Return datetime64[D] `[cells]`, and where the parts make a day."""
    year = fields.get("Y", fields.get("G"))
    if year is None:
        short = fields.get("y")
        # A day without a year is laid into a leap year.
        year = np.array(2000) if short is None else pivot + (short - pivot) % 100
    valid = fields["fits"] & (year > 0)
    if "V" in fields:
        return _in_week(year, fields["V"], fields.get("u", np.array(1)), valid)
    month = fields.get("m", fields.get("B", np.array(1)))
    if "q" in fields:
        month = fields["q"] * 3 - 2
    day = fields.get("d", fields.get("j", np.array(1)))
    valid &= (month >= 1) & (month <= 12) & (day >= 1)
    months = (np.where(valid, year, 2000) - 1970).astype("M8[Y]").astype("M8[M]") + (
        np.where(valid, month, 1) - 1
    )
    days = months.astype("M8[D]") + (np.where(valid, day, 1) - 1)
    unit = "M8[Y]" if "j" in fields else "M8[M]"
    return days, valid & (days.astype(unit) == months.astype(unit))


def _in_week(
    year: np.ndarray, week: np.ndarray, weekday: np.ndarray, valid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the day of an ISO week; its Monday where no weekday is said."""
    fourth = (np.where(valid, year, 2000) - 1970).astype("M8[Y]").astype(
        "M8[D]"
    ) + 3  # lies in week 1
    monday = fourth - (fourth - np.datetime64("1970-01-05")).astype(np.int64) % 7
    days = monday + (week - 1) * 7 + (np.maximum(weekday, 1) - 1)
    thursday = monday + (week - 1) * 7 + 3  # its year is that of the week
    valid = valid & (week >= 1) & (thursday.astype("M8[Y]") == fourth.astype("M8[Y]"))
    return days, valid


def _to_utc(moments: np.ndarray, zones: pa.Array) -> np.ndarray:
    """Return the moments less the offsets of their zones; NaT where a zone is unknown."""
    if zones.null_count == len(zones):
        return moments
    coded = pc.dictionary_encode(zones)
    codes = as_integers(coded.indices)
    moments = moments.copy()
    for code, zone in enumerate(coded.dictionary.to_pylist()):
        at = codes == code
        moments[at] = _one_zone(moments[at], zone)
    return moments


def _one_zone(moments: np.ndarray, zone: str) -> np.ndarray:
    region = zone_names().get(zone.strip("[]"))
    if region is not None:
        local = index_array(moments.astype(np.int64)).cast(pa.timestamp("us"))
        utc = pc.assume_timezone(local, region, ambiguous="earliest", nonexistent="latest")
        return as_integers(utc.cast(pa.int64())).astype("M8[us]")
    minutes = _offset(zone)
    if minutes is None:
        return np.full(len(moments), _NAT)
    return np.asarray(moments - np.timedelta64(minutes, "m"))


def _offset(zone: str) -> int | None:
    """Return the minutes east of UTC of `z`, `+02`, `gmt+02:00 (cest)`, `-0700 pdt` and the like."""
    match = re.match(r"([a-z]*)([+-]?)(\d{0,2}):?(\d{0,2})", zone)
    if match is None or match[1] not in ("", *ZONES):
        return None
    hours, minutes = int(match[3] or 0), int(match[4] or 0)
    if hours > 23 or minutes > 59:
        return None
    return ZONES.get(match[1], 0) + (-1 if match[2] == "-" else 1) * (hours * 60 + minutes)
