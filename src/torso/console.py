"""What a person sees in the terminal: the progress of a fit, tables of columns, results and usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from torso.training.events import Epoch, Listener

__all__ = ["ProgressBar", "columns_table", "summary"]


class ProgressBar(Listener):
    """Shows decoding and epochs as bars, and a line per epoch with each task's held-out metric.

    Args:
        console: where to draw.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.bars: dict[str, Any] = {}
        self.epochs = 0
        self.batches = 0

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def preparing(self, column: str, done: int, total: int) -> None:
        """Move the bar of a column."""
        if column not in self.bars:
            self.bars[column] = self.progress.add_task(f"reading {column}", total=total)
        self.progress.update(self.bars[column], completed=done, total=total)

    def started(self, epochs: int, batches: int) -> None:
        """Swap the columns' bars for that of the epochs."""
        for bar in self.bars.values():
            self.progress.remove_task(bar)
        self.epochs, self.batches = epochs, batches
        self.bars = {"": self.progress.add_task("epoch 1", total=batches)}

    def batch_done(self, epoch: int, batch: int) -> None:
        """Move the bar of the epoch."""
        self.progress.update(
            self.bars[""], completed=batch, description=f"epoch {epoch} of {self.epochs}"
        )

    def epoch_done(self, epoch: Epoch) -> None:
        """Print a line."""
        parts = [
            f"{task} {name} {value:.3f}"
            for task, metrics in epoch.metrics.items()
            for name, value in metrics.items()
        ]
        loss = sum(value for value in epoch.validation.values() if value == value)
        mark = " [green]best[/]" if epoch.best else ""
        self.progress.console.print(
            f"[dim]epoch {epoch.number:>3}[/]  held-out loss {loss:.3f}  "
            f"[dim]{' · '.join(parts)}[/]{mark}",
            highlight=False,
        )

    def ended(self, reason: str) -> None:
        """Print why."""
        self.progress.console.print(f"Training ended: {reason}.", highlight=False)

    def noted(self, message: str) -> None:
        """Print the note."""
        self.progress.console.print(Text.assemble(("note  ", "yellow"), message))


def columns_table(reports: Iterable[Any], targets: Iterable[str]) -> RenderableType:
    """Return the table of `torso inspect`, with the warnings below it."""
    aims = set(targets)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("column", "role", "kind", "missing", "distinct", "example", "why"):
        table.add_column(name, justify="right" if name in ("missing", "distinct") else "left")
    warnings = []
    for one in reports:
        role = "target" if one.name in aims else "input" if one.use else "left out"
        style = {"target": "green", "input": "", "left out": "dim"}[role]
        table.add_row(
            *(
                Text(str(cell), overflow="fold")
                for cell in (
                    one.name,
                    role,
                    one.kind or "–",
                    f"{one.missing:.1%}",
                    one.distinct,
                    one.example,
                    one.why,
                )
            ),
            style=style,
        )
        warnings += [Text.assemble((f"{one.name}: ", "yellow"), text) for text in one.warnings]
    return Group(table, Text(""), *warnings) if warnings else table


def summary(metrics: Mapping[str, Any]) -> RenderableType:
    """Return what a fit used: rows, labels per task, gaps per modality, cells skipped."""
    usage = metrics["usage"]
    rows = usage["rows"]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("labels used")
    for split in rows:
        table.add_column(f"{split} ({rows[split]} rows)", justify="right")
    for task in usage["labels"]["training"]:
        table.add_row(task, *(str(usage["labels"][split][task]) for split in rows))
    total = max(1, rows["training"])
    present = ", ".join(
        f"{name} {count / total:.0%}" for name, count in usage["training_rows_with"].items()
    )
    lines: list[RenderableType] = [table, Text(f"training rows that have each modality: {present}")]
    unused = rows["training"] - usage["rows_trained"]
    if unused:
        lines.append(Text(f"{unused} training rows have no label at all and could not be used."))
    for column, count in usage["skipped_cells"].items():
        lines.append(
            Text(f"{count} cells of {column!r} counted as missing: see skipped.jsonl", "yellow")
        )
    return Group(*lines)
