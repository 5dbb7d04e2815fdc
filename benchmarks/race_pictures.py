"""What fusion_race.py and missing.py found, drawn; without matplotlib they say so and draw nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

__all__ = ["ALONE", "differences", "intervals", "pyplot"]

ALONE = " alone, "
METRICS = {
    "category": "accuracy",
    "lang": "accuracy",
    "digit": "accuracy",
    "seconds": "R²",
    "cartoon": "AUROC",
    "noflip": "AUROC",
    "sentiment": "AUROC",
    "income": "AUROC",
    "never_married": "AUROC",
    "left": "accuracy",
    "right": "accuracy",
}


def pyplot() -> Any:
    """Return matplotlib's pyplot, or None, and say so."""
    try:
        from matplotlib import pyplot as drawing
    except ImportError:
        print("no picture: pip install matplotlib")
        return None
    return drawing


def intervals(blocks: Mapping[str, Any], default: str, plain: str, file: Path) -> None:
    """Draw a panel per data set and task, the entries of a data set in the order of their mean over tasks.

    The line of an entry is the interval of its difference from the default, paired by seed, so where it does
    not reach the red line the two surely differ; the default's own is the interval of its mean.
    """
    drawing = pyplot()
    if drawing is None or not blocks:
        return
    panels = [
        (name, task)
        for name, block in blocks.items()
        for task in next(iter(block["entries"].values()))["scores"]
        if task != "mean"
    ]
    columns = 4
    rows = -(-len(panels) // columns)
    tallest = max(len(block["entries"]) for block in blocks.values())
    figure, axes = drawing.subplots(
        rows, columns, figsize=(4.8 * columns, 0.2 * tallest * rows + 1), squeeze=False
    )
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (name, task) in zip(axes.flat, panels, strict=False):
        entries = blocks[name]["entries"]
        order = sorted(entries, key=lambda one: entries[one]["scores"]["mean"]["mean"])
        middle = entries[default]["scores"][task]["mean"]
        means = [
            one["scores"][task]["mean"] for label, one in entries.items() if ALONE not in label
        ]
        room = 0.35 * (max(means) - min(means)) + 0.005
        axis.set_xlim(min(means) - room, max(means) + room)
        axis.set_ylim(-1, len(order))
        axis.axvline(middle, color="crimson", linewidth=0.6)
        for place, label in enumerate(order):
            one = entries[label]
            mean = one["scores"][task]["mean"]
            around = one["scores"][task]
            if label != default:
                gap = one[f"minus {default}"][task]
                around = {side: middle + gap[side] for side in ("low", "high")}
            colour = {default: "crimson", plain: "royalblue"}.get(
                label, "0.6" if ALONE in label else "0.15"
            )
            if mean < min(means) - room:
                edge = min(means) - 0.95 * room
                axis.text(edge, place, f"\u25c2 {mean:.2f}", color=colour, fontsize=7, va="center")
                continue
            axis.plot([around["low"], around["high"]], [place, place], color=colour, linewidth=1.4)
            axis.plot(mean, place, "o", color=colour, markersize=4)
        axis.set_yticks(range(len(order)), order, fontsize=7)
        axis.set_title(f"{name}: {task}, {METRICS.get(task, '')}", fontsize=10)
        axis.tick_params(axis="x", labelsize=8)
        axis.grid(axis="x", linewidth=0.3)
    figure.tight_layout()
    figure.savefig(file, dpi=80)


def differences(blocks: Mapping[str, Any], bar: float, file: Path) -> None:
    """Draw a panel per data set and way: points against the model of the subset, by subset and task."""
    drawing = pyplot()
    if drawing is None or not blocks:
        return
    ways = list(dict.fromkeys(way for block in blocks.values() for way in block["verdict"]))
    figure, axes = drawing.subplots(
        len(blocks), len(ways), figsize=(3.6 * len(ways) + 1.5, 3.6 * len(blocks)), squeeze=False
    )
    for line, (name, block) in enumerate(blocks.items()):
        for axis, way in zip(axes[line], ways, strict=True):
            axis.axis("off")
            if way not in block["verdict"]:
                continue
            axis.axis("on")
            points = block["verdict"][way]["points"]
            subsets, tasks = list(points), list(next(iter(points.values())))
            means = [[points[one][task]["mean"] for task in tasks] for one in subsets]
            axis.imshow(means, cmap="RdBu", vmin=-8, vmax=8, aspect="auto")
            for row, subset in enumerate(subsets):
                for column, task in enumerate(tasks):
                    cell = points[subset][task]
                    sign = "*" if cell["mean"] < bar else ""
                    axis.text(
                        column,
                        row,
                        f"{cell['mean']:+.1f}{sign}",
                        ha="center",
                        va="center",
                        fontsize=8,
                        color="white" if abs(cell["mean"]) > 5 else "black",
                    )
            axis.set_xticks(range(len(tasks)), tasks, fontsize=8, rotation=30)
            shown = subsets if axis is axes[line][0] else [""] * len(subsets)
            axis.set_yticks(range(len(subsets)), shown, fontsize=8)
            axis.set_title("\n".join(wrap(f"{name}: {way}", 34)), fontsize=9)
    figure.suptitle(f"points against a model of that subset alone; * below {bar:g}", fontsize=10)
    figure.tight_layout()
    figure.savefig(file, dpi=100)
