"""Finds how the numbers of a column are written, by the parser that reads them later.

Decisions that one cell cannot make are made by all: `1,234` is a thousand where no cell says otherwise, `3M` are
millions where others are too, `1-2` is a range where the first end is never the higher one. Codes that look like
numbers (007, telephone numbers, flight 208B among plain ones) are none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_bools, as_floats, as_integers, index_array
from torso.tables.missing import says_missing
from torso.tables.numbers.amount_reader import amounts_in
from torso.tables.numbers.amounts import Amounts
from torso.tables.numbers.digits import prepared
from torso.tables.numbers.number_format import FORMS, NumberFormat
from torso.tables.numbers.numerals import numbers_in
from torso.tables.numbers.tails import Form
from torso.tables.numbers.units import is_known, same_system

__all__ = ["FoundNumbers", "find_numbers"]

_HALF, _MOST = 0.5, 0.9
_FIRST_LOOK = 300  # cells
_FEW = 5  # distinct cells prove nothing about marks
_OFTEN = 0.02  # share of zeros in front from which they are no slips
_LONGEST = 60  # characters, median, of cells that are numbers
_RARE, _RARE_WORD = (
    0.01,
    0.02,
)  # share of the numbers that have a unit; of a unit that no table knows
_MOST_UNITS, _MOST_WORDS = 8, 3  # of all units, and of those that no table knows
_DECIMALS = {
    mark: (
        rf"(?:^|[^0-9.,])(?:[0-9]+{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0{mark}[0-9]+"
        rf"|[0-9]{{1,3}}(?:{other}[0-9]{{3}})+{mark}[0-9]+|[0-9]{{1,3}}(?:{other}[0-9]{{3}}){{2,}}"
        rf"|[0-9]+{mark}[0-9]+[eE][+-]?[0-9]+)(?:[^0-9.,]|$)"
    )
    for mark, other in ((r"\.", ","), (",", r"\."))
}
_IN_DOUBT = {
    mark: rf"(?:^|[^0-9.,])[1-9][0-9]{{0,2}}{mark}[0-9]{{3}}(?:[^0-9.,eE]|[eE](?:[^0-9+-]|$)|$)"
    for mark in (r"\.", ",")
}
_CODE = r"^[+-]?0[0-9]+(?:[^0-9.,:].*)?$|^[+-]?[0-9]{20,}$"
_SPACED = r"^[+]?[0-9]{1,3}(?: [0-9]{3}){2,}$"


@dataclass(frozen=True)
class FoundNumbers:
    """The format of a column's numbers, and how well it fits.

    Attributes:
        format: that reads the most cells.
        share: of the cells with a value that it reads.
        unread: the cells that it does not, the most frequent first.
        doubt: a cell of which the mark may stand between thousands or before decimals, whatever the others say.
    """

    format: NumberFormat
    share: float
    unread: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True)
class _Cells:
    """Distinct cells with a value, and how often each occurs."""

    strings: pa.Array
    counts: np.ndarray

    def weight(self, where: np.ndarray) -> float:
        return float(self.counts[where].sum())

    def matches(self, pattern: str) -> np.ndarray:
        match = pc.match_substring_regex(self.strings, pattern)
        return as_bools(match)

    @property
    def total(self) -> float:
        return max(1.0, float(self.counts.sum()))


def find_numbers(strings: pa.Array, decimal: str | None = None) -> FoundNumbers | None:
    """Return the format of a column's numbers; None where hardly any cell is one.

    Args:
        strings: cells of the column, or a sample.
        decimal: the decimal mark, where it is known.

    >>> find_numbers(pa.array(["1,5 kg", "12 kg", "0,7 kg", None])).format
    NumberFormat(decimal=',', units=('kg',), forms=())
    """
    cells = _cells(strings)
    if not len(cells.counts):
        return None
    plain = ~np.isnan(as_floats(numbers_in(cells.strings)))
    if decimal in (None, ".") and plain.all() and not _dots_group(cells):
        return FoundNumbers(
            NumberFormat(), 1.0, doubt=_all_of_three(cells) if decimal is None else ""
        )
    lengths = as_integers(pc.utf8_length(cells.strings))
    if cells.weight(cells.matches(r"\pN")) < _HALF * cells.total or np.median(lengths) > _LONGEST:
        return None
    if _are_codes(cells) or not _worth_it(strings, decimal):
        return None
    cells = _Cells(prepared(cells.strings), cells.counts)
    decimal, doubt = (decimal, "") if decimal else _decimal_mark(cells)
    amounts = amounts_in(cells.strings, decimal)
    amounts.low[cells.matches(_CODE)] = np.nan
    plus, minus = cells.matches(r"^[0-9]+\+$"), cells.matches("^[0-9]+-$")
    if plus.any() and minus.any():  # marks at school, 2+ and 3-
        amounts.low[plus | minus] = np.nan
    forms = _forms(cells, amounts)
    units = _units(cells, amounts, forms)
    form = NumberFormat(decimal, units, forms)
    read = amounts.known & form.of_amounts(amounts).known
    used = tuple(name for name in forms if (read & (amounts.forms & FORMS[name] != 0)).any())
    form = NumberFormat(decimal, units, used)
    share = cells.weight(read) / cells.total
    if share < _HALF:
        return None
    order = np.argsort(-cells.counts[~read], kind="stable")
    unread = cells.strings.take(index_array(np.flatnonzero(~read)[order])).to_pylist()
    return FoundNumbers(form, share, tuple(unread[:20]), doubt)


def _worth_it(strings: pa.Array, decimal: str | None) -> bool:
    """Return whether some of a long column, spread over it, are numbers: most texts need no longer look."""
    if len(strings) <= 4 * _FIRST_LOOK:
        return True
    few = strings.take(index_array(np.linspace(0, len(strings) - 1, _FIRST_LOOK).astype(np.int64)))
    return not len(few.drop_null()) or find_numbers(few, decimal) is not None


def _cells(strings: pa.Array) -> _Cells:
    strings = pc.utf8_trim_whitespace(strings.cast(pa.large_string()))
    filled = pc.invert(pc.or_kleene(says_missing(strings), strings.is_null()))
    counted = pc.value_counts(strings.filter(filled))
    counts = as_integers(counted.field("counts")).astype(np.float64)
    return _Cells(counted.field("values"), counts)


def _are_codes(cells: _Cells) -> bool:
    """Return whether digits are names: zeros in front, now and then at one length or often; or long groups of one."""
    digits = cells.matches("^[0-9]+$")
    zeros = cells.matches("^0[0-9]+$")
    lengths = as_integers(pc.utf8_length(cells.strings))
    for group, signs in ((digits, zeros), (cells.matches(_SPACED), cells.matches(_SPACED))):
        if cells.weight(signs) < _RARE * cells.total or cells.weight(group) < _HALF * cells.total:
            continue
        if signs is zeros and cells.weight(zeros) >= _OFTEN * cells.total:
            return True
        widths, inverse = np.unique(lengths[group], return_inverse=True)
        of_width = np.bincount(inverse, weights=cells.counts[group])
        usual = widths[of_width.argmax()]
        if of_width.max() >= _MOST * of_width.sum() and (signs is zeros or usual >= 9):
            return True
    return False


def _dots_group(cells: _Cells) -> bool:
    """Return whether plain numbers such as 1.234 and 12.340 among 980 mean thousands.

    Numbers with decimals have not always three of them, or never a 0 at the end, and are written so below 1000 too.
    """
    dotted, grouped = cells.matches(r"\."), cells.matches(r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$")
    if grouped.sum() < _FEW or (dotted != grouped).any():
        return False
    plain = cells.strings.take(index_array(np.flatnonzero(~dotted)))
    small = pc.less(pc.abs(pc.cast(pc.replace_substring(plain, "+", ""), pa.float64())), 1000)
    return (
        bool(len(plain))
        and bool(pc.all(small).as_py())
        and bool(cells.matches(r"\.[0-9]{2}0$").any())
    )


def _all_of_three(cells: _Cells) -> str:
    """Return a cell such as 1.234 if all points stand before three digits, so that they may mean thousands."""
    dotted, grouped = cells.matches(r"\."), cells.matches(_IN_DOUBT[r"\."])
    if grouped.sum() < _FEW or (dotted != grouped).any():
        return ""
    return str(cells.strings[int(np.flatnonzero(grouped)[0])].as_py())


def _decimal_mark(cells: _Cells) -> tuple[str, str]:
    """Return the decimal mark by all cells together, and a cell in doubt if they don't settle it."""
    sure = {mark[-1]: cells.weight(cells.matches(_DECIMALS[mark])) for mark in _DECIMALS}
    doubt = {mark[-1]: cells.matches(_IN_DOUBT[mark]) for mark in _IN_DOUBT}
    commas, dots = cells.weight(doubt[","]), cells.weight(doubt["."])
    if sure[","] > sure["."]:
        # Of decimals of any length, few happen to have three: else these are thousands beside misprints.
        return ("," if sure[","] >= 0.2 * commas else "."), ""
    if sure["."] or not commas:
        signs = cells.matches("[€₫₺]|R\\$|(?i:eur|idr|vnd|clp|cop)")
        local = dots and not sure["."] and cells.weight(doubt["."] & signs) >= _MOST * dots
        if (local and doubt["."].sum() > 2) or _all_grouped(cells):
            return ",", ""
        return ".", "" if sure["."] else _all_of_three(cells)
    large = cells.matches(r"(?:^|[^0-9.,])[1-9][0-9]{3,}(?:[^0-9,]|$)")
    small = cells.matches(r"(?:^|[^0-9.,])[0-9]{1,3}(?:[^0-9.,]|$)")
    if small.any() and not large.any():
        return ".", ""  # all from 1000 on have a comma, and none below it
    return ".", str(cells.strings[int(np.flatnonzero(doubt[","])[0])].as_py())


