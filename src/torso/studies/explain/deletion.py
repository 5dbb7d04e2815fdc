"""The deletion test: parts that are said to matter are left out first, and the answer must move faster than by chance.

From Petsiuk et al., "RISE", BMVC 2018 (https://arxiv.org/abs/1806.07421), where pixels are deleted; Samek et al., IEEE
TNNLS 28, 2017 (https://arxiv.org/abs/1509.06321) compare with random orders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.bootstrap import interval, resamples_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Floats
from torso.evaluation.wording import estimate_text
from torso.studies.explain.asked_row import AskedRow, Coalition

__all__ = ["Deletion", "area", "deletion_tests", "path"]


RANDOM_ORDERS = 20
_FEW_PARTS = 3
_RESAMPLES = 1000


@dataclass(frozen=True)
class Deletion:
    """Result of a deletion test: the answer after each part is left out, most important first.

    Attributes:
        shares_gone: of the parts, from 0 to 1.
        curve: the figure after each step, in the order of importance.
        random: the same, the mean over random orders.
        lead: area between both, in the answer's unit, with a 95 % interval over the random orders; above 0 the order of
            importance moves the answer faster.
        beaten: share of the random orders that move it less.
    """

    shares_gone: tuple[float, ...]
    curve: tuple[float, ...]
    random: tuple[float, ...]
    lead: Estimate
    beaten: float

    @property
    def passed(self) -> bool:
        """True if the answer surely moves faster than in random orders."""
        return self.lead.low > 0

    def words(self) -> str:
        """Return the verdict in a sentence or two."""
        lead = f"lead {estimate_text(self.lead)}, {round(self.beaten * RANDOM_ORDERS)} of {RANDOM_ORDERS} random orders beaten"
        if self.passed:
            return (
                "Deletion test passed: with its parts left out in the order of their shares, the answer moves faster than in "
                f"random orders ({lead})." + self._few()
            )
        slower = "slower than" if self.lead.high < 0 else "no faster than"
        return (
            "Deletion test failed: with its parts left out in the order of their shares, the answer moves "
            f"{slower} in random orders ({lead}). Do not rely on which part matters more."
        )

    def _few(self) -> str:
        """Return a sentence on how little the test says of two or three parts; empty of more."""
        parts = len(self.shares_gone) - 1
        if parts > _FEW_PARTS:
            return ""
        return f" Of {parts} parts there are but {math.factorial(parts)} orders: chance alone often passes."


def deletion_tests(
    row: AskedRow, importance: Floats, falls: Sequence[float], seed: int = 0
) -> list[Deletion | None]:
    """Return the test of each task's importances; None where there is but one part.

    Args:
        row: the row.
        importance: `[parts, tasks]`.
        falls: per task 1 if the figure should fall when parts are left out, -1 if it should rise.
        seed: of the random orders.
    """
    parts = len(row.parts)
    if parts < 2:
        return [None] * len(falls)
    draw = np.random.default_rng(seed)
    steps = row.detail.steps
    random = [path(draw.permutation(parts), steps) for _ in range(RANDOM_ORDERS)]
    by_size = np.argsort(-importance, axis=0, kind="stable")
    own = [path(by_size[:, task], steps) for task in range(len(falls))]
    row.ask(some for each in (*random, *own) for some in each)
    curves = np.stack([[row.worth(some) for some in each] for each in random])
    gone = [1 - len(some) / parts for some in own[0]]
    tests: list[Deletion | None] = []
    for task, fall in enumerate(falls):
        curve = np.array([row.worth(some)[task] for some in own[task]])
        leads = area(gone, curves[:, :, task] - curve) * fall
        weights = resamples_of(np.arange(len(leads)), _RESAMPLES, seed)
        drawn = np.concatenate([some @ leads for some in weights]) / len(leads)
        lead = Estimate(float(leads.mean()), *interval(drawn))
        mean = curves[:, :, task].mean(axis=0)
        tests.append(
            Deletion(
                tuple(gone), (*curve.tolist(),), (*mean.tolist(),), lead, float((leads > 0).mean())
            )
        )
    return tests


def path(order: NDArray[np.intp], steps: int) -> list[Coalition]:
    """Return the parts that are left after each of at most `steps` steps of deletion, from all to none."""
    sizes = np.unique(np.linspace(0, len(order), min(len(order), steps) + 1).round().astype(int))
    return [frozenset(int(number) for number in order[size:]) for size in sizes]


def area(gone: Sequence[float], curves: Floats) -> Floats:
    """Return the area under curves `[..., steps]` over the share of parts that is gone."""
    return np.asarray(np.trapezoid(curves, np.asarray(gone), axis=-1))
