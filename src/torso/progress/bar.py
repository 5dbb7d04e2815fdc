"""Bars: the progress of a fit, and of anything that is counted."""

from __future__ import annotations

from time import perf_counter
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from torso.core.notes import Telling
from torso.progress.consoles import has_width
from torso.progress.cures import WithCures
from torso.progress.wording import epoch_metrics, held_out_loss, time_text
from torso.training.listeners import Epoch, Listener

__all__ = ["CountingBar", "ProgressBar"]


class ProgressBar(Listener):
    """Shows decoding and epochs as bars, and a line per epoch with each task's held-out metric.

    Args:
        console: where to draw.
        notes: print all notes; else only tellings, since the others are warnings.
    """

    def __init__(self, console: Console, *, notes: bool = True) -> None:
        self.console = console
        self.shows_notes = notes
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.bars: dict[str, TaskID] = {}
        self.epochs = 0
        self.batches = 0
        self.begun = perf_counter()

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def preparing(self, column: str, done: int, total: int) -> None:
        """Move the bar of a column."""
        if column not in self.bars:
            label = column if column == "trials" else f"reading {column}"
            self.bars[column] = self.progress.add_task(label, total=total)
        self.progress.update(self.bars[column], completed=done, total=total)

    def started(self, epochs: int, batches: int) -> None:
        """Swap the columns' bars for that of the epochs."""
        for bar in self.bars.values():
            self.progress.remove_task(bar)
        self.epochs, self.batches = epochs, batches
        self.begun = perf_counter()
        self.bars = {"": self.progress.add_task("epoch 1", total=batches)}

    def batch_done(self, epoch: int, batch: int) -> None:
        """Move the bar of the epoch."""
        self.progress.update(
            self.bars[""], completed=batch, description=f"epoch {epoch} of {self.epochs}"
        )

    def epoch_done(self, epoch: Epoch) -> None:
        """Print a line: losses and metrics, seconds so far, and those of all epochs to come."""
        mark = " [green]best[/]" if epoch.best else ""
        shown = self.progress.console
        shown.print(
            f"[dim]epoch {epoch.number:>3}{self._of()}[/]  held-out loss {held_out_loss(epoch):.3f}  "
            f"[dim]{escape(epoch_metrics(epoch))}[/]{mark}  [dim]{self._time(epoch.number)}[/]",
            highlight=False,
            soft_wrap=not has_width(shown),
        )

    def _of(self) -> str:
        return f" of {self.epochs}" if self.epochs else ""

    def _time(self, epoch: int) -> str:
        """Return the seconds since training began, and how many more all epochs would take at this pace."""
        seconds = perf_counter() - self.begun
        left = seconds / epoch * (self.epochs - epoch)
        more = f", at most {time_text(left)} to go" if left >= 1 else ""
        return time_text(seconds) + more

    def ended(self, reason: str) -> None:
        """Print why."""
        self.progress.console.print(f"Training ended: {reason}.", highlight=False)

    def noted(self, message: str) -> None:
        """Print the note; not as well as a warning."""
        if not (self.shows_notes or isinstance(message, Telling)):
            return
        shown = self.progress.console
        line = Text.assemble(("note  ", "yellow"), message)
        shown.print(WithCures(line), soft_wrap=not has_width(shown))


class CountingBar:
    """A bar that is there while something is counted, and gone afterwards; called with `(done, total)`.

    Args:
        console: where to draw.
        label: stands before the bar.
    """

    def __init__(self, console: Console, label: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._label = label
        self._bar: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar is None:
            self._bar = self._progress.add_task(self._label)
        self._progress.update(self._bar, completed=done, total=total)
