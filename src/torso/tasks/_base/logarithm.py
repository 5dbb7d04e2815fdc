"""Logarithms of labels with a heavy tail: which labels ask for them, and with which shift.

One bottle at 157,000 among bottles at 100 takes mean, spread and gradient of a price to itself. Of its logarithm it
takes little. So heads learn `log(label + shift)`, and answers come back in the user's unit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from torso.core.cures import setting

__all__ = ["HEAVY_TAIL", "Logarithm", "heavy_tail_note", "labels_themselves_note"]

HEAVY_TAIL = "A heavy tail"
"""Words that begin a note on labels of which logarithms are learnt."""

_FEWEST = 30  # labels that show a tail
_DISTINCT = 10  # values; fewer are ratings
_MOST_ALIKE = 0.5  # share of the most frequent label, beyond which it is no matter of scale
_SET_ASIDE = 0.01  # share of the labels, at either end; one label makes no tail
_SKEW = 0.75
_GAIN, _SURELY = 0.1, 0.05  # nats a label: the mean, and two standard errors below
_SHIFTS = (0.01, 0.05, 0.25, 0.5)  # quantiles of the sizes that are tried
_LEAST = 1e-3  # part of the least label (with the shift) below which labels have no logarithm
_BEYOND = 0.5  # standard deviations that answers may lie beyond the least and the largest logarithm
_EXPLAINED = 0.6  # R² of answers to labels from which on the labels themselves may be learnt
_NEARER = 2.0  # standard errors by which answers by logarithms are surely nearer
_LARGEST = 80.0  # logarithm of the largest answer; float32 ends at 88


@dataclass(frozen=True)
class Logarithm:
    """`log(label + shift)`, or where labels may be negative `asinh(label / shift)`.

    Attributes:
        shift: in the labels' unit; 0 only for labels that are all positive.
        signed: labels may be negative.
        least: labels from here down have no logarithm.
        low, high: logarithms that answers keep within; a line in logarithms soon leads beyond all labels.
    """

    shift: float
    signed: bool = False
    least: float = 0.0
    low: float = -_LARGEST
    high: float = _LARGEST

    @classmethod
    def of(cls, known: np.ndarray) -> Logarithm:
        """Return the likeliest logarithm of `known` labels, by the density of a Gaussian of it.

        From Box & Cox, "An Analysis of Transformations", Journal of the Royal Statistical Society B 26, 1964, the
        power 0 with a shift. Differs: the shift is one of a few sizes that the labels have, for many equal labels
        would make a shift without an end the likeliest.

        Args:
            known: `[labels]`, finite, two different ones at least.
        """
        shifts = _sizes(known)
        if (known < 0).any():
            tried = [cls(shift, signed=True) for shift in shifts]
        else:
            none = [0.0] if known.min() > 0 else []
            tried = [
                cls(shift, least=_LEAST * (float(known.min()) + shift) - shift)
                for shift in (*none, *shifts)
            ]
        best = max(tried, key=lambda logarithm: float(logarithm._log_density(known).mean()))
        logarithms = best.of_labels(known)
        beyond = _BEYOND * float(np.nanstd(logarithms))
        low, high = float(np.nanmin(logarithms)) - beyond, float(np.nanmax(logarithms)) + beyond
        return replace(best, low=max(low, -_LARGEST), high=min(high, _LARGEST))

    @classmethod
    def asked_for_by(cls, known: np.ndarray) -> Logarithm | None:
        """Return the logarithm of labels with a heavy tail, None for all others.

        The largest and smallest are set aside, so that one of them is no tail. The others should be skewed, and surely be
        likelier under the Gaussian of their logarithm than under that of themselves.

        >>> Logarithm.asked_for_by(np.arange(100.0)) is None
        True
        >>> learnt = Logarithm.asked_for_by(np.exp(np.linspace(0, 9, 100)))
        >>> learnt.shift, round(learnt.low, 2), round(learnt.high, 2)
        (0.0, -1.31, 10.31)
        """
        if len(known) < _FEWEST or np.abs(known).max() > 1e30:
            return None
        counts = np.unique(known, return_counts=True)[1]
        if len(counts) < _DISTINCT or counts.max() > _MOST_ALIKE * len(known):
            return None
        kept = _without_ends(known)
        if np.ptp(kept) == 0 or _skewness(kept) < _SKEW:
            return None
        gain = cls.of(kept)._log_density(kept) - _gaussian(kept)
        sure = gain.mean() - 2 * gain.std() / np.sqrt(len(gain))
        return cls.of(known) if gain.mean() > _GAIN and sure > _SURELY else None

    def is_needed(self, said: np.ndarray, said_logarithms: np.ndarray, labels: np.ndarray) -> bool:
        """Return whether the logarithm should be learnt, given answers from inputs on both scales.

        It should not where answers explain most of the squares of the labels themselves, so that these are no matter of a
        few wild labels, and answers by logarithms are not surely nearer. Near is meant of square roots, half way
        between labels, of which the largest decide everything, and logarithms, of which the least do.

        Args:
            said: answers to labels.
            said_logarithms: answers to their logarithms, about the same rows.
            labels: of these rows.
        """
        if np.square(said - labels).mean() > (1 - _EXPLAINED) * labels.var():
            return True
        roots = _roots(labels)
        off = np.square(_roots(np.maximum(said, labels.min())) - roots)
        off = off - np.square(_roots(self.answers_of(said_logarithms)) - roots)
        return bool(off.mean() > _NEARER * off.std() / np.sqrt(len(off)))

    def state(self) -> dict[str, float | bool]:
        """Return the attributes as JSON values."""
        return asdict(self)

    def of_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return float64 logarithms; NaN for labels without one."""
        labels = np.asarray(labels, np.float64)
        if self.signed:
            return np.asarray(np.arcsinh(labels / self.shift))
        has = np.isfinite(labels) & (labels > self.least)
        out = np.full(labels.shape, np.nan)
        np.log(labels + self.shift, out=out, where=has)
        return out

    def labels_of(self, logarithms: np.ndarray) -> np.ndarray:
        """Return the labels that have these logarithms, of the same precision."""
        values = np.clip(np.asarray(logarithms, np.float64), -_LARGEST, _LARGEST)
        labels = self.shift * np.sinh(values) if self.signed else np.exp(values) - self.shift
        return np.asarray(labels, logarithms.dtype)

    def answers_of(self, logarithms: np.ndarray) -> np.ndarray:
        """Return the labels that have these logarithms, none far beyond the labels of the training rows."""
        return self.labels_of(np.clip(logarithms, self.low, self.high))

    def log_slope(self, labels: np.ndarray) -> np.ndarray:
        """Return float64: the logarithm of the slope at the labels, which turns densities into those per unit."""
        labels = np.asarray(labels, np.float64)
        if self.signed:
            return np.asarray(-0.5 * np.log(labels**2 + self.shift**2))
        return np.asarray(-self.of_labels(labels))

    def _log_density(self, known: np.ndarray) -> np.ndarray:
        return np.asarray(_gaussian(self.of_labels(known)) + self.log_slope(known))


