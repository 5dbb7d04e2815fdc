"""Parts of the rows, each against the rest, and how often positive rows are found in each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torso.evaluation.wording import number_text
from torso.reports.charts import Mark
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.forest import SHARES, Line, forest, short_amount
from torso.reports.sections.section import Section, beside, sentences, some_tasks, tone_chip
from torso.studies.slices import Slices
from torso.studies.slices.opportunity import Opportunity
from torso.studies.slices.result import Part, PartScore

__all__ = ["slices"]

_TONES = {"better": "good", "worse": "bad", "unequal": "bad"}
_MOST_PARTS, _MOST_RATES = 24, 12


def slices(context: Context) -> Section | None:
    """Return the difference of each part to the rest, task by task; None without a study."""
    say = context.say
    studies = context.studies(
        "slices", Slices.from_dict, lambda run: context.command("slices", run=run)
    )
    if not studies:
        return None
    rows = [
        (
            *(name, part.by, part.name, part.rows, task, own.metric, own.value.value, own.rest),
            *(own.difference.value, own.difference.low, own.difference.high, own.adjusted),
            own.verdict,
        )
        for name, study in studies.items()
        for part in study.parts
        for task, own in part.tasks.items()
    ]
    columns = (
        *("run", "by", "part", "rows", "task", "metric", "value", "rest"),
        *("better_by", "low", "high", "p_holm", "verdict"),
    )
    parts: list[Content] = [
        context.figure(
            Figure("slices", columns, rows),
            beside(context, lambda run: _of(context, run, studies.get(run.name))),
            title=say("slices.parts"),
            about=say("slices.about"),
        )
    ]
    if any(study.opportunity for study in studies.values()):
        parts.append(_opportunity(context, studies))
    return Section("slices", say("slices.title"), parts)


def _of(context: Context, run: Material, study: Slices | None) -> Content:
    if study is None:
        return None
    known = list(dict.fromkeys(task for part in study.parts for task in part.tasks))
    tasks, cut = some_tasks(context, known)
    plots = [_plot(context, run, study, task) for task in tasks]
    return [cut, plots, sentences(context, study.notes)]


def _plot(context: Context, run: Material, study: Slices, task: str) -> Html | None:
    """Return the parts of a task that differ from the rest, those with the strongest evidence if there are many."""
    parts = [
        (part, part.tasks[task])
        for part in study.parts
        if task in part.tasks and part.tasks[task].verdict != "too few"
        if math.isfinite(part.tasks[task].difference.value)
    ]
    if not parts:
        told = element("p", context.say("slices.alike"), class_="told")
        return element("div", element("h4", task), told, data_task=task)
    kept = sorted(range(len(parts)), key=lambda at: _doubt(parts[at][1]))[:_MOST_PARTS]
    shown = [parts[at] for at in sorted(kept)]
    more = sum(task in part.tasks for part in study.parts) - len(shown)
    after = element("p", context.say("slices.more", count=more), class_="told") if more else None
    metric = element("span", shown[0][1].metric, class_="quiet")
    return element(
        "div",
        element("h4", task, " ", metric),
        forest([_line(context, run, part, own) for part, own in shown], after=after),
        data_task=task,
    )


def _doubt(own: PartScore) -> float:
    return own.p if math.isfinite(own.p) else 2.0


def _part_name(context: Context, part: Part) -> str:
    say = context.say
    if part.by in ("gaps", "labels"):
        return context.say.sentence(part.name) or part.name
    return say("slices.value", column=part.by, value=part.name)


def _line(context: Context, run: Material, part: Part, own: PartScore) -> Line:
    say, name = context.say, _part_name(context, part)
    difference = own.difference
    told = [
        name,
        f"{own.metric} {number_text(own.value.value)}",
        say("slices.rest", value=number_text(own.rest)),
        f"{short_amount(difference.value)} [{short_amount(difference.low)}, {short_amount(difference.high)}]",
        f"p = {own.adjusted:.3g} (Holm)" if math.isfinite(own.adjusted) else "",
    ]
    tip = "\n".join(filter(None, told))
    verdict = tone_chip(
        say(f"slices.{own.verdict.replace(' ', '_')}"), _TONES.get(own.verdict, "even")
    )
    return Line(
        name,
        Mark(difference.value, difference.low, difference.high, tip, run.colour),
        short_amount(difference.value),
        verdict,
        say("slices.rows", count=part.rows, rows=f"{part.rows:,}"),
    )


def _opportunity(context: Context, studies: dict[str, Slices]) -> Html:
    say = context.say
    rows = [
        (name, each.by, each.task, each.positive, part, count, rate.value, rate.low, rate.high)
        for name, study in studies.items()
        for each in study.opportunity
        for part, count, rate in zip(each.parts, each.positives, each.rates, strict=True)
    ]
    columns = (*("run", "by", "task", "positive", "part", "positives", "found", "low", "high"),)
    return context.figure(
        Figure("opportunity", columns, rows),
        beside(context, lambda run: _rates(context, run, studies.get(run.name))),
        title=say("slices.opportunity"),
        about=say("slices.opportunity_about"),
    )


def _rates(context: Context, run: Material, study: Slices | None) -> Content:
    if study is None or not study.opportunity:
        return None
    return [_rate_plot(context, run, each) for each in study.opportunity[:_MOST_RATES]]


def _rate_plot(context: Context, run: Material, each: Opportunity) -> Html:
    say = context.say
    verdict = tone_chip(
        say(f"slices.{each.verdict.replace(' ', '_')}"), _TONES.get(each.verdict, "even")
    )
    gap = None
    if each.high:
        told = say(
            "slices.gap",
            high=each.high,
            low=each.low,
            gap=f"{short_amount(each.gap.value)} [{short_amount(each.gap.low)}, {short_amount(each.gap.high)}]",
        )
        gap = element("p", told, " ", verdict, class_="told")
    heading = say("slices.found", task=each.task, positive=each.positive or "1", column=each.by)
    return element(
        "div",
        element("h4", heading),
        forest(_rate_lines(context, run, each), axis=SHARES),
        gap,
        data_task=each.task,
    )


def _rate_lines(context: Context, run: Material, each: Opportunity) -> Sequence[Line]:
    say = context.say
    return [
        Line(
            part,
            Mark(
                rate.value,
                rate.low,
                rate.high,
                f"{part}\n{number_text(rate.value)} [{number_text(rate.low)}, {number_text(rate.high)}]",
                run.colour,
            ),
            number_text(rate.value),
            under=say("slices.positives", count=count, rows=f"{count:,}"),
        )
        for part, count, rate in zip(each.parts, each.positives, each.rates, strict=True)
    ][:_MOST_PARTS]
