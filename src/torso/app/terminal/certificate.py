"""Table of `torso certificate`: a block per missing pattern, a line per task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from torso.app.terminal.blocks import WHERE, WIDE, blocks, plain_table, styled
from torso.progress import IN_PIPE

if TYPE_CHECKING:
    from torso.studies.patterns import Certificate

__all__ = ["certificate_table"]

CAPTION = (
    "The baseline sees no input. Coverage is the share of labels inside the model's intervals. Nothing is said of fewer than "
    "20 labels."
)


def certificate_table(certificate: Certificate, width: int = 80) -> RenderableType:
    """Return scores by missing pattern.

    Args:
        certificate: of a run.
        width: of the terminal in characters; where it is narrow, a pattern stands above its tasks.
    """
    header, *rows = certificate.rows()
    title = Text(f"By what rows lack, on {WHERE[certificate.split]}, with 95 % intervals", "italic")
    name, named = "", []
    table = plain_table(header, fold=("rows",))
    for pattern, *cells in rows:
        name = pattern or name
        table.add_row(Text(name if width >= IN_PIPE else pattern), *map(styled, cells))
        task, labels, metric, value, _, verdict, held, kept = cells
        told = f"{task}, {metric} ({labels})" if labels else task
        named += [(name, (told, value, verdict))]
        named += [(name, ("  coverage", held, kept))] if held else []
    return Group(title, table if width >= WIDE else blocks(named), Text(f"\n{CAPTION}"))
