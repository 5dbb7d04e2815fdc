"""Importance of columns and modalities for each task, scores with some modalities only, and their interaction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torso.evaluation.estimate import Estimate
from torso.reports.charts import (
    Axis,
    Mark,
    Shade,
    axis_over,
    heat_table,
    interval_cell,
    tick_labels,
)
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.section import (
    Section,
    beside,
    metric_text,
    score_between,
    score_text,
    signed,
    tone_chip,
)
from torso.studies.importance import Effect, Importance

__all__ = ["importance"]

_MOST_TASKS, _MOST_BARS = 12, 12
_TONES = {"matters": "good", "hurts": "bad", "no evidence": "even"}


def importance(context: Context) -> Section | None:
    """Return bars of columns, a map of modalities by tasks, and a table of subsets; None without a study."""
    say = context.say
    studies = {
        run.name: study
        for run in context.runs
        if (
            study := context.study(
                run, "importance", Importance.from_dict, context.command("importance", run=run)
            )
        )
        is not None
    }
    if not studies:
        return None

    def of(run: Material) -> Importance | None:
        return studies.get(run.name)

    effects = [
        (
            *(name, effect.task, effect.of, effect.name, effect.way, effect.measure),
            *(effect.value.value, effect.value.low, effect.value.high, effect.p, effect.verdict),
        )
        for name, study in studies.items()
        for effect in study.effects
    ]
    columns = (
        "run",
        "task",
        "of",
        "name",
        "way",
        "measure",
        "value",
        "low",
        "high",
        "p",
        "verdict",
    )
    bars = context.figure(
        Figure("importance", columns, effects),
        beside(context, lambda run: _bars(context, of(run))),
        title=say("importance.columns"),
        about=say("importance.about"),
    )
    parts: list[Content] = [bars]
    if any(len(study.modalities) > 1 for study in studies.values()):
        parts.append(_maps(context, studies))
    if any(study.subsets for study in studies.values()):
        parts.append(_subsets(context, studies))
    return Section("importance", say("importance.title"), parts)


def _bars(context: Context, study: Importance | None) -> Content:
    say = context.say
    if study is None:
        return None
    tasks = list(study.metrics)
    panels = [
        element(
            "div",
            element(
                "h4", task, " ", element("span", _measure(context, study, task), class_="quiet")
            ),
            _forest(context, study.ranked(task)),
            data_task=task,
        )
        for task in tasks[:_MOST_TASKS]
    ]
    cut = None
    if len(tasks) > _MOST_TASKS:
        cut = element("p", say("curves.cut", shown=_MOST_TASKS, count=len(tasks)), class_="told")
    return [element("p", *_notes(context, study), class_="told"), cut, panels]


def _notes(context: Context, study: Importance) -> list[Content]:
    return [
        context.say("importance.rows", rows=f"{study.rows:,}", count=study.repeats),
        *([" ", context.sentence(note)] for note in study.notes[:2]),
    ]


def _measure(context: Context, study: Importance, task: str) -> str:
    measure = study.decisive(task)
    if measure == study.metrics[task]:
        return metric_text(context.say, study.kinds[task], measure)
    return context.say("importance.likelihood")


def _forest(context: Context, effects: Sequence[Effect]) -> Html:
    """Return a bar for each effect, the largest first."""
    shown = effects[:_MOST_BARS]
    ends = [
        number
        for effect in shown
        for number in (effect.value.value, effect.value.low, effect.value.high)
    ]
    axis = axis_over([0.0, *ends], snug=True)
    rows = [_row(context, axis, effect) for effect in shown]
    more = len(effects) - len(shown)
    return element(
        "div",
        rows,
        element("div", element("div"), tick_labels(axis), element("div"), class_="row axis"),
        element("p", context.say("importance.more", count=more), class_="told") if more else None,
        class_="forest",
    )


def _row(context: Context, axis: Axis, effect: Effect) -> Html:
    say, value = context.say, effect.value
    verdict = effect.verdict
    told = [
        effect.name,
        f"{signed(value.value)} [{signed(value.low)}, {signed(value.high)}]",
        f"p = {effect.p:.3g}",
    ]
    mark = Mark(
        value.value,
        value.low,
        value.high,
        "\n".join(told),
        {"matters": 1, "hurts": 2}.get(verdict, 8),
        bar=True,
    )
    chip = tone_chip(say(f"importance.{verdict.replace(' ', '_')}"), _TONES[verdict])
    return element(
        "div",
        element("div", element("span", effect.name, class_="name"), class_="label"),
        interval_cell(axis, mark),
        element("div", signed(value.value), chip, class_="amount"),
        class_="row",
    )


def _maps(context: Context, studies: dict[str, Importance]) -> Html:
    """Return modalities by tasks: the loss without a modality."""
    say = context.say
    rows = [
        (
            name,
            effect.name,
            effect.task,
            effect.measure,
            effect.value.value,
            effect.value.low,
            effect.value.high,
        )
        for name, study in studies.items()
        for task in study.metrics
        for effect in study.ranked(task, "modality", "left_out")
    ]
    return context.figure(
        Figure(
            "modalities-by-task",
            ("run", "modality", "task", "measure", "value", "low", "high"),
            rows,
        ),
        beside(context, lambda run: _map(context, studies.get(run.name))),
        title=say("importance.map"),
        about=say("importance.map_about"),
    )


def _map(context: Context, study: Importance | None) -> Content:
    if study is None:
        return None
    tasks, names = list(study.metrics), list(study.modalities)
    effects = {
        (effect.name, task): effect
        for task in tasks
        for effect in study.ranked(task, "modality", "left_out")
    }
    tops = {
        task: max(
            [abs(own.value.value) for (_, of), own in effects.items() if of == task], default=0.0
        )
        for task in tasks
    }
    cells = [
        [_shade(context, effects.get((name, task)), tops[task]) for task in tasks] for name in names
    ]
    return [
        heat_table(context.say("column.modality"), names, tasks, cells),
        _interactions(context, study),
    ]


def _shade(context: Context, effect: Effect | None, top: float) -> Shade:
    if effect is None or not math.isfinite(effect.value.value):
        return Shade("–")
    value = effect.value
    about = (
        f"{effect.name}, {effect.task}\n{signed(value.value)} [{signed(value.low)}, {signed(value.high)}]\n"
        + context.say(f"importance.{effect.verdict.replace(' ', '_')}")
    )
    return Shade(signed(value.value), value.value / top if top else math.nan, about)


def _interactions(context: Context, study: Importance) -> Content:
    """Return a line per task: modalities interact, or add up."""
    items = []
    for each in study.interactions:
        if each.measure != study.decisive(each.task):
            continue
        sure = each.p < 0.05
        key = "additive" if not sure else "interact" if each.gain.value > 0 else "sum_better"
        told = context.say(
            f"importance.{key}", task=each.task, gain=signed(abs(each.gain.value)).lstrip("+")
        )
        items.append(element("li", told))
    return element("ul", items, class_="plain") if items else None


def _subsets(context: Context, studies: dict[str, Importance]) -> Html:
    say = context.say
    rows = [
        (
            name,
            " + ".join(each.kept),
            each.task,
            each.measure,
            each.score.value,
            each.score.low,
            each.score.high,
        )
        for name, study in studies.items()
        for each in study.subsets
    ]
    return context.figure(
        Figure("subsets", ("run", "kept", "task", "measure", "value", "low", "high"), rows),
        beside(context, lambda run: _subset_table(context, studies.get(run.name))),
        title=say("importance.subsets"),
        about=say("importance.subsets_about"),
        table=False,
    )


def _subset_table(context: Context, study: Importance | None) -> Content:
    """Return a row per subset of modalities, with the headline of each task."""
    if study is None:
        return None
    say, tasks, names = context.say, list(study.metrics), list(study.modalities)
    scores = {
        (each.kept, each.task): each.score
        for each in study.subsets
        if each.measure == study.metrics[each.task]
    }
    subsets = list(dict.fromkeys(kept for kept, _ in scores))
    head = [element("th", say("column.kept"), scope="col")]
    head += [
        element(
            "th",
            task,
            element(
                "span", metric_text(say, study.kinds[task], study.metrics[task]), class_="kind"
            ),
            scope="col",
            class_="number",
        )
        for task in tasks
    ]
    body = []
    for kept in subsets:
        all_kept = len(kept) == len(names)
        label = (
            say("importance.all_kept")
            if all_kept
            else say("list.plus").join(kept) or say("importance.none_kept")
        )
        cells = [_score(study.metrics[task], scores.get((kept, task))) for task in tasks]
        body.append(
            element(
                "tr",
                element("th", label, scope="row"),
                cells,
                class_="headline" if all_kept else None,
            )
        )
    table = element(
        "table", element("thead", element("tr", head)), element("tbody", body), class_="sortable"
    )
    return element(
        "div",
        table,
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=say("importance.subsets"),
    )


def _score(metric: str, score: Estimate | None) -> Html:
    if score is None or not math.isfinite(score.value):
        return element("td", "–", class_="number")
    return element(
        "td",
        score_text(metric, score.value),
        class_="number",
        data_v=f"{score.value:.9g}",
        data_tip=score_between(metric, score.low, score.high),
    )
