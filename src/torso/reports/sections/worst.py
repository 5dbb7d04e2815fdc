"""Held-out rows that a run answers worst, with their pictures, recordings and texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from torso.evaluation.wording import number_text
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.media import Media
from torso.reports.sections.section import Section, beside
from torso.reports.table_rows import TableRows, rows_at_hand
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices import Mistakes
from torso.studies.slices.confusion import UNSEEN, class_names

__all__ = ["Case", "worst", "worst_cases"]

_EACH, _MOST_TASKS = 4, 8
_MEDIA_BYTES = 1_200_000
_LONGEST_TEXT, _MOST_CELLS = 220, 8
_CLASSES = ("category", "binary", "ordinal")
_NUMBERS = ("number", "count")


@dataclass(frozen=True)
class Case:
    """A row that is answered badly.

    Attributes:
        task: that it is about.
        row: position in the table.
        truth: in words.
        answer: in words.
        loss: the larger, the worse.
    """

    task: str
    row: int
    truth: str
    answer: str
    loss: float


def worst(context: Context) -> Section | None:
    """Return the worst rows of each task; None if no run kept its answers."""
    cases = {run.name: worst_cases(context, run) for run in context.runs}
    if not any(cases.values()):
        return None
    say = context.say
    media = Media(_MEDIA_BYTES)
    rows = [
        (name, case.task, case.row + 1, case.truth, case.answer, case.loss)
        for name, own in cases.items()
        for case in own
    ]
    body = context.figure(
        Figure("worst-rows", ("run", "task", "row", "truth", "answer", "loss"), rows),
        beside(context, lambda run: _cards(context, run, cases[run.name], media)),
        title=say("worst.rows"),
        about=say("worst.about", each=_EACH),
    )
    if media.skipped or media.unread:
        context.notes.append(
            say(
                "worst.media",
                skipped=media.skipped,
                unread=media.unread,
                most=f"{_MEDIA_BYTES / 1e6:.1f} MB",
            )
        )
    return Section("worst", say("worst.title"), body)


def worst_cases(context: Context, run: Material) -> list[Case]:
    """Return the rows with the largest loss of each task, as far as a row has a loss of its own."""
    if run.held_out is None:
        return _kept_cases(context, run)
    cases = []
    for task, own in list(run.held_out.tasks.items())[:_MOST_TASKS]:
        if own.kind not in (*_CLASSES, *_NUMBERS) or not own.whole or not own.labelled.any():
            continue
        known = np.flatnonzero(own.labelled)
        some = own.of_rows(known)
        losses = _losses(some)
        for at in np.argsort(-losses, kind="stable")[:_EACH]:
            truth, answer = _in_words(context, some, int(at))
            row = int(run.held_out.rows[known[at]])
            cases.append(Case(task, row, truth, answer, float(losses[at])))
    return cases


def _kept_cases(context: Context, run: Material) -> list[Case]:
    """Return the worst rows that `torso mistakes` keeps, for a run of an earlier version, which has no answers."""
    command = context.command("mistakes", run=run, table=True)
    study = context.study(run, "mistakes", Mistakes.from_dict, command)
    if study is None:
        return []
    return [
        Case(task, row.row - 1, row.truth, row.answer, row.loss)
        for task, own in list(study.tasks.items())[:_MOST_TASKS]
        for row in own.worst[:_EACH]
    ]


def _losses(own: TaskAnswers) -> np.ndarray:
    """Return minus the log-probability of each row's class, or the absolute error of its number."""
    if own.kind in _NUMBERS:
        return np.asarray(np.abs(own.truth - own.answer))
    if own.kind == "binary":
        stated = np.where(own.truth == 1, own.answer, 1 - own.answer)
    else:
        truth = own.truth.astype(np.intp)
        inside = truth < own.answer.shape[1]
        stated = np.where(
            inside, own.answer[np.arange(len(truth)), np.where(inside, truth, 0)], 0.0
        )
    return np.asarray(-np.log(np.maximum(stated.astype(np.float64), 1e-12)))


def _in_words(context: Context, own: TaskAnswers, at: int) -> tuple[str, str]:
    """Return truth and answer of a row."""
    if own.kind in _NUMBERS:
        answer = number_text(float(own.answer[at]))
        if "low" in own.details and "high" in own.details:
            low, high = (number_text(float(own.details[end][at])) for end in ("low", "high"))
            answer += f" [{low}, {high}]"
        return number_text(float(own.truth[at])), answer
    names = class_names(own)
    told = int(own.scores.plain_answers(own.answer, own.details)[at])
    if own.kind == "binary":
        stated = float(own.answer[at]) if told == 1 else 1 - float(own.answer[at])
    else:
        stated = float(own.answer[at, told])
    truth, share = int(own.truth[at]), context.say("worst.stated", share=f"{stated:.0%}")
    return names[truth] if truth < len(names) else UNSEEN, f"{names[told]} ({share})"


def _cards(context: Context, run: Material, cases: list[Case], media: Media) -> Content:
    """Return the rows as cards, below the name of their task."""
    say = context.say
    if not cases:
        return None
    table = rows_at_hand(run, sorted({case.row for case in cases}), context.table)
    told = None
    if isinstance(table, str):
        told = say("worst.without", why=say(f"worst.{table}"))
        if table != "old":
            told += say("worst.cure")
        context.notes.append(f"{run.name}: {told}")
    shown: list[Content] = [element("p", told, class_="told") if told else None]
    for task in dict.fromkeys(case.task for case in cases):
        cards = [
            _card(context, run, case, None if isinstance(table, str) else table, media)
            for case in cases
            if case.task == task
        ]
        shown.append(
            element(
                "div", element("h4", task), element("div", cards, class_="cases"), data_task=task
            )
        )
    return shown


def _card(
    context: Context, run: Material, case: Case, table: TableRows | None, media: Media
) -> Html:
    say = context.say
    files, cells = [], []
    if table is not None:
        for name, config in run.config["inputs"].items():
            kind = str(config.get("kind", ""))
            if kind in ("image", "audio"):
                files.append(_file(context, name, kind, table, case, media))
            elif kind != "video":
                cells.append((name, table.cell(name, case.row)))
    known = [(name, cell) for name, cell in cells if cell is not None and str(cell).strip()]
    listed = [
        [element("dt", name), element("dd", _short(cell))] for name, cell in known[:_MOST_CELLS]
    ]
    more = len(known) - _MOST_CELLS
    return element(
        "article",
        element("h5", say("worst.row", row=f"{case.row + 1:,}")),
        files,
        element(
            "p",
            [
                element("span", say("answers.truth"), class_="quiet"),
                " ",
                element("b", case.truth),
                element("br"),
            ],
            [
                element("span", say("answers.answer"), class_="quiet"),
                " ",
                element("b", case.answer),
            ],
        ),
        element("dl", listed, class_="cells") if listed else None,
        element("p", say("list.more", count=more), class_="told") if more > 0 else None,
        class_="case",
    )


def _file(
    context: Context, name: str, kind: str, table: TableRows, case: Case, media: Media
) -> Content:
    content = table.content(name, case.row)
    address = None if content is None else media.address(content, kind)
    if address is None:
        return None
    label = context.say("worst.file", name=name, row=f"{case.row + 1:,}")
    if kind == "image":
        return element("img", src=address, alt=label)
    return element("audio", controls=True, preload="metadata", src=address, aria_label=label)


def _short(cell: object) -> str:
    text = f"{cell:.6g}" if isinstance(cell, float) else " ".join(str(cell).split())
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