def heavy_tail_note(name: str, known: np.ndarray, logarithm: Logarithm) -> str:
    """Return the note that the logarithm of a column's labels is learnt, with the way to learn the labels.

    Args:
        name: of the column.
        known: its labels.
        logarithm: of them.
    """
    low, high = np.quantile(known, [0.5, 0.99])
    what = "label" if not logarithm.shift else f"label + {logarithm.shift:.3g}"
    if logarithm.signed:
        what = f"label / {logarithm.shift:.3g}, with its sign"
    return (
        f"{HEAVY_TAIL}: half of the labels lie below {low:,.4g}, one in a hundred above {high:,.4g}. The logarithm "
        f"(of the {what}) is learnt, so an answer is a median. To learn the mean of the labels themselves: "
        f"{setting(f'targets.{name}.transform', 'none')}."
    )


def labels_themselves_note(name: str, known: np.ndarray) -> str:
    """Return the note that the labels of a column with a heavy tail are learnt, with the way to learn their logarithm.

    Args:
        name: of the column.
        known: its labels.
    """
    low, high = np.quantile(known, [0.5, 0.99])
    return (
        f"{HEAVY_TAIL}: half of the labels lie below {low:,.4g}, one in a hundred above {high:,.4g}. But numbers and "
        f"categories among the inputs explain most of the labels themselves, so these are learnt and an answer is a "
        f"mean. To learn the logarithm, so that an answer is a median: "
        f"{setting(f'targets.{name}.transform', 'log')}."
    )


def _roots(values: np.ndarray) -> np.ndarray:
    """Return square roots, with their sign."""
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))


def _sizes(known: np.ndarray) -> list[float]:
    sizes = np.abs(known[known != 0])
    return [float(size) for size in np.unique(np.quantile(sizes, _SHIFTS))]


def _without_ends(known: np.ndarray) -> np.ndarray:
    """Return labels without the largest and the smallest, one at least of each."""
    aside = max(1, round(_SET_ASIDE * len(known)))
    return np.sort(known)[aside:-aside]


def _skewness(values: np.ndarray) -> float:
    scaled = (values - values.mean()) / values.std()
    return float((scaled**3).mean())


def _gaussian(values: np.ndarray) -> np.ndarray:
    """Return the log-density of each value under the Gaussian of all, less its constant."""
    std = max(float(values.std()), 1e-300)
    return np.asarray(-0.5 * ((values - values.mean()) / std) ** 2 - np.log(std))
