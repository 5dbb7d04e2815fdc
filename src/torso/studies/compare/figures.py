"""The figures of two contenders, task by task and over all tasks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from torso.evaluation.estimate import Estimate
from torso.studies.compare.differences import Weighed, relative, weighed
from torso.studies.compare.result import OVERALL, TaskDifference
from torso.studies.paired import Draws

__all__ = ["Figures"]


@dataclass(frozen=True, eq=False)
class Figures:
    """Metrics of both contenders, `[.., tasks]`."""

    first: Draws
    second: Draws
    signs: np.ndarray
    skills: np.ndarray

    def task(self, at: int, task: str, metric: str, kind: str, units: np.ndarray) -> TaskDifference:
        """Return the difference of one task."""
        sign, count = self.signs[at], len(np.unique(units))
        first, second = self.first, self.second
        value = float(sign * (second.mean[at] - first.mean[at]))
        seeds = first.point[:, at], second.point[:, at]
        own = weighed(
            value, sign * (second.resampled[:, at] - first.resampled[:, at]), seeds, count
        )
        delta = self._relative([at], count)
        return TaskDifference(
            task=task,
            kind=kind,
            metric=metric,
            labels=len(units),
            first=float(first.mean[at]),
            second=float(second.mean[at]),
            seeds=(_ends(seeds[0]), _ends(seeds[1])),
            difference=own.difference,
            delta_m=delta.difference,
            over_rows=own.over_rows,
            over_seeds=own.over_seeds,
            p=own.p,
            p_holm=own.p,
            verdict="undefined",
        )

    def overall(self, rows: int, units: int) -> TaskDifference:
        """Return Δm over the tasks where it is defined."""
        nothing = float("nan")
        whole = relative(self.first.mean, self.second.mean, self.signs, self.skills)
        known = [int(at) for at in np.flatnonzero(np.isfinite(whole))]
        own = self._relative(known, units)
        return TaskDifference(
            task=OVERALL,
            kind="",
            metric="",
            labels=rows,
            first=nothing,
            second=nothing,
            seeds=((nothing, nothing), (nothing, nothing)),
            difference=Estimate(nothing),
            delta_m=own.difference,
            over_rows=own.over_rows,
            over_seeds=own.over_seeds,
            p=own.p,
            p_holm=own.p,
            verdict="undefined",
        )

    def _relative(self, tasks: list[int], units: int) -> Weighed:
        """Return Δm over some tasks."""
        signs, skills = self.signs[tasks], self.skills[tasks]

        def mean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            if not tasks:
                return np.full(np.broadcast(first, second).shape[:-1], np.nan)
            return np.asarray(relative(first, second, signs, skills).mean(axis=-1))

        ours, theirs = self.first.mean[tasks], self.second.mean[tasks]
        return weighed(
            float(mean(ours, theirs)),
            mean(self.first.resampled[:, tasks], self.second.resampled[:, tasks]),
            (mean(self.first.point[:, tasks], theirs), mean(ours, self.second.point[:, tasks])),
            units,
        )


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())
