"""The threshold of one of two classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from torso.core.errors import ConfigError
from torso.evaluation.weighted import Array, Floats
from torso.tasks._base.counts import METRICS, Counts
from torso.tasks._base.decider import Decider, Said, best_threshold, check_threshold, corrected

__all__ = ["BinaryDecider"]


class BinaryDecider(Decider):
    """The positive class is answered from its threshold on; without one, above 0.5."""

    usual = "f1"

    def by_hand(self, said: Said) -> dict[str, float]:
        """Return the threshold of the positive class; of the other one, 1 less its threshold."""
        if not isinstance(said, Mapping):
            return {self.names[1]: check_threshold(said)}
        named = self._named(said)
        if len(named) != 1:
            raise ConfigError(
                f"`threshold` of two classes should be one number, that of {self.names[1]!r}. Found {dict(said)}."
            )
        ((name, value),) = named.items()
        return {self.names[1]: value if name == self.names[1] else 1 - value}

    def decide(
        self,
        prediction: Array,
        thresholds: Mapping[str, float],
        details: Mapping[str, Array],  # noqa: ARG002
    ) -> Array:
        """Return bool `[rows]`: the positive class."""
        if not thresholds:
            return np.asarray(prediction > 0.5)
        return np.asarray(prediction >= np.asarray(thresholds[self.names[1]], prediction.dtype))

    def choose(self, metric: str, prediction: Array, truth: Array) -> dict[str, float]:
        """Return the threshold of the positive class."""
        rows = ~np.isnan(truth)
        said, labels = prediction[rows].astype(np.float64), truth[rows].astype(np.int64)
        if not len(labels):
            return {}
        expected = corrected(np.stack([1 - said, said], axis=1), labels)[:, 1]
        return {self.names[1]: best_threshold(metric, said, expected)}

    def measure(self, metric: str, chosen: Array, truth: Array) -> Callable[[Floats], Floats]:
        """Return a function from weights to the metric."""
        own = np.stack([truth <= 0.5, truth > 0.5], axis=1).astype(np.float64)
        answered = np.stack([~chosen, chosen], axis=1).astype(np.float64)
        return lambda weights: METRICS[metric](
            Counts(weights @ (own * answered), weights @ answered, weights @ own)
        )
