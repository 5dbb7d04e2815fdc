"""Whole numbers as labels: names of classes in disguise, or a quantity.

Numbers that name classes run without a gap from 0 or 1, and how frequent they are does not depend on their order: all
alike in a balanced set, at random otherwise. The frequencies of ratings, counts and years change smoothly from one
number to the next. `Shape` measures both, corrected for chance, so that 60 rows and 10,000 of one source are judged
alike. The name of a column decides only where the shape does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["Judgement", "Shape", "judge"]

FEW_CLASSES = 20
"""Whole numbers of more values are classes only where the column's name says so."""
_MANY_CLASSES = 200
_CURVED = 0.1  # nats by which the frequencies of a quantity differ from equal ones, at least
_TAILS = 0.1  # nats by which the counts after the first number differ from a smooth curve, at most
_TAIL = 0.005  # share of the labels below which a fourth number is an outlier
_WIDEST = 100  # numbers from the first to the last
_MOSTLY_NONE, _NEARLY_NONE = (
    0.75,
    0.9,
)  # shares of zeros: of counts called "class", of counts of two or three values
_NOT_RARE = 5  # rows
_NO_GAPS = (
    0.8  # share of the whole numbers between the ends that classes have, apart from rare ones
)
_HALF = 0.5  # the same, rare ones included
_YEARS = (1500, 2100)
_CLASS_WORDS = re.compile(
    r"labels?|class(es)?|categor(y|ies)|groups?|types?|kinds?|species|digits?|letters?|clusters?|codes?|ids?|genres?"
    r"|segments?|topics?|intents?"
)
_QUANTITY_WORDS = re.compile(
    r"ratings?|scores?|stars?|points?|grades?|quality|ages?|years?|counts?|n|num|numbers?|totals?|sum|levels?|amounts?"
    r"|prices?|costs?|quantity|qty|seconds|minutes|hours|days|weeks|months|ranks?|likes|votes|views|intensity|size"
    r"|length|width|height|weight|satisfaction"
)


@dataclass(frozen=True)
class Judgement:
    """Whole numbers that are names of classes, or a quantity.

    Attributes:
        is_class: True for names.
        why: the evidence, after "… whole numbers, ".
    """

    is_class: bool
    why: str


@dataclass(frozen=True)
class Shape:
    """Whole numbers from the smallest to the largest, and how frequent each is.

    Attributes:
        first: the smallest.
        frequencies: rows of it and of each whole number after it, float64 `[numbers]`.
    """

    first: int
    frequencies: np.ndarray

    @classmethod
    def of(cls, counts: Mapping[float, int]) -> Shape:
        """Return the shape of numbers that occur `counts` times."""
        first, last = int(min(counts)), int(max(counts))
        frequencies = np.zeros(last - first + 1)
        for number, times in counts.items():
            frequencies[int(number) - first] = times
        return cls(first, frequencies)

    @cached_property
    def rows(self) -> float:
        """Number of labels."""
        return float(self.frequencies.sum())

    @cached_property
    def share(self) -> np.ndarray:
        """Share of the labels that each number has."""
        return self.frequencies / self.rows

    @property
    def place(self) -> float:
        """Mean place of the labels, 0 for the first number and 1 for the last."""
        return float(self.share @ np.linspace(0, 1, len(self.share)))

    @cached_property
    def smooth(self) -> np.ndarray:
        """The smooth curve (log-quadratic) that is nearest to `share`."""
        return _smooth(self.share)

    @property
    def curvature(self) -> float:
        """Divergence of the smooth curve from equal shares beyond chance, in nats."""
        equal = 1 / len(self.share)
        return float((self.smooth * np.log(self.smooth / equal)).sum()) - 1 / self.rows

    @property
    def roughness(self) -> float:
        """Divergence of the shares from the smooth curve beyond chance, in nats."""
        seen = self.share > 0
        divergence = float((self.share[seen] * np.log(self.share[seen] / self.smooth[seen])).sum())
        return divergence - max(0, len(self.share) - 3) / (2 * self.rows)

    @property
    def thins_out(self) -> bool:
        """True if the first numbers are the most frequent by far, and the others follow a curve that ends low."""
        # Single rows at the end are far outliers, which bend the curve.
        last = int(np.flatnonzero(self.frequencies > 1).max(initial=0))
        others = Shape(self.first + 1, self.frequencies[1 : last + 1])
        if len(others.frequencies) < 2:
            return False
        top = int(self.share.argmax())
        falling = bool((np.diff(self.frequencies[top:]) <= 0).all())
        is_early = top <= (2 if falling else 1) and self.place <= (0.4 if falling else 0.3)
        ends_low = int(others.smooth.argmin()) == len(others.share) - 1
        return bool(is_early and ends_low and others.is_smooth(_TAILS))

    def is_smooth(self, most: float = 0.05) -> bool:
        """Return whether the shares are at most `most` nats from a smooth curve, as far as chance allows."""
        chance = float(np.sqrt(2 * max(1, len(self.share) - 3))) / self.rows  # two deviations
        return self.roughness <= most + chance

    @property
    def solid_gaps(self) -> int:
        """Numbers that no row has, though those next to them are not rare."""
        seen = np.flatnonzero(self.frequencies)
        both = np.minimum(self.frequencies[seen[1:]], self.frequencies[seen[:-1]])
        return int((np.diff(seen) - 1)[both >= _NOT_RARE].sum())


