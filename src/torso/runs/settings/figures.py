"""Names of the figures that epochs are judged by, `training.monitor`, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from torso.core.cures import setting
from torso.core.errors import ConfigError, nearest
from torso.core.spec import Settings
from torso.training.config import LOSS

__all__ = ["check_figures", "direction_notes", "figure_weights", "task_of"]

_NEVER = ("coverage",)
"""Metrics of which neither more nor less is better."""
_OF_DETAILS = ("log_loss", "interval_score")
"""Metrics that some heads of a kind have: whether this one has them is seen before the first step."""


def figure_weights(monitor: str | Mapping[str, float]) -> dict[str, float]:
    """Return figure -> weight."""
    return {monitor: 1.0} if isinstance(monitor, str) else dict(monitor)


def task_of(figure: str, tasks: Iterable[str]) -> str | None:
    """Return the task that a figure is of; the longest name that fits, since names may hold dots."""
    fitting = [task for task in tasks if figure.startswith(f"{task}.")]
    return max(fitting, key=len, default=None)


def check_figures(
    monitor: str | Mapping[str, float],
    metrics: Mapping[str, Collection[str]],
    *,
    measured: bool = True,
) -> None:
    """Refuse a figure that no task has.

    >>> check_figures("price.ma", {"price": ["r2", "mae"]})
    Traceback (most recent call last):
    torso.core.errors.ConfigError: `training.monitor`: Unknown figure 'price.ma'. Did you mean 'price.mae'? Known: \
['loss', 'price.r2', 'price.mae'].

    Args:
        monitor: the setting.
        metrics: task -> its metrics; none where they are not known yet.
        measured: whether they were measured; else those that hang on the head are let through.

    Raises:
        ConfigError: neither `loss` nor a task and one of its metrics.
    """
    open_names = () if measured else _OF_DETAILS
    for figure in figure_weights(monitor):
        task = task_of(figure, metrics)
        if figure == LOSS or (task is not None and not metrics[task]):
            continue
        known = {*open_names, *([] if task is None else metrics[task])} - {*_NEVER}
        if task is not None and figure[len(task) + 1 :] in known:
            continue
        near = _near(figure, metrics)
        if near or all(metrics.values()):  # else it is asked again once all kinds are known
            raise _unknown_figure(figure, metrics, near)


def direction_notes(targets: Mapping[str, Settings]) -> list[str]:
    """Return a sentence about each task whose own metrics are counted as better the higher they are, unasked.

    >>> print(*direction_notes({"digit": {"metrics": ["mine:top3"]}}))
    Metrics of 'digit': mine:top3 is taken as better the higher it is. If lower is better: \
--set 'targets.digit.metrics={"mine:top3": "lower"}'
    """
    notes = []
    for task, spec in targets.items():
        if paths := [
            path for path in spec.get("metrics") or () if isinstance(spec["metrics"], list)
        ]:
            cure = setting(f"targets.{task}.metrics", dict.fromkeys(paths, "lower"))
            notes.append(
                f"Metrics of {task!r}: {', '.join(paths)} {'is' if len(paths) == 1 else 'are'} taken as better the higher "
                f"{'it is' if len(paths) == 1 else 'they are'}. If lower is better: {cure}"
            )
    return notes


def _unknown_figure(
    figure: str, metrics: Mapping[str, Collection[str]], near: str | None
) -> ConfigError:
    task = task_of(figure, metrics)
    some = metrics if task is None else {task: metrics[task]}
    known = [f"{task}.{name}" for task in some for name in some[task] if name not in _NEVER]
    known += [f"{task}.METRIC" for task in some if not some[task]]
    hint = f" Did you mean {near!r}?" if near else ""
    return ConfigError(
        f"`training.monitor`: Unknown figure {figure!r}.{hint} Known: {[LOSS, *known]}."
    )


def _near(figure: str, metrics: Mapping[str, Collection[str]]) -> str | None:
    """Return the figure that is meant by one that lacks its task, or that is written nearly so."""
    said, dot, metric = figure.rpartition(".")
    names = [f"{task}.{name}" for task in metrics for name in metrics[task] if name not in _NEVER]
    names += [f"{task}.{metric}" for task in metrics if dot and said and not metrics[task]]
    ends = [name for name in names if name.endswith((f".{figure}", f".{figure.lower()}"))]
    return next(iter(ends), None) or nearest(figure, [LOSS, *names])
