"""The limits of numeric settings, in one place: a number beyond them would take all memory, or hours, or means nothing.

A limit follows from a setting's name, since `depth` counts layers in every part, and from the range in its signature.
`Annotated[int, Limits(0, 10**9)]` sets others. A constructor may refuse more.
"""

from __future__ import annotations

import math
from numbers import Real

from torso.core.ranges import Limits
from torso.core.setting_types import members
from torso.core.signature import Setting

__all__ = ["beyond", "limits_of"]

_LABELS = ("ignore", "positive")
"""Settings that hold a value of a column, which may be any number."""
_LAYERS = "blocks depth layers levels passes rounds self_depth stages steps"
_WIDTHS = "bottleneck dim frequencies hidden latents mels rank token_dim width"
_SIDE_BY_SIDE = """beams common experts frames groups heads k keep members memory nodes num orders own patch reduction
start stride subspaces summary tasks tokens views waves"""
_OF_THE_DATA = "classes columns labels symbols tags vocabulary"
_AT_LEAST_ONE = set(f"dim token_dim mels channels size frames tasks width {_OF_THE_DATA}".split())
_MOST: dict[str, float] = {
    **dict.fromkeys(_LAYERS.split(), 64),
    **dict.fromkeys(_WIDTHS.split(), 8192),
    **dict.fromkeys(_SIDE_BY_SIDE.split(), 1024),
    **dict.fromkeys(_OF_THE_DATA.split(), 1_000_000),
    "buckets": 10_000_000,
    "cells": 256,
    "channels": 256,
    "iterations": 100_000,
    "kernel": 4095,
    "length": 1_000_000,
    "most": 10_000_000,
    "seed": 2**63 - 1,
    "size": 1024,
}
"""Whole numbers: what they count decides."""
_SHARES = "beta drop dropout hide leak level momentum shift smoothing unseen word_dropout"
"""Numbers from 0 to 1."""
_MOST_WHOLE, _MOST_NUMBER, _MOST_OF_DATA = 10**9, 1e12, 1e300
_LONG = 1e18  # numbers that are written in full


def limits_of(setting: Setting) -> Limits | None:
    """Return the limits of a setting that holds a number; None for any other."""
    kinds = members(setting.type)
    if bool in kinds or setting.name in _LABELS or not (int in kinds or float in kinds):
        return None
    if setting.limits is not None:
        return setting.limits
    usual = setting.range
    if int not in kinds:
        if usual is None and not setting.by_user:
            return Limits(-_MOST_OF_DATA, _MOST_OF_DATA)
        low = 0.0 if usual is not None and usual.low >= 0 else -_MOST_NUMBER
        return Limits(low, 1.0) if setting.name in _SHARES.split() else Limits(low, _MOST_NUMBER)
    positive = usual.low >= 1 if usual is not None else setting.name in _AT_LEAST_ONE
    low = 1.0 if positive else min(0.0, usual.low if usual is not None else 0.0)
    if isinstance(setting.default, Real):
        low = min(low, float(setting.default))
    return Limits(low, _MOST.get(setting.name, _MOST_WHOLE))


def beyond(setting: Setting, value: object) -> str | None:
    """Return the sentence about a number, alone or in a list, outside the limits of its setting; None if there is none.

    >>> beyond(Setting("depth", int, 2), 10**6)
    'Parameter `depth` should be at most 64. Found 1000000. Leave it out for the default, 2.'
    """
    limits = limits_of(setting)
    if limits is None:
        return None
    numbers = value if isinstance(value, list | tuple) else [value]
    for number in numbers:
        if not isinstance(number, Real):
            continue
        size = _size(number)
        rule = limits.broken_by(size)
        if rule is not None:
            shown = number if abs(size) < _LONG else f"{size:g}"
            return f"Parameter `{setting.name}` should be {rule}. Found {shown}. {_cure(setting)}"
    return None


def _size(number: Real) -> float:
    try:
        return float(number)
    except OverflowError:  # of a whole number
        return math.inf


def _cure(setting: Setting) -> str:
    usual = "" if setting.range is None else f"Usual values are {setting.range}. "
    if setting.required:
        return usual.rstrip() or "Give a number in that range."
    return f"{usual}Leave it out for the default, {setting.default!r}."
