"""From probabilities to answers: thresholds, by hand or chosen for a metric on held-out rows.

A threshold that is best for the held-out *labels* follows their chance (figures: docs/decisions.md). So labels only correct
the probabilities, and these say which counts are to be expected.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from torso.core.errors import ConfigError, unknown
from torso.evaluation.weighted import Array, Floats
from torso.tasks._base.class_weights import class_meant
from torso.tasks._base.counts import METRICS, Counts

__all__ = ["Decider", "Decision", "Said", "best_threshold", "check_threshold", "corrected"]

Said = float | Mapping[str, float]
"""Thresholds as a config says them."""
_LEAST = 1e-7
_ROWS = 20_000  # whose labels correct probabilities, at most


@dataclass(frozen=True)
class Decision:
    """Thresholds of a task.

    Attributes:
        thresholds: class or label -> its threshold.
        metric: that they were chosen for; empty if they were set by hand.
    """

    thresholds: Mapping[str, float]
    metric: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return a mapping that JSON can hold."""
        return {"thresholds": dict(self.thresholds), "metric": self.metric}

    def shown(self, most: int = 3) -> str:
        """Return the thresholds in words.

        >>> Decision({"a": 0.25, "b": 0.5}).shown(), Decision({"a": 0.25, "b": 0.5}).shown(most=1)
        ('a 0.25, b 0.5', 'a 0.25, 1 more')

        Args:
            most: thresholds that are named.
        """
        named = [f"{name} {value:.3g}" for name, value in self.thresholds.items()]
        more = len(named) - most
        return ", ".join(named[:most]) + (f", {more} more" if more > 0 else "")


class Decider(ABC):
    """Decides for one task.

    Args:
        names: of the classes or labels.
    """

    usual: ClassVar[str]
    """Metric by which thresholds that were set by hand are shown."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)

    @staticmethod
    def check(decide_by: str | None, threshold: Said | None) -> None:
        """Refuse settings that contradict each other, or a number that is no threshold.

        Raises:
            ConfigError: they do.
        """
        if decide_by is not None and threshold is not None:
            raise ConfigError(
                f"Either `decide_by` chooses the thresholds or `threshold` says them. Found `decide_by` {decide_by!r} and "
                f"`threshold` {threshold!r}. Leave one of them out."
            )
        for value in threshold.values() if isinstance(threshold, Mapping) else [threshold]:
            if value is not None:
                check_threshold(value)

    @property
    def example(self) -> Said:
        """Thresholds that a user may say, for messages."""
        return 0.3

    @abstractmethod
    def by_hand(self, said: Said) -> dict[str, float]:
        """Return the thresholds that a user says, complete.

        Raises:
            ConfigError: an unknown class or label, or a number that is no threshold.
        """

    @abstractmethod
    def decide(
        self, prediction: Array, thresholds: Mapping[str, float], details: Mapping[str, Array]
    ) -> Array:
        """Return the answers by thresholds; without any, those of a run that has none.

        Args:
            prediction: probabilities, as the head gives them.
            thresholds: by name.
            details: of the head.

        Returns:
            `chosen`, as the kind's scores and columns take it.
        """

    @abstractmethod
    def choose(self, metric: str, prediction: Array, truth: Array) -> dict[str, float]:
        """Return the thresholds that suit a metric on held-out rows; none where too little is known.

        Args:
            metric: its name.
            prediction: probabilities.
            truth: labels, in the form of the kind's scores.
        """

    @abstractmethod
    def measure(self, metric: str, chosen: Array, truth: Array) -> Callable[[Floats], Floats]:
        """Return a function from weights `[resamples, rows]` of labelled rows to the metric of answers."""

    def _named(self, said: Mapping[str, float]) -> dict[str, float]:
        """Return thresholds by class or label, each checked."""
        named = {class_meant(name, self.names): value for name, value in said.items()}
        for name, value in named.items():
            if name not in self.names:
                raise ConfigError(unknown("class or label in `threshold`:", name, self.names))
            check_threshold(value)
        return named


def check_threshold(value: object) -> float:
    """Return a threshold as a number.

    Raises:
        ConfigError: it is not between 0 and 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ConfigError(
            f"`threshold` should be above 0 and below 1, such as 0.3: the probability from which on the answer is given. "
            f"Found {value!r}."
        )
    return float(value)


def corrected(prediction: Floats, truth: Array) -> Floats:
    """Return probabilities `[rows, classes]` that suit the labels better: one power, and a factor for each class.

    Platt's scaling, of several classes: Guo, Pleiss, Sun & Weinberger, ICML 2017 (https://arxiv.org/abs/1706.04599), section
    4.2. Differs: the power is above 0, and it and the logarithms of the factors have normal priors around no change
    (deviations of 0.5 and 1), so few labels correct little.

    Args:
        prediction: probabilities.
        truth: classes, int `[rows]`.
    """
    from scipy.optimize import minimize

    every = np.log(np.clip(np.asarray(prediction, np.float64), _LEAST, None))
    some = np.linspace(0, len(every) - 1, min(len(every), _ROWS)).astype(np.int64)
    logs, truth = every[some], truth[some]
    rows, own = np.arange(len(logs)), np.eye(logs.shape[1])[truth]

    def shares(free: Floats, logs: Floats = logs) -> Floats:
        powers = free[0] * logs + free[1:]
        powers = np.exp(powers - powers.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def cost(free: Floats) -> tuple[float, Floats]:
        said = shares(free)
        pull = firmness * (free - start)
        loss = -np.log(np.clip(said[rows, truth], _LEAST, None)).sum() + 0.5 * pull @ (free - start)
        off = said - own
        return float(loss), np.concatenate([[(off * logs).sum()], off.sum(axis=0)]) + pull

    start = np.concatenate([[1.0], np.zeros(logs.shape[1])])
    firmness = np.concatenate([[4.0], np.ones(logs.shape[1])])
    bounds = [(0.05, None), *[(None, None)] * logs.shape[1]]
    return shares(minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x, every)


def best_threshold(metric: str, prediction: Floats, expected: Floats) -> float:
    """Return the threshold with the best expected metric, midway between two probabilities.

    >>> said = np.array([0.1, 0.3, 0.6, 0.8])
    >>> round(best_threshold("f1", said, said), 2), round(best_threshold("balanced_accuracy", said, said), 2)
    (0.45, 0.45)

    Args:
        metric: of `METRICS`.
        prediction: probabilities of yes, `[rows]`.
        expected: the same, corrected: the yes to be expected.
    """
    order = np.argsort(-prediction, kind="stable")
    said, yes = prediction[order], np.concatenate([[0.0], np.cumsum(expected[order])])
    answered = np.arange(len(said) + 1.0)
    both = np.stack([(len(said) - answered) - (yes[-1] - yes), yes], axis=1)
    chosen = np.stack([len(said) - answered, answered], axis=1)
    true = np.broadcast_to([len(said) - yes[-1], yes[-1]], both.shape)
    values = np.nan_to_num(METRICS[metric](Counts(both, chosen, true)), nan=-1.0)
    limits = np.concatenate([[1.0], (said[1:] + said[:-1]) / 2, [0.0]])
    apart = np.concatenate([[True], said[1:] < said[:-1], [True]])  # equal rows go together
    best = limits[np.where(apart, values, -1.0).argmax()]
    return float(np.clip(best, 1e-6, 1 - 1e-6))
