"""Scores with intervals, beside baselines: the headline of each task drawn, all metrics in a table."""

from __future__ import annotations

import math

from torso.evaluation.report import TaskReport
from torso.reports.charts import Axis, Mark, axis_over, interval_cell, tick_labels
from torso.reports.context import Context, Figure
from torso.reports.html import Html, element
from torso.reports.material import Material
from torso.reports.sections.section import (
    Section,
    kind_text,
    legend,
    metric_text,
    run_name,
    score_between,
    score_text,
    verdict_chip,
)

__all__ = ["scores"]


def scores(context: Context) -> Section:
    """Return the headline scores as intervals, grouped by metric, and a table of all."""
    say = context.say
    groups: dict[tuple[str, str], list[str]] = {}
    for task in context.tasks():
        report = next(r.report.tasks[task] for r in context.runs if task in r.report.tasks)
        groups.setdefault((report.headline, report.kind), []).append(task)
    merged: dict[str, tuple[str, list[str]]] = {}
    for (metric, kind), tasks in groups.items():
        merged.setdefault(metric, (kind, []))[1].extend(tasks)
    plots = [_plot(context, metric, kind, tasks) for metric, (kind, tasks) in merged.items()]
    entries = [(say("scores.reference"), 1, "reference")]
    if context.several:
        entries = [(run.name, run.colour, "point") for run in context.runs] + entries
    drawn = context.figure(
        _data(context),
        [legend(*entries), plots],
        title=say("scores.headlines"),
        about=say("scores.about"),
        table=False,
    )
    return Section("scores", say("scores.title"), [drawn, _all(context), _by_name(context)])


def _data(context: Context) -> Figure:
    columns = (
        "run",
        "task",
        "kind",
        "metric",
        "headline",
        "value",
        "low",
        "high",
        "baseline",
        "verdict",
        "labels",
    )
    rows = [
        (
            *(run.name, task, report.kind, metric, metric == report.headline, estimate.value),
            *(estimate.low, estimate.high, report.baseline[metric], report.verdict(metric)),
            report.labels,
        )
        for run in context.runs
        for task, report in run.report.tasks.items()
        for metric, estimate in report.metrics.items()
    ]
    return Figure("scores", columns, rows)


def _plot(context: Context, metric: str, kind: str, tasks: list[str]) -> Html:
    """Return the intervals of one metric, all on one axis."""
    reports = [
        (run, task, run.report.tasks[task])
        for task in tasks
        for run in context.runs
        if task in run.report.tasks
    ]
    numbers = [
        number
        for _, _, report in reports
        if metric in report.metrics
        for number in (*_ends(report, metric), report.baseline[metric])
    ]
    axis = axis_over(numbers, snug=True)
    rows = [
        _row(context, axis, metric, run, task, report)
        for run, task, report in reports
        if metric in report.metrics
    ]
    lower = reports[0][2].higher_is_better(metric) is False
    direction = context.say("scores.lower" if lower else "scores.higher")
    name = metric_text(context.say, kind, metric)
    return element(
        "div",
        element("h4", name, " ", element("span", direction, class_="quiet")),
        element(
            "div",
            rows,
            element("div", element("div"), tick_labels(axis), element("div"), class_="row axis"),
            class_="forest",
        ),
    )


def _ends(report: TaskReport, metric: str) -> tuple[float, ...]:
    estimate = report.metrics[metric]
    return estimate.value, estimate.low, estimate.high


def _row(
    context: Context, axis: Axis, metric: str, run: Material, task: str, report: TaskReport
) -> Html:
    say, estimate = context.say, report.metrics[metric]
    baseline = report.baseline[metric]
    tip = "\n".join(
        [
            f"{task} · {run.name}" if context.several else task,
            f"{metric_text(say, report.kind, metric)} {score_text(metric, estimate.value)}",
            f"95 %: {score_between(metric, estimate.low, estimate.high)}",
            f"{say('scores.baseline')} {score_text(metric, baseline)}",
        ]
    )
    mark = Mark(estimate.value, estimate.low, estimate.high, tip, run.colour)
    first = run is next(r for r in context.runs if task in r.report.tasks)
    return element(
        "div",
        element(
            "div",
            element("span", task, class_="name") if first else None,
            run_name(run) if context.several else None,
            class_="label",
        ),
        interval_cell(axis, mark, baseline),
        element(
            "div",
            score_text(metric, estimate.value),
            verdict_chip(say, report, metric),
            class_="amount",
        ),
        class_="row" if first else "row more",
        data_task=task,
    )


