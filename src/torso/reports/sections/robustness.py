"""Scores under growing noise in each modality."""

from __future__ import annotations

import math

from torso.reports.charts import Series, line_panel
from torso.reports.context import Context, Figure
from torso.reports.html import Content, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside, legend, metric_text, score_text
from torso.runs.folder.json_files import Json
from torso.studies.robustness.report import JOINT

__all__ = ["robustness"]

_MOST_PANELS = 12


def robustness(context: Context) -> Section | None:
    """Return a panel per task with a line per modality; None without a study."""
    say = context.say
    studies: dict[str, Json] = {}
    for run in context.runs:
        command = context.command("evaluate", "--robustness", run=run, table=True)
        study = context.study(run, "robustness", _checked, command)
        if study is not None:
            studies[run.name] = study
    if not studies:
        return None
    rows = [
        (name, modality, task, study["metrics"][task], level, value)
        for name, study in studies.items()
        for modality, tasks in study["curves"].items()
        for task, curve in tasks.items()
        for level, value in zip(study["levels"], curve, strict=True)
    ]
    body = context.figure(
        Figure("robustness", ("run", "modality", "task", "metric", "noise", "value"), rows),
        beside(context, lambda run: _panels(context, run, studies.get(run.name))),
        title=say("robustness.curves"),
        about=say("robustness.about"),
    )
    return Section("robustness", say("robustness.title"), body)


def _checked(study: Json) -> Json:
    """Return the study if it has all that is drawn."""
    for tasks in study["curves"].values():
        for task, curve in tasks.items():
            if len(curve) != len(study["levels"]) or task not in study["metrics"]:
                raise ValueError(task)
    return study


def _panels(context: Context, run: Material, study: Json | None) -> Content:
    say = context.say
    if study is None:
        return None
    modalities = [name for name in study["curves"] if name != JOINT][:7]
    named = {name: 1 + number for number, name in enumerate(modalities)}
    if JOINT in study["curves"]:
        named[JOINT] = 8
    panels = []
    for task, metric in list(study["metrics"].items())[:_MOST_PANELS]:
        kind = run.report.tasks[task].kind if task in run.report.tasks else ""
        curves = {name: [_number(v) for v in study["curves"][name][task]] for name in named}
        lines = [
            Series(
                _name(context, name),
                list(zip(study["levels"], curve, strict=True)),
                named[name],
                dashed=name == JOINT,
            )
            for name, curve in curves.items()
        ]
        told = "; ".join(
            f"{_name(context, name)}: {score_text(metric, curve[0])} → {score_text(metric, curve[-1])}"
            for name, curve in curves.items()
        )
        panel = line_panel(
            f"{task}, {metric_text(say, kind, metric)}",
            lines,
            x_name=say("robustness.noise"),
            described=f"{task}: {told}",
        )
        panels.append(element("div", panel, data_task=task))
    entries = [
        (_name(context, name), colour, "dashed" if name == JOINT else "line")
        for name, colour in named.items()
    ]
    return [legend(*entries), element("div", panels, class_="panels")]


def _name(context: Context, modality: str) -> str:
    return context.say("robustness.joint") if modality == JOINT else modality


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
