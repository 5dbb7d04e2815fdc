"""Losses, headline metrics, loss weights and learning rate over the epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from torso.evaluation.wording import number_text
from torso.reports.charts import Series, line_panel
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, legend, metric_text
from torso.training import Epoch

__all__ = ["curves"]

_MOST_PANELS = 24


def curves(context: Context) -> Section | None:
    """Return the curves; None if no run has any, as those of an early version."""
    say = context.say
    if not any(run.report.curves for run in context.runs):
        return None
    tasks = context.tasks()
    cut = None
    if len(tasks) > _MOST_PANELS:
        cut = element("p", say("curves.cut", shown=_MOST_PANELS, count=len(tasks)), class_="told")
    without = [run.name for run in context.runs if not run.report.curves]
    missing = element("p", say("curves.none", runs=", ".join(without))) if without else None
    body: list[Content] = [missing, cut, _losses(context), _metrics(context), _weights(context)]
    return Section("curves", say("curves.title"), body)


def _losses(context: Context) -> Html:
    say = context.say
    rows = [
        (run.name, task, epoch.number, part, value)
        for run in context.runs
        for epoch in run.report.curves
        for part, losses in (("training", epoch.training), ("validation", epoch.validation))
        for task, value in losses.items()
    ]
    panels = [
        line_panel(
            task,
            [line for run in context.runs for line in _loss_lines(context, run, task)],
            x_name=say("curves.epoch"),
            described=_described(context, task, lambda epoch, task: epoch.validation.get(task)),
            marked=_kept(context),
        )
        for task in context.tasks()[:_MOST_PANELS]
    ]
    if context.several:
        entries = [(run.name, run.colour, "line") for run in context.runs]
        entries.append((say("curves.dashed"), 0, "dashed"))
    else:
        entries = [(say("curves.validation"), 1, "line"), (say("curves.training"), 2, "dashed")]
    return context.figure(
        Figure("losses", ("run", "task", "epoch", "part", "loss"), rows),
        [legend(*entries), _grid(context, panels)],
        title=say("curves.losses"),
        about=say("curves.losses_about"),
    )


def _loss_lines(context: Context, run: Material, task: str) -> list[Series]:
    say, epochs = context.say, run.report.curves
    name = f"{run.name} " if context.several else ""
    second = run.colour if context.several else 2
    lines = [
        Series(
            name + say("curves.validation"),
            [(e.number, e.validation[task]) for e in epochs if task in e.validation],
            run.colour,
        ),
        Series(
            name + say("curves.training"),
            [(e.number, e.training[task]) for e in epochs if task in e.training],
            second,
            dashed=True,
        ),
    ]
    return [line for line in lines if line.points]


def _metrics(context: Context) -> Html | None:
    """Return the headline metric of each task on the validation rows."""
    say = context.say

    def value(epoch: Epoch, task: str) -> float | None:
        return epoch.metrics.get(task, {}).get(headlines[task])

    headlines = {
        task: report.headline for run in context.runs for task, report in run.report.tasks.items()
    }
    kinds = {task: report.kind for run in context.runs for task, report in run.report.tasks.items()}
    rows = [
        (run.name, task, headlines[task], epoch.number, number)
        for run in context.runs
        for epoch in run.report.curves
        for task in run.report.tasks
        if (number := value(epoch, task)) is not None
    ]
    if not rows:
        return None
    seen = {row[1] for row in rows}
    panels = [
        line_panel(
            f"{task}, {metric_text(say, kinds[task], headlines[task])}",
            _lines(context, task, value),
            x_name=say("curves.epoch"),
            described=_described(context, task, value),
            marked=_kept(context),
        )
        for task in context.tasks()[:_MOST_PANELS]
        if task in seen
    ]
    keys = (
        legend(*((run.name, run.colour, "line") for run in context.runs))
        if context.several
        else None
    )
    return context.figure(
        Figure("metrics", ("run", "task", "metric", "epoch", "value"), rows),
        [keys, _grid(context, panels)],
        title=say("curves.metrics"),
        about=say("curves.metrics_about"),
    )


def _lines(
    context: Context, task: str, value: Callable[[Epoch, str], float | None]
) -> list[Series]:
    lines = []
    for run in context.runs:
        points = [
            (e.number, number) for e in run.report.curves if (number := value(e, task)) is not None
        ]
        if points:
            lines.append(Series(run.name, points, run.colour))
    return lines


def _weights(context: Context) -> Html:
    """Return the loss weights over the epochs where they moved, in words where they did not; and the rate."""
    say = context.say
    rows = [
        (run.name, epoch.number, epoch.lr, *pair)
        for run in context.runs
        for epoch in run.report.curves
        for pair in epoch.weights.items()
    ]
    moved = [run for run in context.runs if _moves(run)]
    still = [run for run in context.runs if run.report.curves and run not in moved]
    words = [element("p", _still(context, run)) for run in still]
    panels = []
    for run in moved:
        tasks = list(run.report.curves[-1].weights)[:8]
        panels.append(
            _legended(
                line_panel(
                    say("curves.weights_of", run=run.name)
                    if context.several
                    else say("curves.weights"),
                    [
                        Series(
                            task,
                            [(e.number, e.weights.get(task, math.nan)) for e in run.report.curves],
                            1 + number,
                        )
                        for number, task in enumerate(tasks)
                    ],
                    x_name=say("curves.epoch"),
                    described=say("curves.weights_described", run=run.name),
                ),
                tasks,
            )
        )
    panels.append(
        line_panel(
            say("curves.rate"),
            [
                Series(run.name, [(e.number, e.lr) for e in run.report.curves], run.colour)
                for run in context.runs
                if run.report.curves
            ],
            x_name=say("curves.epoch"),
            described=say("curves.rate_described"),
        )
    )
    columns = ("run", "epoch", "rate", "task", "weight")
    return context.figure(
        Figure("weights", columns, rows),
        [words, element("div", map(Html, panels), class_="panels")],
        title=say("curves.weights_title"),
    )


def _legended(panel: Html, tasks: Sequence[str]) -> Html:
    """Return a panel above the names of its lines."""
    keys = legend(*((task, 1 + number, "line") for number, task in enumerate(tasks)))
    return element("div", panel, keys)


def _moves(run: Material) -> bool:
    seen: dict[str, set[float]] = {}
    for epoch in run.report.curves:
        for task, weight in epoch.weights.items():
            seen.setdefault(task, set()).add(round(weight, 6))
    return any(len(weights) > 1 for weights in seen.values())


def _still(context: Context, run: Material) -> str:
    """Return a sentence on weights that stayed as they were."""
    say, weights = context.say, run.report.curves[-1].weights
    name = f"{run.name}: " if context.several else ""
    if not weights:
        return name + say("curves.no_weights")
    if len({round(weight, 6) for weight in weights.values()}) == 1:
        return name + say("curves.one_weight", weight=number_text(next(iter(weights.values()))))
    listed = say("list.comma").join(
        f"{task} {number_text(weight)}" for task, weight in list(weights.items())[:12]
    )
    return name + say("curves.fixed_weights", weights=listed)


def _kept(context: Context) -> list[float]:
    if context.several:
        return []
    best = context.runs[0].report.training.best_epoch
    return [float(best)] if best else []


def _described(context: Context, task: str, value: Callable[[Epoch, str], float | None]) -> str:
    """Return first and last value of each run, for those who do not see the chart."""
    parts = []
    for run in context.runs:
        values = [number for e in run.report.curves if (number := value(e, task)) is not None]
        if values:
            parts.append(
                context.say(
                    "curves.described",
                    run=run.name,
                    first=number_text(values[0]),
                    last=number_text(values[-1]),
                    epochs=len(values),
                )
            )
    return f"{task}: " + " ".join(parts)


def _grid(context: Context, panels: list[Html]) -> Html:
    tasks: Mapping[int, str] = dict(enumerate(context.tasks()))
    return element(
        "div",
        [element("div", panel, data_task=tasks.get(number)) for number, panel in enumerate(panels)],
        class_="panels",
    )
