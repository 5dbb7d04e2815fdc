"""The two consoles, and lines that hold names and paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, TypedDict

from torso.core.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

__all__ = ["AS_IS", "IN_PIPE", "console", "has_width", "tell"]


class _AsIs(TypedDict):
    highlight: bool
    markup: bool
    soft_wrap: bool


AS_IS: _AsIs = {"highlight": False, "markup": False, "soft_wrap": True}
"""Options of `print` for lines with names and paths: one line each, whatever is in them."""


IN_PIPE = 10_000
"""Characters of a line of results in a pipe: as many as it needs, so that `grep` finds whole lines."""


def console(*, out: bool = False) -> Console:
    """Return the console for results (`out`) or for progress and notes; cells and names cannot steer the terminal."""
    known = sys.stdout.isatty() or not out or "COLUMNS" in os.environ
    return _printing()(stderr=not out, width=None if known else IN_PIPE)


@cache
def _printing() -> type[Console]:
    from rich.console import Console
    from rich.segment import Segment

    class Printing(Console):
        """A console without control signs of others; its own styles stay."""

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            """Yield the segments of a renderable."""
            for segment in super().render(renderable, options):
                text, style, control = segment
                yield segment if control else Segment(printable(text), style)

    return Printing


def tell(lines: Iterable[str], *, out: bool = False) -> None:
    """Print notes beside the results, or among them (`out`): in a terminal broken between words, in a pipe one line each."""
    from rich.text import Text

    from torso.progress.cures import WithCures

    shown = console(out=out)
    for line in lines:
        shown.print(WithCures(Text(line)), soft_wrap=not has_width(shown))


def has_width(console: Console) -> bool:
    """Return whether lines must fit: in a terminal, or where COLUMNS says so; in a pipe, a note is one line."""
    return console.is_terminal or "COLUMNS" in os.environ