def _smooth(share: np.ndarray) -> np.ndarray:
    """Return the log-quadratic distribution of greatest likelihood, by Newton's method."""
    axis = np.linspace(-1.0, 1.0, len(share))
    design = np.stack([axis, axis**2], axis=1)
    moments = share @ design
    weights, fitted, likelihood = np.zeros(2), np.full(len(share), 1 / len(share)), -np.inf
    for _ in range(50):
        centred = design - fitted @ design
        curvature = (centred * fitted[:, None]).T @ centred + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, moments - fitted @ design)
        for _ in range(30):  # halved until it leads upwards
            curve = design @ (weights + step)
            curve = curve - curve.max()
            total = np.exp(curve).sum()
            better = float(share @ curve - np.log(total))
            if better >= likelihood:
                break
            step = step / 2
        gain, weights, likelihood = better - likelihood, weights + step, better
        fitted = np.maximum(np.exp(curve) / total, 1e-300)
        if gain < 1e-10:
            break
    return fitted


def judge(counts: Mapping[float, int], name: str) -> Judgement:
    """Return whether whole numbers, three or more, are classes or a quantity, and why.

    >>> judge({0: 50, 1: 50, 2: 50}, "species").is_class
    True
    >>> judge({1: 5, 2: 21, 3: 60, 4: 70, 5: 38, 6: 9}, "taste").is_class
    False

    Args:
        counts: number -> rows that hold it.
        name: of the column.
    """
    called = _called(name)
    distinct, first, last = len(counts), int(min(counts)), int(max(counts))
    if called == "class" and distinct <= _MANY_CLASSES and sum(counts.values()) >= 2 * distinct:
        whole = bool(_CLASS_WORDS.fullmatch(name.strip().lower()))
        mostly_none = first == 0 and counts[0] >= _MOSTLY_NONE * sum(counts.values())
        if whole or not (mostly_none and last < _WIDEST and _counted(Shape.of(counts))):
            return Judgement(True, f"and {name!r} sounds like classes")
    if _YEARS[0] <= first and last <= _YEARS[1]:
        return Judgement(False, f"years from {first} to {last}")
    if distinct > FEW_CLASSES:
        return Judgement(False, f"{distinct} of them")
    if last - first >= _WIDEST:
        return _gaps(counts)
    shape = Shape.of(counts)
    places = last - first + 1
    if shape.solid_gaps > (1 - _NO_GAPS) * places or distinct < _HALF * places:
        return _gaps(counts)
    return _in_a_row(shape, distinct, called)


def _gaps(counts: Mapping[float, int]) -> Judgement:
    """Judge numbers between which others are left out."""
    numbers = [abs(int(number)) for number in counts]
    widths = {len(str(number)) for number in numbers}
    round_ones = sum(1 for number in numbers if number % 10 in (0, 5, 9))
    total = sum(counts.values())
    if len(numbers) <= 3 and counts.get(0, 0) < _NEARLY_NONE * total:
        return Judgement(True, "only three")
    if len(widths) == 1 and max(widths) >= 3 and round_ones < 0.5 * len(numbers):
        return Judgement(True, f"all of {max(widths)} digits, like codes")
    return Judgement(False, "with gaps between them, which names of classes seldom have")


def _in_a_row(shape: Shape, distinct: int, called: str) -> Judgement:
    """Judge numbers that follow each other."""
    first = shape.first
    run = f"from {first} to {first + len(shape.share) - 1}"
    several = distinct > 4 or (distinct == 4 and shape.share[-1] >= _TAIL)
    if not several:
        return Judgement(True, f"{run}, too few for a quantity")
    if called == "quantity":
        return Judgement(False, f"{run}, and the name sounds like a quantity")
    if _counted(shape):
        return Judgement(False, f"{run}, ever rarer, as counts are")
    if first not in (-1, 0, 1):
        return Judgement(False, f"{run}; names of classes begin with 0 or 1")
    if shape.curvature >= _CURVED - 1 / shape.rows and shape.is_smooth() and distinct >= 5:
        return Judgement(False, f"{run}, each about as frequent as its neighbours, as ratings are")
    return Judgement(True, f"{run}, and how frequent they are shows no order")


def _counted(shape: Shape) -> bool:
    """Return whether numbers from 0 or 1 grow ever rarer."""
    return shape.first in (0, 1) and shape.thins_out


def _called(name: str) -> str:
    """Return "class", "quantity" or nothing: the sound of a column's name."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    words = re.findall(r"[a-z]+", apart.lower())
    if any(map(_QUANTITY_WORDS.fullmatch, words)):
        return "quantity"
    return "class" if any(map(_CLASS_WORDS.fullmatch, words)) else ""