def _all_grouped(cells: _Cells) -> bool:
    plain = ~np.isnan(as_floats(numbers_in(cells.strings)))
    return bool(plain.all()) and _dots_group(cells)


def _forms(cells: _Cells, amounts: Amounts) -> tuple[str, ...]:
    """Return the forms that the column uses; cells in a form that is chance are emptied."""
    known = cells.weight(amounts.known) or 1.0
    tests = {
        Form.SCALE: lambda has: _scales(cells, amounts, has),
        Form.ORDINAL: lambda has: cells.weight(has) >= 0.3 * known,
        Form.FRACTION: lambda has: _fractions(cells, has),
        Form.CLOCK: lambda has: cells.weight(has) >= 0.05 * known,
        Form.RANGE: lambda has: _ranges(cells, has),
        Form.BRACKETS: lambda has: cells.weight(has) <= _MOST * known,
    }
    names = []
    for name, bit in FORMS.items():
        has = amounts.known & (amounts.forms & bit != 0)
        if not has.any() or name == "h:mm":
            continue
        if bit in tests and not tests[bit](has):
            amounts.low[has] = np.nan
            continue
        names.append(_clock(cells, amounts, has) if bit == Form.CLOCK else name)
    return tuple(names)


def _scales(cells: _Cells, amounts: Amounts, has: np.ndarray) -> bool:
    """Return whether letters such as k and M multiply: with money, with decimals, or often."""
    money = cells.matches(r"[$€£¥₹]")
    decimals = cells.matches(r"[0-9][.,][0-9]{1,2} ?[kKMBT]\b")
    scaled = cells.weight(has)
    often = scaled >= 0.3 * cells.weight(amounts.known)
    return (
        often
        or cells.weight(has & money) >= 0.5 * scaled
        or cells.weight(has & decimals) >= 0.2 * scaled
    )


