"""Texts with cures in them: an option and its value stay on one line, so that they can be pasted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

__all__ = ["WithCures"]

_OPTION = re.compile(r"(--[a-z][a-z-]*) (?=\S)")
_BLANK = "\u2800"  # as wide as a blank, and no place to break


class WithCures:
    """A text that breaks between words, but not between `--set` and its setting.

    >>> shown = Console(width=20)
    >>> shown.print(WithCures(Text("To learn it from all rows: --set data.split=0")))
    To learn it from all
    rows:
    --set data.split=0
    """

    def __init__(self, text: Text) -> None:
        self.text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        if options.no_wrap:
            yield self.text
            return
        text = self.text.copy()
        text.plain = _OPTION.sub(rf"\1{_BLANK}", text.plain)
        for line in text.wrap(console, options.max_width):
            line.plain = line.plain.replace(_BLANK, " ").rstrip()
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return self.text.__rich_measure__(console, options)
