"""Thresholds of several classes: the class whose probability is greatest beside its threshold is answered.

Of two classes with the thresholds 0.3 and 0.7 the first is answered from a probability of 0.3 on, so thresholds mean the same
as those of a binary target. Equal ones answer the likeliest class. The rule is Spark's (`thresholds` of its classifiers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from torso.core.errors import ConfigError
from torso.evaluation.weighted import Array, Floats
from torso.tasks._base.counts import METRICS, Counts
from torso.tasks._base.decider import Decider, Said, corrected

__all__ = ["CategoryDecider"]

_CELLS = 500_000  # rows times classes that are looked at
_ROUNDS = 5
_WORK = (
    200_000_000  # numbers that rounds look at; of very many classes only the starts are compared
)
_GAIN = 1e-6


class CategoryDecider(Decider):
    """Answers the class with the greatest ratio of probability to threshold; without any, the likeliest."""

    usual = "macro_f1"

    @property
    def example(self) -> Said:
        """Thresholds that a user may say, for messages."""
        return {self.names[-1]: 0.2}

    def by_hand(self, said: Said) -> dict[str, float]:
        """Return a threshold for each class; classes that are not named share the rest of 1."""
        if not isinstance(said, Mapping):
            raise ConfigError(
                f"`threshold` of {len(self.names)} classes should say the class, such as "
                f"{{{self.names[-1]}: 0.2}}. Found {said!r}."
            )
        named = self._named(said)
        others = len(self.names) - len(named)
        left = 1 - sum(named.values())
        if others and left <= 0:
            raise ConfigError(
                f"`threshold` should leave something for the {others} classes that it does not name: those named should add up "
                f"to less than 1. Found {dict(said)}, which adds up to {1 - left:g}."
            )
        return {name: named.get(name, left / max(others, 1)) for name in self.names}

    def decide(
        self,
        prediction: Array,
        thresholds: Mapping[str, float],
        details: Mapping[str, Array],  # noqa: ARG002
    ) -> Array:
        """Return the class of each row, int `[rows]`."""
        if not thresholds:
            return np.asarray(prediction.argmax(axis=1))
        limits = np.array([thresholds[name] for name in self.names])
        return np.asarray((prediction / limits).argmax(axis=1))

    def choose(self, metric: str, prediction: Array, truth: Array) -> dict[str, float]:
        """Return a threshold for each class; they add up to 1."""
        rows = np.flatnonzero((truth >= 0) & (truth < len(self.names)))
        most = max(1, _CELLS // len(self.names))
        if len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
        if not len(rows):
            return {}
        said = np.clip(prediction[rows].astype(np.float64), 1e-12, None)
        expected = corrected(said, truth[rows])
        logs = _Ascent(metric, np.log(said), expected).best()
        limits = np.exp(logs.min() - logs)
        return dict(zip(self.names, (limits / limits.sum()).tolist(), strict=True))

    def measure(self, metric: str, chosen: Array, truth: Array) -> Callable[[Floats], Floats]:
        """Return a function from weights to the metric; a class past the last one is always missed."""
        classes = np.arange(max(len(self.names), 1 + int(truth.max(initial=-1))))
        own = (truth[:, None] == classes).astype(np.float64)
        answered = (chosen[:, None] == classes).astype(np.float64)
        return lambda weights: METRICS[metric](
            Counts(weights @ (own * answered), weights @ answered, weights @ own)
        )


class _Ascent:
    """Looks for factors of the classes with the best expected metric, one class after the other.

    Args:
        metric: of `METRICS`.
        logs: of the probabilities, `[rows, classes]`.
        expected: the classes to be expected, `[rows, classes]`.
    """

    def __init__(self, metric: str, logs: Floats, expected: Floats) -> None:
        self.metric, self.logs, self.expected = metric, logs, expected
        self.rows = np.arange(len(logs))

    def best(self) -> Floats:
        """Return the logarithms of the factors, `[classes]`."""
        frequencies = np.clip(self.expected.mean(axis=0), 1e-12, None)
        starts: list[Floats] = [np.zeros(len(frequencies)), -np.log(frequencies)]
        values = [self._value(start) for start in starts]
        factors, value = starts[int(np.argmax(values))], max(values)
        for _ in range(min(_ROUNDS, _WORK // max(1, self.logs.size * len(factors)))):
            before = value
            for index in range(len(factors)):
                factors, value = self._moved(factors, value, index)
            if value < before + _GAIN:
                break
        return factors

    def _value(self, factors: Floats) -> float:
        answered = np.eye(len(factors))[(self.logs + factors).argmax(axis=1)]
        both = (answered * self.expected).sum(axis=0)
        counts = Counts(both, answered.sum(axis=0), self.expected.sum(axis=0))
        return float(METRICS[self.metric](Counts(*(part[None] for part in counts)))[0])

    def _moved(self, factors: Floats, value: float, index: int) -> tuple[Floats, float]:
        """Return the factors with the best one for a class, the others as they are, and the metric."""
        rivals = self.logs + factors
        rivals[:, index] = -np.inf
        rival = rivals.argmax(axis=1)
        needed = rivals[self.rows, rival] - self.logs[:, index]  # the factor that wins a row
        order = np.argsort(needed, kind="stable")
        needed, rival, expected = needed[order], rival[order], self.expected[order]
        change = np.zeros((len(order), len(factors)))
        change[self.rows, rival] = -1
        change[:, index] = 1
        given = np.bincount(rival, minlength=len(factors))
        chosen = np.concatenate([given[None], given + np.cumsum(change, axis=0)])
        right = np.bincount(rival, expected[self.rows, rival], len(factors))
        both = np.concatenate([right[None], right + np.cumsum(change * expected, axis=0)])
        true = np.broadcast_to(expected.sum(axis=0), both.shape)
        values = np.nan_to_num(METRICS[self.metric](Counts(both, chosen, true)), nan=-1.0)
        apart = np.concatenate([[True], needed[1:] > needed[:-1], [True]])
        values = np.where(apart, values, -1.0)
        best = int(values.argmax())
        if values[best] <= value + _GAIN:
            return factors, value
        ends = np.concatenate([[needed[0] - 1], (needed[1:] + needed[:-1]) / 2, [needed[-1] + 1]])
        moved = factors.copy()
        moved[index] = ends[best]
        return moved, float(values[best])
