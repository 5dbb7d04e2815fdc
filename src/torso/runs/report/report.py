"""Results of a run as frozen values: scores, curves, usage, balancing, notes, timings. It is `metrics.json`.

>>> from torso.evaluation.report import Estimate, TaskReport
>>> loud = TaskReport("binary", 90, 80, None, "accuracy", {"accuracy": Estimate(0.9, 0.8, 0.95)}, {"accuracy": 0.6})
>>> report = RunReport(split="test", tasks={"loud": loud}, usage=Usage(), training=TrainingReport())
>>> report.scores()[["task", "metric", "value", "baseline", "verdict"]].to_dict("records")
[{'task': 'loud', 'metric': 'accuracy', 'value': 0.9, 'baseline': 0.6, 'verdict': 'better'}]
>>> RunReport.from_dict(report.to_dict()) == report
True
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from torso._version import __version__
from torso.core.fields import check_fields
from torso.core.whole_files import Json, finite
from torso.evaluation.report import Estimate, TaskReport
from torso.runs.report.decision_report import DecisionReport
from torso.runs.report.patterns import Pattern
from torso.tables.alike import require_pandas
from torso.training.listeners import Epoch

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BalancingReport", "BlendReport", "RunReport", "Timings", "TrainingReport", "Usage"]


@dataclass(frozen=True)
class Usage:
    """Rows and labels that a run used.

    Attributes:
        rows: part (`training`, `validation`, `test`) -> its rows.
        rows_trained: training rows with at least one label; validation rows count where several networks learn.
        labels: part -> task -> rows with a label.
        training_rows_with: modality -> training rows that have it.
        skipped_cells: column -> cells that counted as missing although they held something.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    rows_trained: int = 0
    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    training_rows_with: Mapping[str, int] = field(default_factory=dict)
    skipped_cells: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BalancingReport:
    """Looks of the balancer at the tasks' gradients, over the whole training.

    Attributes:
        looks: their number.
        overhead: their time as a share of plain steps; None without any.
        conflicts: share of looks with two gradients of negative inner product; None without looks.
        weights_first_epoch: task -> loss weight after the first epoch, where the balancer has any.
        weights_last_epoch: likewise, after the last.
    """

    looks: int = 0
    overhead: float | None = None
    conflicts: float | None = None
    weights_first_epoch: Mapping[str, float] = field(default_factory=dict)
    weights_last_epoch: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Timings:
    """Wall time of a run's steps, in seconds."""

    preparing: float = 0.0
    training: float = 0.0
    evaluating: float = 0.0


@dataclass(frozen=True)
class TrainingReport:
    """Course of a training.

    Attributes:
        end: why it ended.
        epochs: their number.
        best_epoch: the epoch whose weights were kept, or with `select: tasks` the last that was best for a task.
        best_loss: its held-out loss, added up over tasks; None if no epoch was completed.
        parameters: numbers in the model's weights.
        balancing: looks at the tasks' gradients.
        seconds: wall times.
        networks: their number; each but the first learned from other folds.
    """

    end: str = ""
    epochs: int = 0
    best_epoch: int = 0
    best_loss: float | None = None
    parameters: int = 0
    balancing: BalancingReport = BalancingReport()
    seconds: Timings = Timings()
    networks: int = 1


