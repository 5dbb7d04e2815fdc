"""Effect of a step for one task on the others, and the races that advice comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torso.core.errors import TorsoError
from torso.evaluation.estimate import Estimate
from torso.reports.charts import Mark, Shade, heat_table
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.forest import Line, forest
from torso.reports.sections.section import Section, beside, sentences, signed, tone_chip
from torso.studies.advise import UNKNOWN, Advice, Answer
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
        study = context.study(run, STUDY, Advice.from_dict, context.command("advise", run=run))
        if study is not None and any(answer.raced for answer in study.answers):
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
    columns = ("run", "about", "candidate", "seeds", "over_own", "low", "high", "verdict")
    rows = [
        (
            *(name, answer.about, own.name, own.seeds),
            *_ends(own.over.get(answer.own, UNKNOWN)),
            *(own.verdict, own.seconds, own.name == answer.recommended),
        )
        for name, study in advised.items()
        for answer in study.answers
        for own in answer.raced
    ]
    return context.figure(
        Figure("advice", (*columns, "seconds", "recommended"), rows),
        beside(context, lambda run: _answers(context, advised.get(run.name))),
        title=context.say("advice.race"),
        about=context.say("advice.about"),
    )


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _answers(context: Context, study: Advice | None) -> Content:
    """Return every answer in words, and Δm over the run as it is of each candidate."""
    if study is None:
        return None
    return [
        [_candidates(context, answer) for answer in study.answers],
        _lead(context, study.words) if study.words else None,
        sentences(context, study.all_notes()),
    ]


def _lead(context: Context, words: Sequence[str]) -> Html:
    return element("p", [[context.sentence(text), " "] for text in words], class_="lead")


def _candidates(context: Context, answer: Answer) -> Content:
    words = _lead(context, answer.words)
    if not answer.raced:
        return words
    lines = []
    for own in answer.raced:
        gain, chosen = own.over.get(answer.own, Estimate(0.0)), own.name == answer.recommended
        name = context.say.sentence(own.name) or own.name
        ends = f"[{signed(gain.low, 1)}, {signed(gain.high, 1)}]"
        told = f"{name}\nΔm {signed(gain.value, 1)} % {ends}"
        chip = tone_chip(context.say("advice.recommended"), "good") if chosen else None
        mark = Mark(*_ends(gain), told, 1 if chosen else 8)
        lines.append(Line(name, mark, signed(gain.value, 1), chip))
    return [words, forest(lines)]


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
