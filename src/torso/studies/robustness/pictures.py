"""Pictures for a file; matplotlib comes with the extra `plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torso.core.errors import ConfigError
from torso.core.optional import require
from torso.studies.robustness.report import JOINT, Robustness

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["check_picture", "draw_robustness"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Apart for the colour-blind, too."""
MARKERS = "osD^vPX"
LOOKS = [
    (
        COLOURS[number % 7],
        MARKERS[(number + number // 7) % 7],
    )  # no pair returns before the fiftieth
    for number in range(49)
]
ACROSS = 2  # panels: a page shows them at their size
_MORE_LETTERS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Arial Unicode MS",
    "Microsoft YaHei",
    "SimSun",
    "Malgun Gothic",
)
"""Families with letters that Matplotlib's own lacks, as those of 中文; without any, it warns of boxes."""
LETTER, LINE = 0.075, 0.2  # inches of the legend


def check_picture(file: str | Path) -> None:
    """Refuse a file that no picture can be drawn to.

    Args:
        file: to write; its ending says the format.

    Raises:
        ConfigError: no format has this ending.
        MissingDependency: matplotlib is absent.
    """
    require("matplotlib", extra="plot", why="A picture")
    from matplotlib.backend_bases import FigureCanvasBase

    ending, known = Path(file).suffix[1:].lower(), FigureCanvasBase.get_supported_filetypes()
    if ending not in known:
        raise ConfigError(
            f"A picture's file should end in one of {', '.join(f'.{each}' for each in sorted(known))}. "
            f"Found {str(file)!r}."
        )


def draw_robustness(
    robustness: Robustness, file: str | Path, against: Robustness | None = None
) -> None:
    """Draw a panel per task: its metric against the level of noise, a line per modality and one for all.

    Args:
        robustness: to draw.
        file: to write; its ending says the format.
        against: the same of a baseline, drawn dashed.

    Raises:
        ConfigError: no format has this ending.
        MissingDependency: matplotlib is absent.
    """
    check_picture(file)
    from matplotlib import rc_context

    with rc_context({"font.family": _fonts()}):
        _draw(robustness, file, against)


def _fonts() -> list[str]:
    """Return Matplotlib's own font, and for letters that it lacks those that are installed."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _MORE_LETTERS if name in installed)]


def _draw(robustness: Robustness, file: str | Path, against: Robustness | None) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks = list(robustness.metrics)
    across = min(ACROSS, len(tasks))
    down = -(-len(tasks) // across)
    figure = Figure(figsize=(4.2 * across, 3.2 * down), layout="constrained")
    FigureCanvasAgg(figure)
    for number, task in enumerate(tasks, start=1):
        axis = figure.add_subplot(down, across, number)
        _panel(axis, robustness, task, against)
    _legend(figure, against is not None)
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=130)


def _panel(axis: Axes, robustness: Robustness, task: str, against: Robustness | None) -> None:
    """Draw the curves of a task."""
    for number, (modality, curves) in enumerate(robustness.curves.items()):
        joint = modality == JOINT
        colour, marker = ("black", "*") if joint else LOOKS[number % len(LOOKS)]
        axis.plot(
            robustness.levels,
            curves[task],
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=2.5 if joint else 1.5,
            label=modality,
        )
        theirs = against.curves.get(modality, {}).get(task) if against else None
        if against is not None and theirs is not None:
            axis.plot(against.levels, theirs, color=colour, linestyle="--", linewidth=1)
    axis.set_title(task)
    axis.set_xlabel("share of numbers from other rows")
    axis.set_ylabel(robustness.metrics[task].replace("_", " "))
    axis.grid(linewidth=0.3)


def _legend(figure: Figure, dashed: bool) -> None:
    """Write the names once, below all panels, so that no curve is covered."""
    from matplotlib.lines import Line2D

    handles, labels = figure.axes[0].get_legend_handles_labels()
    if dashed:
        handles.append(Line2D([], [], color="black", linestyle="--", linewidth=1))
        labels.append("the other run")
    width, height = figure.get_size_inches()
    columns = max(1, min(len(labels), int(width / (LETTER * max(map(len, labels)) + 0.6))))
    figure.set_size_inches(width, height + LINE * -(-len(labels) // columns) + 0.2)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=9)
