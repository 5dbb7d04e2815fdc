"""Effect of a step for one task on the others, and the race of groupings that advice comes from."""

from __future__ import annotations

import math
from dataclasses import replace

from torso.core.errors import TorsoError
from torso.evaluation.estimate import Estimate
from torso.reports.charts import Mark, Shade, heat_table
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.forest import Line, forest
from torso.reports.sections.section import (
    MOST_TASKS,
    Section,
    beside,
    sentences,
    signed,
    tone_chip,
)
from torso.studies.advise import Advice
from torso.studies.advise.advise import STUDY
from torso.studies.affinity import Affinity
from torso.studies.affinity import affinity as affinity_of_run

__all__ = ["advice"]

_MOST_TASKS = 30


def advice(context: Context) -> Section | None:
    """Return affinities and advice; None if no run has either."""
    say = context.say
    advised = {}
    for run in context.runs:
        if len(run.report.tasks) < 2:
            continue
        study = context.study(run, STUDY, Advice.from_dict, context.command("advise", run=run))
        if study is not None:
            advised[run.name] = study
    affinities = {
        run.name: own for run in context.runs if (own := _affinity(context, run)) is not None
    }
    if not advised and not affinities:
        return None
    parts: list[Content] = []
    if advised:
        parts.append(_race(context, advised))
    if affinities:
        parts.append(_matrices(context, affinities))
    return Section("advice", say("advice.title"), parts)


def _affinity(context: Context, run: Material) -> Affinity | None:
    """Return the affinities of a run whose log has looks; None where they say nothing."""
    if run.folder is None or not run.looks or len(run.report.tasks) < 2:
        return None
    try:
        own = affinity_of_run(run.folder)
    except (TorsoError, ValueError, KeyError) as error:
        context.notes.append(f"{run.name}: {error}")
        return None
    return own if any(math.isfinite(cell) for row in own.gain for cell in row) else None


def _race(context: Context, advised: dict[str, Advice]) -> Html:
    rows = [
        (
            *(
                name,
                own.name,
                len(own.groups),
                own.seeds,
                own.over_together.value,
                own.over_together.low,
            ),
            *(
                own.over_together.high,
                own.over_singles.value,
                own.seconds,
                own.name == study.recommended,
            ),
        )
        for name, study in advised.items()
        for own in study.raced
    ]
    columns = (
        "run",
        "candidate",
        "models",
        "seeds",
        "over_together",
        "low",
        "high",
        "over_singles",
        "seconds",
        "recommended",
    )
    return context.figure(
        Figure("advice", columns, rows),
        beside(context, lambda run: _candidates(context, advised.get(run.name))),
        title=context.say("advice.race"),
        about=context.say("advice.about"),
    )


def _candidates(context: Context, study: Advice | None) -> Content:
    """Return the advice in words, and Δm over all together of each candidate."""
    say = context.say
    if study is None:
        return None
    words = element("p", [[context.sentence(text), " "] for text in study.words], class_="lead")
    lines = []
    for own in study.raced:
        chosen = own.name == study.recommended
        chip = tone_chip(say("advice.recommended"), "good") if chosen else None
        models = say("advice.models", count=len(own.groups))
        lines.append(_gain(_named(context, own.name), own.over_together, chosen, chip, models))
    return [words, forest(lines), _on_test_rows(context, study), sentences(context, study.notes)]


def _named(context: Context, name: str) -> str:
    return context.say.sentence(name) or name


def _gain(
    name: str, gain: Estimate, chosen: bool, chip: Html | None = None, under: str | None = None
) -> Line:
    """Return a line of Δm."""
    ends = f"[{signed(gain.low, 1)}, {signed(gain.high, 1)}]"
    told = f"{name}\nΔm {signed(gain.value, 1)} % {ends}"
    mark = Mark(gain.value, gain.low, gain.high, told, 1 if chosen else 8)
    return Line(name, mark, signed(gain.value, 1), chip, under)


def _on_test_rows(context: Context, study: Advice) -> Content:
    """Return Δm of the advice on rows that chose nothing, by task and over all; nothing where it was not judged there."""
    say = context.say
    if not math.isfinite(study.test.value):
        return None
    tasks = list(study.test_by_task)[:MOST_TASKS]
    lines = [replace(_gain(t, study.test_by_task[t], True), task=t) for t in tasks]
    lines.append(replace(_gain(say("compare.overall"), study.test, True), overall=True))
    return element("div", element("h4", say("advice.test")), forest(lines), class_="part")


def _matrices(context: Context, affinities: dict[str, Affinity]) -> Html:
    rows = [
        (
            name,
            first,
            second,
            own.gain[i][j],
            own.low[i][j],
            own.high[i][j],
            own.verdict(first, second),
        )
        for name, own in affinities.items()
        for i, first in enumerate(own.tasks)
        for j, second in enumerate(own.tasks)
        if i != j
    ]
    return context.figure(
        Figure("affinity", ("run", "of", "to", "gain", "low", "high", "verdict"), rows),
        beside(context, lambda run: _matrix(context, affinities.get(run.name))),
        title=context.say("advice.affinity"),
        about=context.say("advice.affinity_about"),
    )


def _matrix(context: Context, own: Affinity | None) -> Content:
    say = context.say
    if own is None:
        return None
    shown = range(min(len(own.tasks), _MOST_TASKS))
    tasks = [own.tasks[at] for at in shown]
    cells = [[_shade(own, i, j) for j in shown] for i in shown]
    cut = None
    if len(own.tasks) > _MOST_TASKS:
        cut = element(
            "p", say("curves.cut", shown=_MOST_TASKS, count=len(own.tasks)), class_="told"
        )
    return [
        cut,
        heat_table(say("advice.corner"), tasks, tasks, cells),
        sentences(context, [*own.silent[:5], *own.notes]),
    ]


def _shade(own: Affinity, i: int, j: int) -> Shade:
    gain, low, high = own.gain[i][j], own.low[i][j], own.high[i][j]
    if i == j:
        return Shade("1")
    if not math.isfinite(gain):
        return Shade("?")
    sure = own.verdict(own.tasks[i], own.tasks[j]) in ("helps", "hurts")
    about = (
        f"{own.tasks[i]} → {own.tasks[j]}\n{signed(gain, 2)} [{signed(low, 2)}, {signed(high, 2)}]"
    )
    return Shade(
        signed(gain, 2) + ("*" if sure else ""),
        max(-1.0, min(1.0, gain)) * (1 if sure else 0.35),
        about,
    )
