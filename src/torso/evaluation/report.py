"""The evaluation of one task, as plain values that go to JSON and back.

An undefined number (no labels, AUROC with one class, R² of a constant) is NaN here and `null` in JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torso.evaluation.estimate import Estimate, number_in, number_out
from torso.evaluation.wording import estimate_text, number_text

__all__ = ["Estimate", "TaskReport", "Verdict"]

Verdict = Literal["better", "no better", "worse", "kept", "too narrow", "too wide", "too few"]

_FEWEST = 6
"""Labels, or groups of them, for a verdict: of fewer no exact test can tell anything at 5 %, yet a bootstrap seems to."""


@dataclass(frozen=True, slots=True, repr=False)
class TaskReport:
    """One task on some rows.

    Attributes:
        kind: kind of target.
        rows: rows evaluated.
        labels: rows among them with at least one known label; only these are scored and resampled.
        groups: number of groups among the labelled rows where whole groups were resampled, else None.
        headline: the metric to quote when there is room for one.
        metrics: metric -> estimate.
        baseline: metric -> what the input-blind baseline reaches on the same rows.
        against: what the baseline is called, e.g. `"majority"`.
        errors: the metrics of which less is better.
        promised: metric -> the least and the most that it should be, for coverage; it is judged by that, not
            by the baseline.
        by_name: class, dimension or label -> metric -> estimate.
        positive: the class that F1 and average precision speak of, where there are two; else empty.
    """

    kind: str
    rows: int
    labels: int
    groups: int | None
    headline: str
    metrics: Mapping[str, Estimate]
    baseline: Mapping[str, float]
    against: str = "majority"
    errors: tuple[str, ...] = ()
    promised: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    by_name: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    positive: str = ""

    def __repr__(self) -> str:
        """Return one line about the headline; `metrics` and `to_dict()` have all numbers."""
        metric = self.headline
        value = estimate_text(self.metrics[metric])
        return (
            f"<TaskReport {self.kind}: {metric} {value}, baseline {number_text(self.baseline[metric])}, "
            f"{self.verdict() or 'undefined'}; {self.labels:,} labels in {self.rows:,} rows>"
        )

    def higher_is_better(self, metric: str | None = None) -> bool:
        """Return whether more of `metric` is better, by default of the headline."""
        return (metric or self.headline) not in self.errors

    def verdict(self, metric: str | None = None) -> Verdict | None:
        """Compare the interval of `metric` (default: the headline) with the baseline's value.

        Returns:
            `"better"` or `"worse"` where the whole interval lies on that side of the baseline,
            `"no better"` where the baseline lies inside, None where either is undefined. Of a promised metric
            (the share of labels that intervals hold) `"too narrow"` or `"too wide"` where the whole interval lies
            below or above the promise, else `"kept"`. `"too few"` of fewer than 6 labels, or groups of them.
        """
        metric = metric or self.headline
        estimate, baseline = self.metrics[metric], self.baseline[metric]
        promised = self.promised.get(metric)
        known = [estimate.low, estimate.high, *([] if promised else [baseline])]
        if not all(map(math.isfinite, known)):
            return None
        if (self.labels if self.groups is None else self.groups) < _FEWEST:
            return "too few"
        if promised:
            if estimate.high < promised[0]:
                return "too narrow"
            return "too wide" if estimate.low > promised[1] else "kept"
        if estimate.low <= baseline <= estimate.high:
            return "no better"
        return "better" if (estimate.low > baseline) == self.higher_is_better(metric) else "worse"

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping that JSON can hold: no NaN, no tuples."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "labels": self.labels,
            "groups": self.groups,
            "headline": self.headline,
            "metrics": {name: estimate.to_dict() for name, estimate in self.metrics.items()},
            "baseline": {name: number_out(value) for name, value in self.baseline.items()},
            "against": self.against,
            "errors": list(self.errors),
            "promised": {name: list(bounds) for name, bounds in self.promised.items()},
            "by_name": {
                name: {metric: estimate.to_dict() for metric, estimate in parts.items()}
                for name, parts in self.by_name.items()
            },
            "positive": self.positive,
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> TaskReport:
        """Return the report that `to_dict` wrote.

        Raises:
            KeyError: a metric, or the headline, has no value or no baseline.
        """
        for metric in (saved["headline"], *saved["metrics"]):
            _ = saved["metrics"][metric], saved["baseline"][metric]
        return cls(
            kind=saved["kind"],
            rows=saved["rows"],
            labels=saved["labels"],
            groups=saved["groups"],
            headline=saved["headline"],
            metrics={name: Estimate.from_dict(value) for name, value in saved["metrics"].items()},
            baseline={name: number_in(value) for name, value in saved["baseline"].items()},
            against=saved["against"],
            errors=tuple(saved["errors"]),
            promised={name: (low, high) for name, (low, high) in saved.get("promised", {}).items()},
            by_name={
                name: {metric: Estimate.from_dict(value) for metric, value in parts.items()}
                for name, parts in saved["by_name"].items()
            },
            positive=saved.get("positive", ""),  # reports of before lack it
        )
