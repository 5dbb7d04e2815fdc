"""Table of `torso certificate`: a block per missing pattern, a line per task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from torso.app.terminal.blocks import WHERE, by_parts

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
    name, whole, named = "", [header], []
    for pattern, *cells in rows:
        name = pattern or name
        whole.append((name, *cells))
        task, labels, metric, value, _, verdict, held, kept = cells
        told = f"{task}, {metric} ({labels})" if labels else task
        named += [(name, (told, value, verdict))]
        named += [(name, ("  coverage", held, kept))] if held else []
    return Group(title, by_parts(whole, named, 1, width, fold=("rows",)), Text(f"\n{CAPTION}"))