@dataclass(frozen=True)
class BlendReport:
    """Parts of one task's answer, on the rows of its scores.

    Attributes:
        metric: that the figures are of.
        share: of the plain models in the answer.
        weights: plain model -> its weight among them.
        network: metric of the network alone.
        plain: metric of the plain models alone.
        over_network: by how much the answer is better than the network's, with a paired 95 % interval.
        over_plain: by how much it is better than that of the plain models.
        constant: share of what is said without inputs; network and plain models have the rest.
    """

    metric: str
    share: float
    weights: Mapping[str, float]
    network: float
    plain: float
    over_network: Estimate
    over_plain: Estimate
    constant: float = 0.0

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        own: Json = asdict(self)
        return {
            **own,
            "over_network": self.over_network.to_dict(),
            "over_plain": self.over_plain.to_dict(),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> BlendReport:
        """Return the report that `to_dict` wrote."""
        differences = {
            name: Estimate.from_dict(saved[name]) for name in ("over_network", "over_plain")
        }
        numbers = {name: _numbers(saved[name]) for name in ("network", "plain")}
        return cls(**{**saved, **differences, **numbers})


@dataclass(frozen=True, repr=False)
class RunReport:
    """Results of a run.

    Attributes:
        split: part of the rows that `tasks` is about: `test`, or `validation` where there are no test rows.
        tasks: task -> its scores with intervals, beside the baseline.
        usage: rows and labels.
        training: course of the training.
        curves: results of each epoch.
        notes: what the user should know: leaks, columns left out, tasks with little say in the shared gradient.
        baselines: task -> what a predictor that sees no input learned from the training rows.
        blend: task -> network and plain models, each alone and together; without the tasks that only a network answers.
        decisions: task -> thresholds that its answers go by, and what they gain; without the tasks that have none.
        patterns: sets of modalities that held-out rows lack, with their scores; empty if an earlier version wrote the run.
        torso: version that wrote it.
    """

    split: str
    tasks: Mapping[str, TaskReport]
    usage: Usage
    training: TrainingReport
    curves: tuple[Epoch, ...] = ()
    notes: tuple[str, ...] = ()
    baselines: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    blend: Mapping[str, BlendReport] = field(default_factory=dict)
    decisions: Mapping[str, DecisionReport] = field(default_factory=dict)
    patterns: tuple[Pattern, ...] = ()
    torso: str = __version__

    def __repr__(self) -> str:
        """Return a line per task and the facts of the training; `to_dict()` has everything."""
        course = self.training
        heading = f"RunReport on {self.usage.rows.get(self.split, 0):,} {self.split} rows, {course.epochs} epochs ({course.end})"
        return "\n".join(
            [heading, *(f"  {task}: {report!r}" for task, report in self.tasks.items())]
        )

    def scores(self) -> pd.DataFrame:
        """Return a frame with one row per task and metric, the headline first.

        Columns: `task`, `kind`, `metric`, `headline` (True for the metric to quote), `better` (`higher` or
        `lower`), `value`, `low`, `high` (95 % interval, NaN where undefined), `baseline`, `verdict`, `labels`,
        `split`, `positive` (the class that F1 speaks of, where there are two).

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of scores (`metrics` has them as values)")
        import pandas as pd

        rows = [
            {
                "task": task,
                "kind": report.kind,
                "metric": metric,
                "headline": metric == report.headline,
                "better": "higher" if report.higher_is_better(metric) else "lower",
                "value": report.metrics[metric].value,
                "low": report.metrics[metric].low,
                "high": report.metrics[metric].high,
                "baseline": report.baseline[metric],
                "verdict": report.verdict(metric),
                "labels": report.labels,
                "split": self.split,
                "positive": report.positive,
            }
            for task, report in self.tasks.items()
            for metric in sorted(report.metrics, key=lambda name: name != report.headline)
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold: no NaN, no tuples."""
        return {
            "torso": self.torso,
            "split": self.split,
            "tasks": {task: report.to_dict() for task, report in self.tasks.items()},
            "usage": asdict(self.usage),
            "training": finite(asdict(self.training)),
            "curves": [finite(epoch.to_dict()) for epoch in self.curves],
            "notes": list(self.notes),
            "baselines": finite(self.baselines),
            "decisions": {task: report.to_dict() for task, report in self.decisions.items()},
            "blend": finite({task: report.to_dict() for task, report in self.blend.items()}),
            "patterns": [pattern.to_dict() for pattern in self.patterns],
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RunReport:
        """Return the report that `to_dict` wrote, or that an earlier version wrote without curves and notes.

        Raises:
            KeyError: a part of it is absent.
            TypeError: a part of it is of another form.
        """
        training = dict(saved["training"])
        balancing = BalancingReport(**training.pop("balancing"))
        seconds = Timings(**training.pop("seconds"))
        report = cls(
            split=saved["split"],
            tasks={task: TaskReport.from_dict(report) for task, report in saved["tasks"].items()},
            usage=Usage(**saved["usage"]),
            training=TrainingReport(**training, balancing=balancing, seconds=seconds),
            curves=tuple(read_epoch(epoch) for epoch in saved.get("curves", ())),
            notes=tuple(saved.get("notes", ())),
            baselines=saved.get("baselines", {}),
            blend={
                task: BlendReport.from_dict(report)
                for task, report in saved.get("blend", {}).items()
            },
            decisions={
                task: DecisionReport.from_dict(report)
                for task, report in saved.get("decisions", {}).items()
            },
            patterns=tuple(Pattern.from_dict(each) for each in saved.get("patterns", ())),
            torso=saved["torso"],
        )
        check_fields(report)
        return report


_COLUMNS = [
    "task",
    "kind",
    "metric",
    "headline",
    "better",
    "value",
    "low",
    "high",
    "baseline",
    "verdict",
    "labels",
    "split",
    "positive",
]


def read_epoch(saved: Mapping[str, Any]) -> Epoch:
    """Return the epoch that `Epoch.to_dict` wrote; null stands for NaN among its losses and metrics."""
    known = {name: value for name, value in saved.items() if name in Epoch.__dataclass_fields__}
    for name in ("training", "validation", "metrics"):
        known[name] = _numbers(known[name])
    return Epoch(**known)


def _numbers(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _numbers(inner) for key, inner in value.items()}
    return math.nan if value is None else value
