"""Missing-modality certificate: the headline of each task on rows that lack the same modalities."""

from __future__ import annotations

import math

from torso.evaluation.report import TaskReport
from torso.reports.charts import Shade, heat_table
from torso.reports.context import Context, Figure
from torso.reports.html import Content, element
from torso.reports.sections.section import Section, beside, score_between, score_text
from torso.studies.patterns import Certificate

__all__ = ["patterns"]

_MOST_PATTERNS, _MOST_TASKS = 40, 12


def patterns(context: Context) -> Section | None:
    """Return a table of patterns by tasks; None without a study."""
    say = context.say
    studies = {}
    for run in context.runs:
        study = context.study(
            run, "certificate", Certificate.from_dict, context.command("certificate", run=run)
        )
        if study is not None and study.patterns:
            studies[run.name] = study
    if not studies:
        return None
    rows = [
        (
            *(name, ", ".join(pattern.absent), pattern.made, pattern.rows, task, report.headline),
            *(report.metrics[report.headline].value, report.metrics[report.headline].low),
            *(
                report.metrics[report.headline].high,
                report.baseline[report.headline],
                report.verdict(),
            ),
        )
        for name, study in studies.items()
        for pattern in study.patterns
        for task, report in pattern.tasks.items()
    ]
    columns = (
        "run",
        "absent",
        "made",
        "rows",
        "task",
        "metric",
        "value",
        "low",
        "high",
        "baseline",
        "verdict",
    )
    body = context.figure(
        Figure("patterns", columns, rows),
        beside(context, lambda run: _table(context, studies.get(run.name))),
        title=say("patterns.scores"),
        about=say("patterns.about"),
    )
    return Section("patterns", say("patterns.title"), body)


def _table(context: Context, study: Certificate | None) -> Content:
    say = context.say
    if study is None:
        return None
    tasks = list(dict.fromkeys(task for pattern in study.patterns for task in pattern.tasks))[
        :_MOST_TASKS
    ]
    names, cells = [], []
    for pattern in study.patterns[:_MOST_PATTERNS]:
        absent = say("list.comma").join(pattern.absent)
        name = say("patterns.lacks", absent=absent) if absent else say("patterns.whole")
        made = say("patterns.made") if pattern.made else ""
        names.append([name, element("span", f"{pattern.rows:,} {made}", class_="kind")])
        cells.append([_shade(context, pattern.tasks.get(task)) for task in tasks])
    return heat_table(say("patterns.corner"), names, tasks, cells)


def _shade(context: Context, report: TaskReport | None) -> Shade:
    if report is None:
        return Shade("–")
    own = report.metrics[report.headline]
    verdict = report.verdict() or "undefined"
    tone = {"better": 0.6, "worse": -0.8, "no better": -0.25}.get(verdict, math.nan)
    about = (
        f"{report.headline} {score_between(report.headline, own.low, own.high)}\n"
        + context.say(f"verdict.{verdict.replace(' ', '_')}")
    )
    return Shade(score_text(report.headline, own.value), tone, about)
