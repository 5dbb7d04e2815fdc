"""A section of the page, and words that several sections use."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import number_text
from torso.reports.context import Context
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.words import Words
from torso.tasks import words_of

__all__ = [
    "MOST_TASKS",
    "Section",
    "Writer",
    "beside",
    "kind_text",
    "legend",
    "metric_text",
    "run_name",
    "score_between",
    "score_text",
    "sentences",
    "signed",
    "some_tasks",
    "tone_chip",
    "verdict_chip",
]


MOST_TASKS = 12
"""Tasks that a chart draws; all are in its data."""


@dataclass(frozen=True)
class Section:
    """A part of the page below a heading.

    Attributes:
        ident: its anchor.
        title: its heading.
        body: content.
    """

    ident: str
    title: str
    body: Content


Writer = Callable[[Context], Section | None]
"""Writes a section; None if its runs have nothing to show there."""


def metric_text(say: Words, kind: str, metric: str) -> str:
    """Return the name of a metric in the page's language."""
    own = words_of(kind).get(metric, metric.replace("_", " "))
    return say.known(f"metric.{metric}", own)


def kind_text(say: Words, kind: str) -> str:
    """Return the name of a kind of target in the page's language."""
    return say.known(f"kind.{kind}", kind)


_IN_UNITS = {"mae", "rmse", "interval_score", "median_error", "count_error", "identity_switches"}
"""Metrics in the unit of the target, which may be tiny; all others lie near 1."""


def score_text(metric: str, value: float) -> str:
    """Return a metric's value as a person reads it, with a true minus.

    >>> score_text("r2", -1.9e-6), score_text("r2", -0.25), score_text("mae", 1.9e-6)
    ('0.000', '−0.250', '1.90e-06')
    """
    small = metric not in _IN_UNITS and abs(value) < 1e-3
    text = f"{value:.3f}" if small else number_text(value)
    return "0.000" if text == "-0.000" else text.replace("-", "−", 1) if value < 0 else text


def score_between(metric: str, low: float, high: float) -> str:
    """Return an interval; a dash where it is undefined.

    >>> score_between("r2", -0.1, 0.2)
    '−0.100 – 0.200'
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"{score_text(metric, low)} – {score_text(metric, high)}"


def verdict_chip(say: Words, report: TaskReport, metric: str | None = None) -> Html:
    """Return the verdict against the baseline as a word with a sign, so that colour alone says nothing."""
    verdict = report.verdict(metric)
    name = (verdict or "undefined").replace(" ", "_")
    good, bad = ("better", "kept"), ("worse", "too_narrow")
    tone = "good" if name in good else "bad" if name in bad else "even"
    return tone_chip(say(f"verdict.{name}"), tone)


def tone_chip(text: str, tone: str) -> Html:
    """Return a word with a sign and a colour: `good`, `bad` or `even`."""
    sign = {"good": "▲", "bad": "▼", "even": "●"}[tone]
    return element(
        "span", element("span", sign, aria_hidden="true"), f" {text}", class_=f"chip {tone}"
    )


def run_name(run: Material) -> Html:
    """Return a run's name beside its colour."""
    return element(
        "span",
        element("span", class_=f"swatch c{run.colour}", aria_hidden="true"),
        run.name,
        class_="run",
    )


def legend(*entries: tuple[str, int, str]) -> Html:
    """Return a legend: a sign for each name.

    Args:
        entries: name, colour, and the sign's class: `line`, `dashed`, `point` or `reference`.
    """
    items = [
        element("li", element("span", class_=f"key {sign} c{colour}", aria_hidden="true"), name)
        for name, colour, sign in entries
    ]
    return element("ul", items, class_="legend")


def beside(context: Context, write: Callable[[Material], Content]) -> Html:
    """Return a column per run below its name; of one run, its content alone. Runs without any are told in a line."""
    if not context.several:
        return element("div", write(context.runs[0]))
    written = [(run, write(run)) for run in context.runs]
    cells = [
        element("div", element("h3", run_name(run), class_="of-run"), content)
        for run, content in written
        if content is not None
    ]
    without = context.say("list.comma").join(
        run.name for run, content in written if content is None
    )
    told = element("p", context.say("study.none", runs=without), class_="told") if without else None
    return element("div", element("div", cells, class_="beside"), told)


def some_tasks(context: Context, tasks: Sequence[str]) -> tuple[Sequence[str], Html | None]:
    """Return the tasks that are drawn, and a sentence where these are not all."""
    if len(tasks) <= MOST_TASKS:
        return tasks, None
    told = context.say("curves.cut", shown=MOST_TASKS, count=len(tasks))
    return tasks[:MOST_TASKS], element("p", told, class_="told")


def sentences(context: Context, texts: Sequence[str]) -> Html | None:
    """Return sentences of a study as a list; None without any."""
    items = [element("li", context.sentence(text)) for text in texts]
    return element("ul", items, class_="plain") if items else None


def signed(value: float, digits: int = 3) -> str:
    """Return a difference with its sign.

    >>> signed(0.25), signed(-0.0001), signed(-2)
    ('+0.250', '0.000', '−2.000')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text
