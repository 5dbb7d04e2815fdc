"""The events of a training as figures by name and step, for programs that draw them.

A tracker never ends a training: where its program fails, say because a disk is full, it warns once and is silent from then on.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from torso.core.notes import warn
from torso.evaluation.report import TaskReport
from torso.training.listeners import Epoch, Listener

__all__ = ["Tracker", "figures_of"]

Figures = dict[str, float]


def figures_of(epoch: Epoch) -> Figures:
    """Return name -> figure of an epoch; those that are undefined are left out."""
    named: dict[str, float | None] = {
        **{f"loss/training/{task}": loss for task, loss in epoch.training.items()},
        **{f"loss/validation/{task}": loss for task, loss in epoch.validation.items()},
        **{
            f"{task}/{metric}": value
            for task, metrics in epoch.metrics.items()
            for metric, value in metrics.items()
        },
        **{f"weight/{task}": weight for task, weight in epoch.weights.items()},
        "time/seconds": epoch.seconds,
        "time/waited": epoch.waited,
        "rows": float(epoch.rows),
        "lr": epoch.lr,
        "balancing/overhead": epoch.overhead,
        "balancing/conflicts": epoch.conflicts,
    }
    return {n: value for n, value in named.items() if value is not None and math.isfinite(value)}


class Tracker(Listener, ABC):
    """Base of the listeners that pass figures on to another program."""

    title = ""
    """Name of the program, for messages."""

    def __init__(self) -> None:
        self._begun = self._failed = False

    @property
    @abstractmethod
    def look(self) -> str:
        """Return the command that shows the figures."""

    @abstractmethod
    def _begin(self) -> None:
        """Begin a run."""

    @abstractmethod
    def _settings(self, settings: Mapping[str, object]) -> None:
        """Take setting -> value, such as `training.lr` -> 0.001."""

    @abstractmethod
    def _figures(self, figures: Figures, epoch: int) -> None:
        """Take name -> figure of an epoch."""

    @abstractmethod
    def _scores(self, figures: Figures) -> None:
        """Take name -> figure of the finished run."""

    @abstractmethod
    def _end(self) -> None:
        """End the run, so that all is written."""

    def configured(self, config: Mapping[str, object]) -> None:
        """Pass the settings on."""
        self._try(lambda: self._settings(_flat(config)))

    def epoch_done(self, epoch: Epoch) -> None:
        """Pass the figures of the epoch on."""
        self._try(lambda: self._figures(figures_of(epoch), epoch.number))

    def judged(self, reports: Mapping[str, TaskReport]) -> None:
        """Pass the scores on, with the ends of the headline's interval and the baseline's value; end the run."""
        self._try(lambda: self._scores(_scores_of(reports)))
        self.close()

    def close(self) -> None:
        """End the run; the next event begins another."""
        if self._begun:
            self._try(self._end)
        self._begun = False

    def _try(self, act: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            if not self._begun:
                self._begin()
                self._begun = True
            act()
        except Exception as error:  # whatever another program raises
            self._failed = True
            warn(
                f"{self.title} takes no more figures; the training goes on without it. {type(error).__name__}: "
                f"{str(error)[:200]}"
            )


def _scores_of(reports: Mapping[str, TaskReport]) -> Figures:
    named: Figures = {}
    for task, report in reports.items():
        for metric, own in report.metrics.items():
            named[f"score/{task}/{metric}"] = own.value
        headline = report.metrics[report.headline]
        named[f"score/{task}/{report.headline}_low"] = headline.low
        named[f"score/{task}/{report.headline}_high"] = headline.high
        named[f"score/{task}/{report.headline}_baseline"] = report.baseline[report.headline]
    return {name: value for name, value in named.items() if math.isfinite(value)}


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return `training.lr` -> value, and so on; values that are left open are left out."""
    flat: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        elif value is not None:
            flat[name] = value if isinstance(value, bool | int | float | str) else str(value)
    return flat
