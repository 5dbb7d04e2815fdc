"""The page while it is written: its runs, its language, and the data behind its figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TypeVar

from torso.reports.html import Content, Html, element, script_json
from torso.reports.material import Material
from torso.reports.words import Words
from torso.runs.folder.json_files import Json

__all__ = ["Context", "Figure", "Unmade"]

_MOST_SHOWN = 200
"""Rows of a figure's table; all are in its files."""

T = TypeVar("T")
Cell = str | float | int | bool | None


@dataclass(frozen=True)
class Figure:
    """The data behind a figure.

    Attributes:
        name: of its files.
        columns: their names.
        rows: their cells.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def records(self) -> list[dict[str, Cell]]:
        """Return a mapping per row; undefined numbers are None."""
        return [dict(zip(self.columns, map(_known, row), strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Unmade:
    """A study that nobody has made of a run.

    Attributes:
        name: of the study.
        command: that makes it.
    """

    name: str
    command: str


@dataclass
class Context:
    """A page under way.

    Attributes:
        runs: in the order in which they were named.
        say: fixed words of the page's language.
        table: that the runs were fitted on, where they do not find it themselves; None: where they found it.
        figures: data of the figures so far.
        unmade: studies that the page could show if they were made.
        notes: what the page leaves out, in sentences.
    """

    runs: Sequence[Material]
    say: Words
    table: object = None
    figures: list[Figure] = field(default_factory=list)
    unmade: list[Unmade] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def several(self) -> bool:
        """True if the page compares runs."""
        return len(self.runs) > 1

    def tasks(self) -> list[str]:
        """Return the tasks of all runs, in their order."""
        return list(dict.fromkeys(task for run in self.runs for task in run.report.tasks))

    def figure(
        self,
        data: Figure,
        drawing: Content,
        *,
        title: str,
        about: Content = None,
        table: bool = True,
    ) -> Html:
        """Return a figure with its caption, its data as a table, and buttons that save them.

        Args:
            data: behind the drawing.
            drawing: the chart.
            title: above it.
            about: how to read it.
            table: offer the data as a table; not where the drawing is one.
        """
        self.figures.append(data)
        rows = [[_known(cell) for cell in row] for row in data.rows]
        content = {"name": data.name, "columns": list(data.columns), "rows": rows}
        ident = f"data-{data.name}"
        tools: list[Html] = []
        if table:
            tools.append(
                element("details", element("summary", self.say("figure.table")), self._table(data))
            )
        tools += [
            element(
                "button",
                kind.upper(),
                type="button",
                class_="save",
                data_of=ident,
                data_kind=kind,
                aria_label=self.say("figure.save", kind=kind.upper(), figure=title),
            )
            for kind in ("csv", "json")
        ]
        return element(
            "figure",
            element("figcaption", element("h3", title), element("p", about) if about else None),
            drawing,
            element("div", tools, class_="tools"),
            element("script", script_json(content), type="application/json", id=ident),
            class_="figure",
        )

    def _table(self, data: Figure) -> Html:
        head = element("tr", [element("th", name, scope="col") for name in data.columns])
        body = [
            element("tr", [element("td", _written(cell)) for cell in row])
            for row in data.rows[:_MOST_SHOWN]
        ]
        table = element("table", element("thead", head), element("tbody", body), class_="data")
        cut = None
        if len(data.rows) > _MOST_SHOWN:
            cut = element(
                "p", self.say("figure.cut", shown=_MOST_SHOWN, rows=f"{len(data.rows):,}")
            )
        label = self.say("figure.table")
        return Html(
            element("div", table, class_="scroll", tabindex="0", role="region", aria_label=label)
            + (cut or "")
        )

    def study(self, run: Material, name: str, read: Callable[[Json], T], command: str) -> T | None:
        """Return a study of a run; None, with the command that makes it, if there is none that can be read.

        Args:
            run: that it is of.
            name: of the study.
            read: turns its JSON into a value.
            command: that makes it.
        """
        saved = run.studies.get(name)
        if saved is not None:
            try:
                return read(saved)
            except (KeyError, TypeError, ValueError, AttributeError):
                self.notes.append(
                    f"The study {name!r} of {run.name} is of another version or damaged: left out. Make it again: {command}"
                )
        if run.folder is not None:
            self.unmade.append(Unmade(name, command))
        return None

    def studies(
        self, name: str, read: Callable[[Json], T], command: Callable[[Material], str]
    ) -> dict[str, T]:
        """Return run -> its study, of the runs that have one.

        Args:
            name: of the study.
            read: turns its JSON into a value.
            command: that makes it of a run.
        """
        read_of = {run.name: self.study(run, name, read, command(run)) for run in self.runs}
        return {run: study for run, study in read_of.items() if study is not None}

    def sentence(self, text: str) -> Content:
        """Return a sentence of a run or a study in the page's language; where it has none, marked as English."""
        told = self.say.sentence(text)
        if told is None:
            return element("span", text, lang="en")
        return told

    def command(self, *words: str, run: Material, table: bool = False) -> str:
        """Return a command about a run that works where it is pasted: `torso importance my-run table.csv`."""
        place = quote(str(run.folder)) if run.folder is not None else "RUN"
        rows = quote(run.table) if run.table and Path(run.table).exists() else "TABLE"
        return " ".join(["torso", words[0], place, *([rows] if table else []), *words[1:]])


def _known(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _written(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.6g}" if math.isfinite(cell) else "–"
    return "–" if cell is None else str(cell)
