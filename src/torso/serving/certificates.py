"""The certificate that goes with each answer: scores on held-out rows with the same gaps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from torso.runs.report.patterns import FEW, Pattern, absent_sets, lacks

if TYPE_CHECKING:
    from torso.evaluation.report import TaskReport
from torso.serving.values import Json

__all__ = ["Certificates", "headline"]


class Certificates:
    """Certificates of all patterns of gaps, as JSON values.

    >>> Certificates([], ["note", "photo"]).of(("photo",))["words"]
    'no held-out row lacked the same, so such answers were never judged'

    Args:
        patterns: of the run's report.
        modalities: of the run.
    """

    def __init__(self, patterns: Sequence[Pattern], modalities: Sequence[str]) -> None:
        self._modalities = tuple(modalities)
        self._known: dict[tuple[str, ...], Json] = {}
        for pattern in patterns:  # rows that lacked it by themselves come first
            self._known.setdefault(tuple(pattern.absent), self._written(pattern))

    def of(self, absent: tuple[str, ...]) -> Json:
        """Return the certificate of rows that lack these modalities, sorted."""
        return self._known.get(absent) or _unjudged(absent)

    def unjudged(self, present: Mapping[str, NDArray[np.bool_]]) -> int:
        """Return the number of rows with gaps that no held-out row had.

        Args:
            present: modality -> bool `[rows]`: the row has it.
        """
        sets = absent_sets(dict(present))
        return sum(len(rows) for absent, rows in sets if absent not in self._known)

    def all(self) -> list[Json]:
        """Return the certificates of all patterns that were judged."""
        return [*self._known.values()]

    def _written(self, pattern: Pattern) -> Json:
        how = ", from which they were taken" if pattern.made else ""
        name = lacks(pattern.absent, self._modalities)
        return {
            "absent": list(pattern.absent),
            "judged": True,
            "made": pattern.made,
            "rows": pattern.rows,
            "words": f"on {pattern.rows:,} held-out rows {name}{how}",
            "tasks": {task: _of_task(report) for task, report in pattern.tasks.items()},
        }


def _unjudged(absent: Sequence[str]) -> Json:
    return {
        "absent": list(absent),
        "judged": False,
        "made": False,
        "rows": 0,
        "words": "no held-out row lacked the same, so such answers were never judged",
        "tasks": {},
    }


def headline(report: TaskReport) -> Json:
    """Return a task's headline with its interval, its baseline and the verdict, as JSON values."""
    return {
        "metric": report.headline,
        **_estimate(report.metrics, report.headline),
        "baseline": _finite(report.baseline.get(report.headline)),
        "labels": report.labels,
        "verdict": "too few labels" if report.labels < FEW else report.verdict(),
    }


def _of_task(report: TaskReport) -> Json:
    written = headline(report)
    if "coverage" in report.promised and "coverage" in report.metrics:
        written["coverage"] = {
            **_estimate(report.metrics, "coverage"),
            "promised": _finite(report.promised["coverage"][0]),
            "verdict": "too few labels" if report.labels < FEW else report.verdict("coverage"),
        }
    return written


def _estimate(metrics: Mapping[str, object], name: str) -> Json:
    return {end: _finite(getattr(metrics[name], end)) for end in ("value", "low", "high")}


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)
