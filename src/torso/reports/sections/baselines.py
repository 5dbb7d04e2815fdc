"""Simpler models beside a run: by how much it leads each of them on the same held-out rows."""

from __future__ import annotations

from torso.reports.charts import Mark
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.forest import Line, forest, short_amount
from torso.reports.sections.section import (
    Section,
    beside,
    metric_text,
    score_text,
    some_tasks,
    tone_chip,
)
from torso.studies.baselines import Baseline, Baselines
from torso.studies.baselines.report import Beside

__all__ = ["baselines"]

_TONES = {"better": "good", "worse": "bad"}


def baselines(context: Context) -> Section | None:
    """Return the lead over each baseline, task by task; None without a study."""
    say = context.say
    studies = context.studies(
        "baselines", Baselines.from_dict, lambda run: context.command("baselines", run=run)
    )
    if not studies:
        return None
    rows = [
        (
            *(name, own.name, task, each.metric, each.run, each.baseline, each.over.value),
            *(each.over.low, each.over.high, each.p, each.verdict, each.labels, own.seconds),
        )
        for name, study in studies.items()
        for own in study.baselines
        for task, each in own.tasks.items()
    ]
    columns = (
        *("run", "baseline", "task", "metric", "run_value", "baseline_value", "lead"),
        *("low", "high", "p_holm", "verdict", "labels", "seconds"),
    )
    body = context.figure(
        Figure("baselines", columns, rows),
        beside(context, lambda run: _of(context, run, studies.get(run.name))),
        title=say("baselines.lead"),
        about=say("baselines.about"),
    )
    return Section("baselines", say("baselines.title"), body)


def _of(context: Context, run: Material, study: Baselines | None) -> Content:
    if study is None:
        return None
    tasks, cut = some_tasks(context, study.tasks)
    plots = [_plot(context, run, study, task) for task in tasks]
    left = [*study.skipped.items(), *study.left_out.items()]
    told = [element("li", element("b", name), ": ", context.sentence(why)) for name, why in left]
    told += [element("li", context.sentence(note)) for note in study.notes]
    return [cut, plots, element("ul", told, class_="plain") if told else None]


def _plot(context: Context, run: Material, study: Baselines, task: str) -> Html:
    say = context.say
    besides = [(own, own.tasks[task]) for own in study.baselines if task in own.tasks]
    first = besides[0][1]
    metric = metric_text(say, first.kind, first.metric)
    value = say("baselines.of_run", metric=metric, value=score_text(first.metric, first.run))
    lines = [_line(context, run, own, each) for own, each in besides]
    return element(
        "div",
        element("h4", task, " ", element("span", value, class_="quiet")),
        forest(lines),
        data_task=task,
    )


def _line(context: Context, run: Material, own: Baseline, each: Beside) -> Line:
    say = context.say
    score = score_text(each.metric, each.baseline)
    told = [
        _name(context, own),
        f"{metric_text(say, each.kind, each.metric)} {score}",
        f"{short_amount(each.over.value)} [{short_amount(each.over.low)}, {short_amount(each.over.high)}]",
        f"p = {each.p:.3g} (Holm)" if each.p == each.p else "",
    ]
    tone = _TONES.get(each.verdict, "even")
    return Line(
        _name(context, own),
        Mark(
            each.over.value,
            each.over.low,
            each.over.high,
            "\n".join(filter(None, told)),
            run.colour,
        ),
        short_amount(each.over.value),
        tone_chip(say(f"baselines.{each.verdict.replace(' ', '_')}"), tone),
        score,
    )


def _name(context: Context, own: Baseline) -> str:
    """Return a baseline's name in the page's language: `image alone` is one of any modality."""
    return context.say.sentence(own.words) or own.words
