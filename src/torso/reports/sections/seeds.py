"""Headline scores under several seeds, beside the interval over rows of one run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torso.reports.charts import Mark
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.forest import Line, forest
from torso.reports.sections.section import (
    Section,
    beside,
    legend,
    metric_text,
    score_between,
    score_text,
    sentences,
    some_tasks,
    tone_chip,
)
from torso.studies.seeds.report import Seeds

__all__ = ["seeds"]


def seeds(context: Context) -> Section | None:
    """Return the scores of each task under all seeds; None without a study."""
    say = context.say
    studies = context.studies(
        "seeds", Seeds.from_dict, lambda run: context.command("seeds", run=run)
    )
    if not studies:
        return None
    rows = [
        (name, task, metric, metric == study.headlines[task], seed, value)
        for name, study in studies.items()
        for task, metrics in study.scores.items()
        for metric, values in metrics.items()
        for seed, value in zip(study.seeds, values, strict=True)
    ]
    body = context.figure(
        Figure("seeds", ("run", "task", "metric", "headline", "seed", "value"), rows),
        beside(context, lambda run: _of(context, run, studies.get(run.name))),
        title=say("seeds.scores"),
        about=say("seeds.about"),
    )
    return Section("seeds", say("seeds.title"), body)


def _of(context: Context, run: Material, study: Seeds | None) -> Content:
    if study is None:
        return None
    say = context.say
    tasks, cut = some_tasks(context, list(study.headlines))
    by_metric: dict[str, list[str]] = {}
    for task in tasks:
        by_metric.setdefault(study.headlines[task], []).append(task)
    entries = [(say("seeds.own"), run.colour, "point"), (say("seeds.others"), 0, "further")]
    plots = [_plot(context, run, study, own) for own in by_metric.values()]
    told = [*study.notes, *(f"Not trained, seed {s}: {why}" for s, why in study.left_out.items())]
    return [legend(*entries), cut, plots, sentences(context, told)]


def _plot(context: Context, run: Material, study: Seeds, tasks: Sequence[str]) -> Html:
    """Return the scores of tasks with the same headline."""
    metric = study.headlines[tasks[0]]
    name = metric_text(context.say, study.kinds[tasks[0]], metric)
    lines = [_line(context, run, study, task) for task in tasks]
    return element("div", element("h4", name), forest(lines, zero=False))


def _line(context: Context, run: Material, study: Seeds, task: str) -> Line:
    say, metric, rows = context.say, study.headlines[task], study.intervals[task]
    own, *others = study.scores[task][metric]
    over = study.spread(task)
    told = [
        task,
        *(
            f"{say('seeds.seed', seed=seed)}: {score_text(metric, value)}"
            for seed, value in zip(study.seeds, study.scores[task][metric], strict=True)
        ),
        f"95 %: {score_between(metric, rows.low, rows.high)}",
    ]
    spread = f"± {score_text(metric, over.spread)}" if math.isfinite(over.spread) else None
    wild = study.wild(task)
    chip = tone_chip(say("seeds.wild" if wild else "seeds.calm"), "bad" if wild else "even")
    return Line(
        task,
        Mark(own, rows.low, rows.high, "\n".join(told), run.colour),
        score_text(metric, over.mean),
        chip,
        spread,
        dots=tuple(others),
        task=task,
    )
