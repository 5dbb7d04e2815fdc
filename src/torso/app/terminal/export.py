"""Lines about an exported run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torso.exporting import Written

__all__ = ["export_lines"]


def export_lines(made: Written) -> list[str]:
    """Return lines on the file, its tensors, and their comparison with the run."""
    checked = made.checked
    tried = "all" if checked.all_subsets else "drawn"
    return [
        f"{made.path}: {made.size / 1e6:.1f} MB, with its description in {made.path.with_suffix('.json').name}.",
        f"Takes {', '.join(made.inputs)}.",
        f"Gives {', '.join(made.outputs)}.",
        f"Answers as the run does on {checked.rows} drawn rows with {tried} {checked.subsets} subsets of its modalities: "
        f"largest difference {checked.largest:.1g}.",
    ]
