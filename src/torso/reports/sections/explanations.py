"""Explanations of single rows: shares of modalities, columns, words, regions and stretches in an answer."""

from __future__ import annotations

from collections.abc import Sequence

from torso.reports.charts import Mark
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.sections.forest import Line, forest
from torso.reports.sections.section import Section, beside, sentences, some_tasks, tone_chip
from torso.studies.explain.answer import Share, TaskExplanation, signed
from torso.studies.explain.kept import STUDY, KeptExplanation, Seen, kept_explanations

__all__ = ["explanations"]

_MOST_ROWS, _MOST_SHARES = 6, 10


def explanations(context: Context) -> Section | None:
    """Return the last explanations that each run keeps; None without any."""
    say = context.say
    studies = context.studies(
        STUDY,
        kept_explanations,
        lambda run: context.command("explain", "--row", "1", run=run, table=True),
    )
    if not any(studies.values()):
        return None
    rows = [
        (
            *(name, own.explanation.row, own.explanation.table, own.explanation.method, task),
            *(each.answer, level, share.modality, share.column, share.piece),
            *(share.share.value, share.share.low, share.share.high),
        )
        for name, study in studies.items()
        for own in study
        for task, each in own.explanation.tasks.items()
        for level, shares in (("modality", each.modalities), ("part", each.parts))
        for share in shares
    ]
    columns = (
        *("run", "row", "table", "method", "task", "answer", "level", "modality", "column"),
        *("piece", "share", "low", "high"),
    )
    body = context.figure(
        Figure("explanations", columns, rows),
        beside(context, lambda run: _of(context, studies.get(run.name))),
        title=say("explain.rows"),
        about=say("explain.about"),
    )
    return Section("explanations", say("explain.title"), body)


def _of(context: Context, study: Sequence[KeptExplanation] | None) -> Content:
    if not study:
        return None
    return [_row(context, own) for own in study[:_MOST_ROWS]]


def _row(context: Context, own: KeptExplanation) -> Html:
    """Return a row's answers, each with its shares."""
    say, explanation = context.say, own.explanation
    lacks = say("list.comma").join(explanation.missing)
    heading = [
        say("explain.row", row=f"{explanation.row:,}", table=explanation.table),
        say("explain.lacks", modalities=lacks) if lacks else "",
        say("explain.gradients") if explanation.method == "gradients" else "",
    ]
    tasks, cut = some_tasks(context, list(explanation.tasks))
    answers = [_answer(context, own, explanation.tasks[task]) for task in tasks]
    return element(
        "article",
        element("h4", say("list.comma").join(filter(None, heading))),
        cut,
        answers,
        sentences(context, explanation.notes),
        class_="explained",
    )


def _answer(context: Context, own: KeptExplanation, each: TaskExplanation) -> Html:
    say = context.say
    state, tone = {True: ("passed", "good"), False: ("failed", "bad"), None: ("untested", "even")}[
        each.passed
    ]
    key = "explain.probability" if each.is_probability else "explain.answer"
    told = say(
        key,
        answer=each.answer,
        value=_number(each, each.value),
        without=_number(each, each.without),
    )
    shown = list(each.parts[:_MOST_SHARES])
    more = len(each.parts) - len(shown)
    media = [
        _media(context, own.explanation.row, each, column, seen)
        for column, seen in own.seen.items()
    ]
    after = element("p", say("explain.more", count=more), class_="told") if more > 0 else None
    return element(
        "div",
        element(
            "p",
            element("b", each.task),
            " ",
            told,
            " ",
            tone_chip(say(f"explain.{state}"), tone),
        ),
        element("div", media, class_="seen") if media else None,
        forest([_line(each, share) for share in shown], after=after) if shown else None,
        class_="answer",
        data_task=each.task,
    )


def _number(each: TaskExplanation, value: float) -> str:
    return f"{value:,.{each.decimals}f}".replace("-", "−")


def _line(each: TaskExplanation, share: Share) -> Line:
    estimate, decimals = share.share, each.decimals
    ends = f"[{signed(estimate.low, decimals)}, {signed(estimate.high, decimals)}]"
    told = [share.name, share.words(decimals), ends if share.error > 1e-12 else ""]
    colour = 8 if not share.surely else 1 if estimate.value > 0 else 2
    mark = Mark(
        estimate.value, estimate.low, estimate.high, "\n".join(filter(None, told)), colour, bar=True
    )
    name = share.piece or share.column
    under = share.column if share.piece else share.modality if share.modality != name else None
    return Line(name, mark, signed(estimate.value, decimals), under=under)


def _media(context: Context, row: int, each: TaskExplanation, column: str, seen: Seen) -> Html:
    """Return a picture, or a picture of a recording, with its regions or stretches coloured by their shares."""
    parts = [share for share in each.parts if share.column == column and share.span]
    largest = max((abs(share.share.value) for share in parts), default=0.0) or 1.0
    label = context.say("worst.file", name=column, row=f"{row:,}")
    shapes = [_region(each, share, seen, largest) for share in parts]
    return element(
        "div",
        element("img", src=seen.address, alt=""),
        element(
            "svg", shapes, viewBox="0 0 100 100", preserveAspectRatio="none", aria_hidden="true"
        ),
        class_=f"overlay {seen.kind}",
        role="img",
        tabindex="0",
        aria_label=label,
    )


def _region(each: TaskExplanation, share: Share, seen: Seen, largest: float) -> Html:
    if seen.kind == "image" and len(share.span) == 4:
        top, left, bottom, right = share.span
        high, wide = seen.length
        box = (100 * left / wide, 100 * top / high, 100 * right / wide, 100 * bottom / high)
    else:
        start, end = share.span[:2]
        box = (100 * start / seen.length[0], 0.0, 100 * end / seen.length[0], 100.0)
    strength = abs(share.share.value) / largest * (1.0 if share.surely else 0.5)
    return element(
        "rect",
        x=f"{box[0]:g}",
        y=f"{box[1]:g}",
        width=f"{box[2] - box[0]:g}",
        height=f"{box[3] - box[1]:g}",
        class_=f"region c{1 if share.share.value >= 0 else 2}",
        fill_opacity=f"{0.75 * strength:.2f}",
        data_tip=f"{share.name}\n{share.words(each.decimals)}",
    )