def _all(context: Context) -> Html:
    """Return a table of every metric, which can be sorted."""
    say = context.say
    names = (
        "task",
        *(("run",) if context.several else ()),
        "metric",
        "value",
        "interval",
        "baseline",
        "verdict",
        "labels",
    )
    numeric = {"value", "interval", "baseline", "labels"}
    head = [
        element(
            "th", say(f"column.{name}"), scope="col", class_="number" if name in numeric else None
        )
        for name in names
    ]
    rows = []
    for task in context.tasks():
        for run in context.runs:
            if (report := run.report.tasks.get(task)) is not None:
                rows += [
                    _line(context, run, task, metric)
                    for metric in sorted(report.metrics, key=lambda name: name != report.headline)
                ]
    table = element(
        "table",
        element("thead", element("tr", head)),
        element("tbody", rows),
        class_="sortable",
    )
    label = say("scores.all")
    held = element("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)
    return element("details", element("summary", label), held, class_="more")


def _line(context: Context, run: Material, task: str, metric: str) -> Html:
    say, report = context.say, run.report.tasks[task]
    estimate, baseline = report.metrics[metric], report.baseline[metric]
    headline = metric == report.headline
    between = score_between(metric, estimate.low, estimate.high)
    cells = [
        element(
            "th", task, element("span", kind_text(say, report.kind), class_="kind"), scope="row"
        ),
        element("td", run_name(run)) if context.several else None,
        element("td", metric_text(say, report.kind, metric)),
        _number(metric, estimate.value),
        element("td", between, class_="number", data_v=_key(estimate.low)),
        _number(metric, baseline),
        element("td", verdict_chip(say, report, metric)),
        element("td", f"{report.labels:,}", class_="number", data_v=report.labels),
    ]
    return element("tr", cells, class_="headline" if headline else None, data_task=task)


def _number(metric: str, value: float) -> Html:
    return element("td", score_text(metric, value), class_="number", data_v=_key(value))


def _key(value: float) -> str | None:
    return f"{value:.9g}" if math.isfinite(value) else None


def _by_name(context: Context) -> Html | None:
    """Return the scores of single classes, dimensions or labels."""
    say = context.say
    rows = [
        (run.name, task, name, metric, estimate.value, estimate.low, estimate.high)
        for run in context.runs
        for task, report in run.report.tasks.items()
        for name, metrics in report.by_name.items()
        for metric, estimate in metrics.items()
    ]
    if not rows:
        return None
    names = ("task", *(("run",) if context.several else ()), "class", "metric", "value", "interval")
    head = [
        element(
            "th",
            say(f"column.{name}"),
            scope="col",
            class_="number" if name in ("value", "interval") else None,
        )
        for name in names
    ]
    body = [_class_line(context, row) for row in rows]
    table = element(
        "table", element("thead", element("tr", head)), element("tbody", body), class_="sortable"
    )
    columns = ("run", "task", "class", "metric", "value", "low", "high")
    label = say("scores.by_name")
    held = element("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)
    shown = context.figure(Figure("scores-by-class", columns, rows), held, title=label, table=False)
    return element("details", element("summary", label), shown, class_="more")


def _class_line(context: Context, row: tuple[str, str, str, str, float, float, float]) -> Html:
    run, task, name, metric, value, low, high = row
    between = score_between(metric, low, high)
    kind = next(r.report.tasks[task].kind for r in context.runs if task in r.report.tasks)
    return element(
        "tr",
        element("th", task, scope="row"),
        element("td", run) if context.several else None,
        element("td", name),
        element("td", metric_text(context.say, kind, metric)),
        _number(metric, value),
        element("td", between, class_="number", data_v=_key(low)),
        data_task=task,
    )
