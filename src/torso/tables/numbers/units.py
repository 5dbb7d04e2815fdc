"""Units beside numbers: their spellings, and the factors between those that measure the same.

A unit that stands here is known by all of its spellings. Any other word may be a unit too: a column that says
"reviews" behind every number needs no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

__all__ = [
    "LETTER_SCALES",
    "MONEY",
    "SCALES",
    "SPELLINGS",
    "convertible",
    "factor",
    "is_known",
    "same_system",
    "unit_name",
]

_SYSTEMS: dict[tuple[str, str], dict[str, float]] = {
    ("time", "time"): {
        "s sec secs second seconds sek sekunden 秒": 1.0,
        "ms msec millisecond milliseconds": 0.001,
        "min mins minute minutes minuten 分 分钟": 60.0,
        "h hr hrs hour hours std stunde stunden 小时 時間": 3600.0,
        "d day days tag tage 天": 86400.0,
        "w wk wks week weeks wochen 周": 604800.0,
        "mo mos mth mths month months monat monate 个月": 2629800.0,
        "yr yrs y year years jahr jahre an ans año años 年 岁": 31557600.0,
    },
    ("length", "metric"): {
        "mm millimeter millimeters millimetre millimetres": 0.001,
        "cm centimeter centimeters centimetre centimetres 厘米": 0.01,
        "m meter meters metre metres metro metros mtr mts msnm m.s.n.m masl m.a.s.l 米": 1.0,
        "km kilometer kilometers kilometre kilometres 公里": 1000.0,
    },
    ("length", "imperial"): {
        "in inch inches \" ''": 0.0254,
        "ft feet foot pies fuß '": 0.3048,
        "yd yard yards": 0.9144,
        "mi mile miles": 1609.344,
    },
    ("mass", "metric"): {
        "mg milligram milligrams": 1e-6,
        "g gr gram grams gramm gramme grammes 克": 0.001,
        "kg kgs kilo kilos kilogram kilograms kilogramm 公斤 千克": 1.0,
        "t tonne tonnes": 1000.0,
    },
    ("mass", "imperial"): {
        "oz ounce ounces": 0.028349523125,
        "lb lbs pound pounds #": 0.45359237,
        "st stone": 6.35029318,
    },
    ("volume", "metric"): {
        "ml milliliter milliliters millilitre millilitres": 0.001,
        "cl": 0.01,
        "dl": 0.1,
        "l liter liters litre litres 升": 1.0,
    },
    ("data", "data"): {
        "byte bytes": 1.0,
        "kB kb kib kilobyte kilobytes": 1024.0,
        "MB mb mib megabyte megabytes": 1024.0**2,
        "GB gb gib gigabyte gigabytes": 1024.0**3,
        "TB tb tib terabyte terabytes": 1024.0**4,
    },
}
_MONEY = {
    "$": "$ us$ usd us dollar dollars dólares dólar dolar u$s",
    "A$": "a$ au$ aud",
    "C$": "c$ ca$ cad",
    "HK$": "hk$ hkd",
    "NT$": "nt$ twd",
    "S$": "s$ sgd",
    "R$": "r$ brl reais real",
    "€": "€ eur euro euros",
    "£": "£ gbp",
    "¥": "¥ jpy yen 円",
    "CNY": "cny rmb cn¥ yuan 元 人民币",
    "₹": "₹ inr rs rs. rupees",
    "CHF": "chf sfr fr.",
    "SEK": "sek",
    "NOK": "nok",
    "DKK": "dkk",
    "kr": "kr kr.",
    "PLN": "pln zł",
    "CZK": "czk kč",
    "HUF": "huf",
    "₽": "₽ rub руб руб.",
    "₩": "₩ krw 원",
    "₫": "₫ vnd",
    "₺": "₺ try tl",
    "₪": "₪ ils nis",
    "฿": "฿ thb baht",
    "MXN": "mxn mx$",
    "ZAR": "zar",
    "₱": "₱ php",
    "NZ$": "nz$ nzd",
    "₦": "₦ ngn",
    "₴": "₴ uah",
}
_OTHERS = {
    "%": "% percent pct pct. prozent per cent p.c.",
    "‰": "‰",
    "°": "° deg degree degrees grad",
    "°C": "°c deg c degc ℃ celsius",
    "°F": "°f deg f degf ℉ fahrenheit",
    "mph": "mph mi/h miles per hour",
    "km/h": "km/h kmh kph km/hr",
    "m/s": "m/s",
    "x": "x ×",
}
SCALES = {
    "thousand": 1e3,
    "thousands": 1e3,
    "tsd": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "millionen": 1e6,
    "millones": 1e6,
    "mio": 1e6,
    "mln": 1e6,
    "mn": 1e6,
    "billion": 1e9,
    "billions": 1e9,
    "bn": 1e9,
    "bln": 1e9,
    "mrd": 1e9,
    "milliarden": 1e9,
    "milliard": 1e9,
    "milliards": 1e9,
    "trillion": 1e12,
    "trillions": 1e12,
    "lakh": 1e5,
    "lakhs": 1e5,
    "crore": 1e7,
    "crores": 1e7,
    "千": 1e3,
    "万": 1e4,
    "萬": 1e4,
    "亿": 1e8,
    "億": 1e8,
}
"""Words behind a number that multiply it."""
LETTER_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "m": 1e6, "B": 1e9, "b": 1e9, "T": 1e12}
"""Letters behind a number that multiply it where a column or a money sign says that they do."""

_MEASURES: dict[str, tuple[str, str, float]] = {}
_NAMES: dict[str, str] = {}
for (_quantity, _system), _units in _SYSTEMS.items():
    for _words, _factor in _units.items():
        _first = _words.split()[0]
        _MEASURES[_first] = (_quantity, _system, _factor)
        _NAMES |= dict.fromkeys(_words.casefold().split(), _first)
_NAMES |= {word: sign for sign, words in _MONEY.items() for word in words.split()}
_NAMES |= {
    "per cent": "%",
    "deg c": "°C",
    "deg f": "°F",
    "us dollar": "$",
    "us dollars": "$",
    "miles per hour": "mph",
}
for _sign, _words in _OTHERS.items():
    _NAMES |= {word: _sign for word in _words.split() if word not in ("deg", "c", "f", "per")}
_NAMES |= {"deg": "°"}
MONEY = tuple(sorted({word for words in _MONEY.values() for word in words.split()}))
"""Spellings of money, small."""
SPELLINGS = tuple(
    sorted((word for word, name in _NAMES.items() if name in _MEASURES), key=len, reverse=True)
)
"""Spellings of units that can be converted, the longest first."""


@cache
def unit_name(spelling: str) -> str:
    """Return the one name of a unit, however it is spelled.

    >>> [unit_name(spelling) for spelling in ("LBS.", "US$", "Kg", "customer reviews", "1 day"[2:])]
    ['lb', '$', 'kg', 'customer review', 'd']
    """
    small = " ".join(spelling.casefold().split())
    known = _NAMES.get(small) or _NAMES.get(small.rstrip("."))
    if known is not None:
        return known
    small = small.rstrip(".") if small.count(".") == 1 else small
    # "1 review" and "2 reviews" are one unit.
    return re.sub(r"(?<=[a-z]{2}[a-rt-z])s$|\(s\)$", "", small)


def is_known(unit: str) -> bool:
    """Return whether a unit's name stands in the table."""
    return unit in _MEASURES or unit in _MONEY or unit in _OTHERS


def factor(unit: str, into: str) -> float | None:
    """Return the number of `into` that one `unit` is; None if they don't measure the same.

    >>> factor("h", "min"), factor("kg", "m")
    (60.0, None)
    """
    if unit == into:
        return 1.0
    first, second = _MEASURES.get(unit), _MEASURES.get(into)
    if first is None or second is None or first[0] != second[0]:
        return None
    return float(f"{first[2] / second[2]:.12g}")  # 12 inches are a foot, to the last digit


def convertible(unit: str, units: Iterable[str]) -> str | None:
    """Return the first of `units` that measures the same as `unit`, of the same system if there is one."""
    others = [other for other in units if factor(unit, other) is not None]
    alike = [other for other in others if same_system(unit, other)]
    return next(iter([*alike, *others]), None)


def same_system(unit: str, other: str) -> bool:
    """Return whether two units differ by their size only, as g and kg do, unlike kg and lb."""
    first, second = _MEASURES.get(unit), _MEASURES.get(other)
    return first is not None and second is not None and first[:2] == second[:2]
