"""The look of all pictures of the benchmarks: as wide as a page's column, labels of 9 pt, one legend above.

A page shows a picture up to 830 pixels wide. `WIDTH` inches are that width at the 96 pixels of a screen's inch, so a
label keeps its size; `DPI` is twice as fine, for sharp screens. Colours keep apart for the colour-blind, and each has a
marker of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["COLOURS", "DPI", "MARKERS", "WIDTH", "legend", "pyplot", "save"]

WIDTH, DPI = 8.6, 192
TEXT = 9
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333")
MARKERS = "osD^vPX"


def pyplot() -> Any:
    """Return matplotlib's pyplot in the common style; None where it is absent, and say so."""
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot as drawing

    sizes = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
    sizes += ("legend.fontsize", "figure.titlesize", "figure.labelsize")
    drawing.rcParams.update(dict.fromkeys(sizes, TEXT))
    drawing.rcParams.update({"grid.linewidth": 0.3, "legend.frameon": False})
    drawing.rcParams["axes.prop_cycle"] = drawing.cycler(color=COLOURS)
    return drawing


def save(figure: Any, file: Path, *, photos: bool = False) -> None:
    """Write a figure and close it; where it shows no `photos`, with 256 colours, which takes far fewer bytes."""
    from matplotlib import pyplot as drawing
    from PIL import Image

    figure.savefig(file, dpi=DPI, metadata={"Software": None})
    drawing.close(figure)
    with Image.open(file) as picture:
        small = picture.convert("RGB")
    if not photos:
        small = small.quantize(256, dither=Image.Dither.NONE)
    small.save(file, optimize=True, dpi=(DPI, DPI))


def legend(figure: Any, entries: Iterable[tuple[str, str, str]], columns: int = 4) -> None:
    """Write (label, colour, marker) of each entry once, along the upper edge of a figure."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, label=label, linewidth=1.4, markersize=5)
        for label, colour, marker in entries
    ]
    figure.legend(handles=handles, loc="upper center", ncols=columns)
