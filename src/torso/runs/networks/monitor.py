"""The figure that epochs are judged by where it is not the held-out loss: metrics of tasks, weighed."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torso.core.errors import ConfigError
from torso.core.notes import Telling
from torso.evaluation.report import TaskReport
from torso.model.model import Model
from torso.runs.schema.schema import Schema
from torso.runs.settings.figures import check_figures, figure_weights, task_of
from torso.tasks import Details, Judged, evaluate_task, fit_baseline, with_own_metrics
from torso.training import Answers
from torso.training.best import Best
from torso.training.config import LOSS

__all__ = ["Monitor", "MonitoredBest"]


class Monitor:
    """Measures the held-out rows after each epoch, for the log and for the choice of the epoch.

    Args:
        schema: fitted.
        monitor: the setting.
    """

    def __init__(self, schema: Schema, monitor: str | Mapping[str, float]) -> None:
        self.schema = schema
        self.weights = figure_weights(monitor)
        self.reports: Mapping[str, TaskReport] = {}

    @property
    def named(self) -> str:
        """The figures, as messages name them."""
        if [*self.weights.values()] == [1.0]:
            return next(iter(self.weights))
        return " + ".join(f"{weight:g} {name}" for name, weight in self.weights.items())

    def measure(self, model: Model, answers: Answers) -> dict[str, dict[str, float]]:
        """Return the headline metric of each task, and the metrics that are monitored."""
        self.reports = self._measured(model, answers, [])
        shown = {task: {report.headline} for task, report in self.reports.items()}
        for name in self.weights:
            if name != LOSS and (own := task_of(name, self.reports)) is not None:
                shown[own].add(name[len(own) + 1 :])
        return {
            task: {name: self.reports[task].metrics[name].value for name in sorted(names)}
            for task, names in shown.items()
        }

    def check(self, model: Model, answers: Answers) -> None:
        """Refuse a figure that these heads do not have, and a metric that fails, before the first step.

        Args:
            model: not trained yet.
            answers: its answers to some of the held-out rows.

        Raises:
            ConfigError: a figure is neither `loss` nor a metric of a task, or a function raises or returns no number.
        """
        reports = self._measured(model, answers, None)
        check_figures(self.weights, {task: [*reports[task].metrics] for task in reports})

    def _measured(
        self, model: Model, answers: Answers, told: list[str] | None
    ) -> dict[str, TaskReport]:
        """Return task -> its metrics on the rows, without intervals; all of them, where failures are not `told`."""
        reports = {}
        for task, (prediction, details) in answers.predictions(model).items():
            target = self.schema.targets[task]
            labels = answers.targets[task].numpy()
            truth = target.compared(labels)
            rows = Judged(
                prediction=target.compared_answers(prediction),
                truth=truth,
                baseline=fit_baseline(target.kind, truth, facts=target.judged_by()),
                details=target.compared_details(details, labels),
                names=target.names,
            )
            report = evaluate_task(
                target.kind,
                rows.prediction,
                rows.truth,
                rows.baseline,
                details=Details(rows.details, model.heads[task].level),
                resamples=0,
            )
            own = [
                metric
                for metric in self.schema.metrics[task]
                if told is None or f"{task}.{metric.name}" in self.weights
            ]
            reports[task] = with_own_metrics(report, own, rows, told)
        return reports

    def value(self, losses: Mapping[str, float]) -> float:
        """Return the figure of the rows that were measured last: more is better, NaN where undefined.

        Args:
            losses: task -> held-out loss.
        """
        return sum(weight * self._figure(name, losses) for name, weight in self.weights.items())

    def _figure(self, name: str, losses: Mapping[str, float]) -> float:
        if name == LOSS:
            return -sum(loss for loss in losses.values() if not math.isnan(loss))
        task = task_of(name, self.reports)
        assert task is not None
        metric = name[len(task) + 1 :]
        report = self.reports[task]
        value = report.metrics[metric].value
        return value if report.higher_is_better(metric) else -value


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
        return Telling(
            f"Chosen by {self.monitor.named} on held-out rows: epoch {self.epoch}, {abs(self.loss):.4g}."
        )
