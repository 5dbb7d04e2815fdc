"""An explanation of one answer: shares of modalities, columns and pieces, and the test of their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torso.evaluation.estimate import Estimate
from torso.evaluation.wording import number_text
from torso.studies.explain.deletion import Deletion

__all__ = ["Share", "TaskExplanation", "listed", "signed"]

_SHOWN = 5
"""Pieces of a modality that are listed in words."""
_COMPLETE = 0.05  # share of the difference that gradients may miss
_EXACT = 1e-12  # width of an interval that is none


@dataclass(frozen=True)
class Share:
    """One part's share of an answer.

    Attributes:
        modality: that it belongs to.
        column: of the table; empty for the whole modality.
        piece: of the cell, such as a word; empty for all of it.
        share: in the answer's unit, with a 95 % interval where orders were sampled; above 0 it raised the figure.
        span: where the piece lies: characters, frames or samples, or top, left, bottom and right in pixels.
    """

    modality: str
    column: str
    piece: str
    share: Estimate
    span: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The name that a reader knows it by."""
        if not self.column:
            return self.modality
        return f"{self.column}: {self.piece}" if self.piece else self.column

    @property
    def error(self) -> float:
        """Half the width of the interval; 0 for an exact share, NaN where it is unknown."""
        return (self.share.high - self.share.low) / 2

    @property
    def surely(self) -> bool:
        """True if the interval does not hold 0."""
        return self.share.low > 0 or self.share.high < 0

    def words(self, decimals: int) -> str:
        """Return the signed share, with half the width of its interval where it is not exact."""
        text = signed(self.share.value, decimals)
        return text if self.error < _EXACT else f"{text} ± {self.error:.{decimals}f}"


@dataclass(frozen=True)
class TaskExplanation:
    """An explanation of one answer.

    Attributes:
        task: its name.
        answer: in words.
        unit: of the figure that is shared out: `probability of nine`, or the target's own unit.
        is_probability: of the figure.
        value: the figure.
        without: the figure without any input; with all shares it sums to `value`.
        modalities: shares of the modalities that the row holds, the largest first.
        parts: shares of columns and pieces, the largest first; those of a modality sum to its share.
        deletion: test of the order of the parts; None where there is but one part.
        gap: of gradients, the sum of all shares less the difference that they share out; None for other methods.
    """

    task: str
    answer: str
    unit: str
    is_probability: bool
    value: float
    without: float
    modalities: tuple[Share, ...]
    parts: tuple[Share, ...]
    deletion: Deletion | None
    gap: float | None = None

    def heading(self) -> str:
        """Return the answer, and the difference to none of the inputs, or inputs of zero, that is shared out."""
        name = f"{self.task}: {self.answer}"
        value, without = number_text(self.value), number_text(self.without)
        if self.gap is not None:
            return f"{name}; {self.unit} {value} of the network alone, {without} at inputs of zero"
        value = f", probability {value}" if self.is_probability else ""
        return f"{name}{value}; without any input {without}"

    @property
    def passed(self) -> bool | None:
        """True if the order of the parts passed the deletion test; None where there is no order."""
        return None if self.deletion is None else self.deletion.passed

    def verdict(self) -> str:
        """Return the outcome of the deletion test in words."""
        if not self.parts:
            return "The row holds none of the run's inputs: nothing but the training rows decided."
        if self.deletion is None:
            return "One part only: there is no order to test."
        return " ".join(filter(None, [self.deletion.words(), self._completeness()]))

    def _completeness(self) -> str:
        """Return the gap of gradients in words; nothing for other methods."""
        whole = abs(self.value - self.without)
        if self.gap is None or not whole:
            return ""
        share = abs(self.gap) / whole
        kept = "Completeness holds" if share <= _COMPLETE else "Completeness fails"
        return f"{kept}: the shares miss the difference of {number_text(whole)} by {share:.1%}."

    @property
    def decimals(self) -> int:
        """Decimals of the shares: three digits of the largest, three of a probability."""
        largest = max(
            (abs(share.share.value) for share in (*self.modalities, *self.parts)), default=0
        )
        if self.is_probability or not 0 < largest < math.inf:
            return 3
        return max(0, 2 - math.floor(math.log10(largest)))

    def inside(self, modality: str) -> tuple[Share, ...]:
        """Return the shares of a modality's parts, the largest first; none where it has but one."""
        own = tuple(part for part in self.parts if part.modality == modality)
        return own if len(own) > 1 else ()


def listed(parts: Sequence[Share]) -> tuple[Sequence[Share], Sequence[Share]]:
    """Return the parts to show, and the others that one line sums up."""
    shown = len(parts) if len(parts) <= _SHOWN + 1 else _SHOWN
    return parts[:shown], parts[shown:]


def signed(value: float, decimals: int) -> str:
    """Return a number with its sign.

    >>> signed(-0.12345, 3), signed(12, 0)
    ('−0.123', '+12')
    """
    return f"{'−' if value < 0 else '+'}{abs(value):,.{decimals}f}"