def _fractions(cells: _Cells, has: np.ndarray) -> bool:
    """Return whether a/b are fractions: few different b, and hardly an a above its b."""
    pairs = cells.matches(r"^[0-9]+ ?/ ?[0-9]+$")
    below = pc.extract_regex(
        cells.strings.take(index_array(np.flatnonzero(has))), pattern="/ ?(?P<below>[0-9]+)"
    )
    few = len(pc.unique(below.field("below"))) <= 12
    return few and cells.weight(pairs & ~has) <= 0.1 * cells.weight(has)


def _ranges(cells: _Cells, has: np.ndarray) -> bool:
    """Return whether a-b are ranges: a is never above b, no end starts with 0, and the lengths of the ends vary."""
    pairs = cells.matches(r"^[0-9.,]+ ?- ?[0-9.,]+$")
    zeros = cells.matches(r"(?:^|- ?)0[0-9]")
    if cells.weight((pairs & ~has) | (has & zeros)) > 0.05 * cells.weight(has):
        return False
    ends = pc.extract_regex(
        cells.strings.take(index_array(np.flatnonzero(has))),
        pattern="^(?P<a>[0-9]+)-(?P<b>[0-9]+)$",
    )
    lengths = {(len(pair["a"]), len(pair["b"])) for pair in ends.drop_null().to_pylist()}
    digits = next(iter(lengths), (0, 0))
    # 555-1234: always as many digits, but not the same number on both sides
    return not (len(lengths) == 1 and digits[0] != digits[1] and has.sum() > 5)


