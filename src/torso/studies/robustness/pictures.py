"""Pictures for a file; matplotlib comes with the extra `plot`."""

from __future__ import annotations

from pathlib import Path

from torso.core.errors import ConfigError
from torso.core.optional import require
from torso.studies.robustness.report import JOINT, Robustness

__all__ = ["check_picture", "draw_robustness"]


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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks = list(robustness.metrics)
    figure = Figure(figsize=(4.2 * len(tasks), 3.6))
    FigureCanvasAgg(figure)
    for column, task in enumerate(tasks, start=1):
        axis = figure.add_subplot(1, len(tasks), column)
        for number, (modality, curves) in enumerate(robustness.curves.items()):
            colour = "black" if modality == JOINT else f"C{number % 10}"
            axis.plot(robustness.levels, curves[task], color=colour, label=modality)
            theirs = against.curves.get(modality, {}).get(task) if against else None
            if against is not None and theirs is not None:
                axis.plot(against.levels, theirs, color=colour, linestyle="--", linewidth=1)
        axis.set_title(task)
        axis.set_xlabel("share of numbers from other rows")
        axis.set_ylabel(robustness.metrics[task].replace("_", " "))
        axis.grid(linewidth=0.3)
    figure.axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
