"""The page in a few sentences, and the headline score of each task."""

from __future__ import annotations

from collections import Counter

from torso.reports.context import Context
from torso.reports.html import Html, element
from torso.reports.material import Material
from torso.reports.sections.section import (
    Section,
    beside,
    kind_text,
    metric_text,
    run_name,
    score_text,
    verdict_chip,
)

__all__ = ["summary"]

_MOST_TILES = 12


def summary(context: Context) -> Section:
    """Return the summary of every run."""
    words = beside(context, lambda run: element("p", _in_words(context, run), class_="lead"))
    tasks = context.tasks()
    tiles = element("div", [_tile(context, task) for task in tasks[:_MOST_TILES]], class_="tiles")
    more = None
    if len(tasks) > _MOST_TILES:
        more = element(
            "p",
            context.say("summary.more", shown=_MOST_TILES, count=len(tasks)),
            " ",
            element("a", context.say("scores.title"), href="#scores"),
        )
    return Section("summary", context.say("summary.title"), [words, tiles, more])


def _in_words(context: Context, run: Material) -> list[str | Html]:
    say, report = context.say, run.report
    rows = report.usage.rows
    scored = max((own.rows for own in report.tasks.values()), default=0)
    sentences = [
        say(
            "summary.learnt",
            tasks=say("summary.tasks", count=len(report.tasks)),
            rows=f"{report.usage.rows_trained or rows.get('training', 0):,}",
            modalities=say("summary.modalities", count=len(run.schema.modalities)),
        ),
        say(f"summary.scored.{report.split}", rows=f"{scored:,}")
        if report.split in ("test", "validation")
        else "",
        _verdicts(context, run),
        say(
            "summary.course",
            epochs=say("summary.epochs", count=report.training.epochs),
            networks=say("summary.networks", count=report.training.networks),
            seconds=_duration(report.training.seconds.training),
        ),
    ]
    space = "" if say.language == "zh" else " "
    return [space.join(sentence for sentence in sentences if sentence)]


def _verdicts(context: Context, run: Material) -> str:
    """Return how many tasks are better than their baseline, no better, or worse."""
    say = context.say
    counts = Counter(report.verdict() or "undefined" for report in run.report.tasks.values())
    parts = [
        say(f"summary.verdict.{name.replace(' ', '_')}", count=counts[name])
        for name in ("better", "no better", "worse", "too few", "undefined")
        if counts[name]
    ]
    return say("summary.verdicts", parts=say("list.comma").join(parts)) if parts else ""


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f}\u00a0s"
    minutes = seconds / 60
    return f"{minutes:.0f}\u00a0min" if minutes < 90 else f"{minutes / 60:.1f}\u00a0h"


def _tile(context: Context, task: str) -> Html:
    """Return a card with the headline metric of a task, a line per run."""
    say = context.say
    runs = [run for run in context.runs if task in run.report.tasks]
    first = runs[0].report.tasks[task]
    metric = metric_text(say, first.kind, first.headline)
    lines = []
    for run in runs:
        report = run.report.tasks[task]
        estimate = report.metrics[report.headline]
        lines.append(
            element(
                "div",
                run_name(run) if context.several else None,
                element("strong", score_text(report.headline, estimate.value), class_="value"),
                verdict_chip(say, report),
                class_="score",
            )
        )
    baseline = score_text(first.headline, first.baseline[first.headline])
    about = say("summary.baseline", metric=metric, baseline=baseline)
    return element(
        "div",
        element("h3", task, element("span", kind_text(say, first.kind), class_="kind")),
        lines,
        element("p", about, class_="about"),
        class_="tile",
        data_task=task,
    )
