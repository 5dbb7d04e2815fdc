"""Runs beside the first of them: Δm by task and over all, from the rows that all kept aside."""

from __future__ import annotations

import math

from torso.core.errors import TorsoError
from torso.reports.charts import Mark, axis_over, interval_cell, tick_labels
from torso.reports.context import Context, Figure
from torso.reports.html import Html, element
from torso.reports.sections.section import Section, sentences, signed, tone_chip
from torso.studies.compare import compare
from torso.studies.compare.result import Against, Comparison, TaskDifference

__all__ = ["comparison"]

_TONES = {"helps": "good", "hurts": "bad"}


def comparison(context: Context) -> Section | None:
    """Return a forest plot of Δm; of a single run, that of its last comparison; None without either."""
    say = context.say
    compared = _compared(context)
    if not compared:
        return None
    rows = [
        (
            *(study.baseline, against.run, own.task, own.metric, own.first, own.second),
            *(own.delta_m.value, own.delta_m.low, own.delta_m.high, own.p_holm, own.verdict),
        )
        for study in compared
        for against in study.against
        for own in (*against.tasks, against.overall)
    ]
    columns = (
        "baseline",
        "run",
        "task",
        "metric",
        "first",
        "second",
        "delta_m",
        "low",
        "high",
        "p_holm",
        "verdict",
    )
    forests = [_forest(context, study, against) for study in compared for against in study.against]
    first = compared[0]
    body = context.figure(
        Figure("compare", columns, rows),
        forests,
        title=say("compare.delta"),
        about=say("compare.about", rows=f"{first.rows:,}", baseline=first.baseline),
    )
    return Section("compare", say("compare.title"), body)


def _compared(context: Context) -> list[Comparison]:
    """Return the comparison of the page's runs, or the one that a single run keeps."""
    if not context.several:
        run = context.runs[0]
        saved = run.studies.get("compare")
        try:
            return [] if saved is None else [Comparison.from_dict(saved)]
        except (KeyError, TypeError, ValueError, AttributeError):
            context.notes.append(
                f"The study 'compare' of {run.name} is of another version or damaged: left out."
            )
            return []
    if any(run.folder is None or run.held_out is None for run in context.runs):
        context.notes.append(context.say("compare.none"))
        return []
    try:
        return [compare(*(run.folder for run in context.runs if run.folder is not None))]
    except (TorsoError, ValueError, KeyError) as error:
        context.notes.append(f"{context.say('compare.none')} {error}")
        return []


def _forest(context: Context, study: Comparison, against: Against) -> Html:
    say = context.say
    differences = [*against.tasks, against.overall]
    axis = axis_over(
        [
            0.0,
            *(
                n
                for own in differences
                for n in (own.delta_m.value, own.delta_m.low, own.delta_m.high)
            ),
        ],
        snug=True,
    )
    names = {run.folder.name if run.folder else run.name: run for run in context.runs}
    colour = names[against.run].colour if against.run in names else 1
    rows = []
    for own in differences:
        estimate = own.delta_m
        told = [
            _task(context, own),
            f"Δm {signed(estimate.value, 1)} % [{signed(estimate.low, 1)}, {signed(estimate.high, 1)}]",
            f"p = {own.p_holm:.3g} (Holm)" if math.isfinite(own.p_holm) else "",
        ]
        mark = Mark(
            estimate.value, estimate.low, estimate.high, "\n".join(filter(None, told)), colour
        )
        chip = tone_chip(
            say(f"compare.{own.verdict.replace(' ', '_')}"), _TONES.get(own.verdict, "even")
        )
        overall = own is against.overall
        rows.append(
            element(
                "div",
                element("div", element("span", _task(context, own), class_="name"), class_="label"),
                interval_cell(axis, mark),
                element("div", signed(estimate.value, 1), chip, class_="amount"),
                class_="row overall" if overall else "row",
                data_task=None if overall else own.task,
            )
        )
    return element(
        "div",
        element("h4", say("compare.against", run=against.run, baseline=study.baseline)),
        element(
            "div",
            rows,
            element("div", element("div"), tick_labels(axis), element("div"), class_="row axis"),
            class_="forest",
        ),
        sentences(context, against.notes),
    )


def _task(context: Context, own: TaskDifference) -> str:
    return own.task if own.metric else context.say("compare.overall")