def _clock(cells: _Cells, amounts: Amounts, has: np.ndarray) -> str:
    """Return the meaning of 2:30: hours and minutes where other cells say so or all are times of day."""
    hours = cells.matches(r"[0-9] ?(?i:h|hrs?|hours?|std)\b")
    if hours.any():
        return "h:mm"
    of_day = cells.matches(r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")
    del amounts
    return "h:mm" if cells.weight(has & of_day) >= 0.95 * cells.weight(has) else "m:ss"


def _units(cells: _Cells, amounts: Amounts, forms: tuple[str, ...]) -> tuple[str, ...]:
    """Return the units that a column has features for, the most frequent first."""
    known, clock = amounts.known, amounts.unit == 0
    clock &= amounts.forms & Form.CLOCK != 0
    names = np.array([*amounts.units, "min" if "h:mm" in forms else "s"], dtype=object)
    names = names[np.where(clock, len(amounts.units), amounts.unit)]
    total = cells.weight(known) or 1.0
    weights: dict[str, float] = {}
    for name in dict.fromkeys(names[known]):
        has = known & (names == name)
        if not name.startswith("·"):
            weights[name] = cells.weight(has)
        elif _stands_alone(cells, amounts, has):
            weights[name[1:]] = weights.get(name[1:], 0.0) + cells.weight(has)
    ranked = sorted(weights, key=lambda unit: -weights[unit])
    chosen: list[str] = []
    for unit in ranked:
        least = (_RARE if is_known(unit) or not unit else _RARE_WORD) * total
        if weights[unit] < max(least, 1.0 if total < 50 else 2.0 if is_known(unit) else 3.0) or any(
            same_system(unit, other) for other in chosen
        ):
            continue
        chosen.append(unit)
    words = [unit for unit in chosen if unit and not is_known(unit)][_MOST_WORDS:]
    named = [unit for unit in chosen if unit and unit not in words][:_MOST_UNITS]
    if len(named) > 1 and _everywhere(cells, amounts, named[0]):
        named = named[:1]  # 600 m (2,000 ft) among many ft
    if len(named) <= 1:
        return tuple(named)
    units = [unit for unit in chosen if unit in named or not unit]
    return tuple(units)


def _everywhere(cells: _Cells, amounts: Amounts, unit: str) -> bool:
    """Return whether nearly every number is given in `unit` too, or in one of its kind, perhaps in brackets."""
    if amounts.second is None:
        return False
    has = np.zeros(len(cells.counts), dtype=bool)
    for part in (amounts, amounts.second):
        alike = [name == unit or same_system(name, unit) for name in part.units]
        has |= part.known & np.array(alike)[part.unit]
    return cells.weight(has & amounts.known) >= _MOST * cells.weight(amounts.known)


def _stands_alone(cells: _Cells, amounts: Amounts, has: np.ndarray) -> bool:
    """Return whether letters right behind numbers are a unit and no part of a code: all have them, and values vary."""
    weight, known = cells.weight(has), cells.weight(amounts.known)
    decimals = bool((amounts.low[has] % 1 != 0).any())
    repeats = has.sum() < 0.8 * weight
    word = not (has & ~cells.matches("[0-9][a-zµ]{2,}$")).any()
    return weight >= 0.95 * known and (decimals or repeats or word)
