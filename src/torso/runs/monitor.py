"""The figure that epochs are judged by where it is not the held-out loss: metrics of tasks, weighed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from torso.core.errors import ConfigError, unknown
from torso.evaluation.report import TaskReport
from torso.model.model import Model
from torso.runs.schema import Schema
from torso.tasks import evaluate_task, fit_baseline
from torso.training import Answers
from torso.training.best import Best
from torso.training.config import LOSS

__all__ = ["Monitor", "MonitoredBest", "check_monitor"]


def check_monitor(monitor: str | Mapping[str, float], tasks: Collection[str]) -> None:
    """Refuse a figure that is of no task.

    Raises:
        ConfigError: neither `loss` nor a task and its metric.
    """
    for name in _weights(monitor):
        if name != LOSS and _task(name, tasks) is None:
            raise ConfigError(
                f"`training.monitor` should be `loss` or TASK.METRIC. "
                f"{unknown('task', name.rpartition('.')[0] or name, tasks)}"
            )


class Monitor:
    """Measures the held-out rows after each epoch, for the log and for the choice of the epoch.

    Args:
        schema: fitted.
        monitor: the setting.
    """

    def __init__(self, schema: Schema, monitor: str | Mapping[str, float]) -> None:
        self.schema = schema
        self.weights = _weights(monitor)
        self.reports: Mapping[str, TaskReport] = {}

    @property
    def named(self) -> str:
        """The figures, as messages name them."""
        if [*self.weights.values()] == [1.0]:
            return next(iter(self.weights))
        return " + ".join(f"{weight:g} {name}" for name, weight in self.weights.items())

    def measure(self, model: Model, answers: Answers) -> dict[str, dict[str, float]]:
        """Return the headline metric of each task, and the metrics that are monitored."""
        self.reports = {}
        for task, (prediction, details) in answers.predictions(model).items():
            target = self.schema.targets[task]
            labels = answers.targets[task].numpy()
            truth = target.compared(labels)
            self.reports[task] = evaluate_task(
                target.kind,
                target.compared_answers(prediction),
                truth,
                fit_baseline(target.kind, truth, facts=target.judged_by()),
                details=target.compared_details(details, labels),
                resamples=0,
            )
        shown = {task: {report.headline} for task, report in self.reports.items()}
        for name in self.weights:
            if name != LOSS and (own := _task(name, self.reports)) is not None:
                shown[own].add(self._metric(name, own))
        return {
            task: {name: self.reports[task].metrics[name].value for name in sorted(names)}
            for task, names in shown.items()
        }

    def value(self, losses: Mapping[str, float]) -> float:
        """Return the figure of the rows that were measured last: more is better, NaN where undefined.

        Args:
            losses: task -> held-out loss.
        """
        return sum(weight * self._figure(name, losses) for name, weight in self.weights.items())

    def _figure(self, name: str, losses: Mapping[str, float]) -> float:
        if name == LOSS:
            return -sum(loss for loss in losses.values() if not math.isnan(loss))
        task = _task(name, self.reports)
        assert task is not None
        metric = self._metric(name, task)
        report = self.reports[task]
        value = report.metrics[metric].value
        return value if report.higher_is_better(metric) else -value

    def _metric(self, name: str, task: str) -> str:
        metric, metrics = name[len(task) + 1 :], self.reports[task].metrics
        if metric not in metrics:
            raise ConfigError(
                f"`training.monitor`: {unknown(f'metric of {task!r}', metric, metrics)}"
            )
        return metric


class MonitoredBest(Best):
    """Keeps the weights of the epoch that is best by a monitor.

    Args:
        model: whose weights.
        monitor: has measured the epoch when it is looked at.
    """

    def __init__(self, model: Model, monitor: Monitor) -> None:
        super().__init__(model, of_tasks=False)
        self.monitor = monitor

    def look(self, losses: Mapping[str, float], epoch: int) -> bool:
        """Keep the weights as they are if they are the best so far.

        Raises:
            ConfigError: the figure is undefined on these rows before there are any weights.
        """
        value = self.monitor.value(losses)
        if math.isnan(value) and not self.epoch:
            raise ConfigError(
                f"`training.monitor`: {self.monitor.named} is undefined on the held-out rows. Give `data.split.validation` "
                "a larger share, or monitor another metric."
            )
        return super().look({"": math.inf if math.isnan(value) else -value}, epoch)

    def told(self) -> str:
        """Return the note about the epoch that is kept."""
        return f"Chosen by {self.monitor.named} on held-out rows: epoch {self.epoch}, {abs(self.loss):.4g}."


def _weights(monitor: str | Mapping[str, float]) -> dict[str, float]:
    return {monitor: 1.0} if isinstance(monitor, str) else dict(monitor)


def _task(name: str, tasks: Collection[str]) -> str | None:
    """Return the task that a figure is of; the longest name that fits, since names may hold dots."""
    fitting = [task for task in tasks if name.startswith(f"{task}.")]
    return max(fitting, key=len, default=None)
