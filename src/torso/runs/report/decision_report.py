"""Thresholds of a task and their gain, as `metrics.json` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torso.core.spec import Settings
from torso.core.whole_files import finite
from torso.evaluation.estimate import Estimate, number_in

__all__ = ["DecisionReport"]


@dataclass(frozen=True)
class DecisionReport:
    """Thresholds of one task, and a metric of its answers with and without them, on the rows of its scores.

    Attributes:
        thresholds: class or label -> its threshold.
        metric: of the figures: the one that the thresholds were chosen for.
        chosen: on held-out rows; False if they were set by hand.
        before: metric of the answers without them.
        after: metric of the answers by them.
        gain: by how much these are better, with a paired 95 % interval.
    """

    thresholds: Mapping[str, float]
    metric: str
    chosen: bool
    before: float
    after: float
    gain: Estimate

    def to_dict(self) -> dict[str, object]:
        """Return a mapping that JSON can hold."""
        own = {name: getattr(self, name) for name in ("metric", "chosen", "before", "after")}
        saved = {"thresholds": dict(self.thresholds), **own, "gain": self.gain.to_dict()}
        known: dict[str, object] = {name: finite(value) for name, value in saved.items()}
        return known

    @classmethod
    def from_dict(cls, saved: Settings) -> DecisionReport:
        """Return the report that `to_dict` wrote."""
        numbers = {name: number_in(saved[name]) for name in ("before", "after")}
        return cls(**{**saved, **numbers, "gain": Estimate.from_dict(saved["gain"])})
