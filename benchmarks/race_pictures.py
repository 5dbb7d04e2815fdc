"""The races of fusion_race.py, sharing_race.py and missing.py, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from picture_style import COLOURS, WIDTH, legend, pyplot, save

__all__ = ["ALONE", "differences", "intervals"]

ALONE, OTHERS = " alone, ", "others"
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
LETTER, LINE = 0.068, 0.165  # inches that a letter and a line of labels take
NARROWEST = 1.1  # of a panel, in inches
ABOVE, BELOW = 0.6, 0.25  # inches of a panel's title and its numbers
ACROSS, CELL = 3, 0.22  # panels of points side by side, and the inches of their lines


def intervals(blocks: Mapping[str, Any], default: str, plain: str, file: Path) -> None:
    """Draw a panel per data set and task, the entries of a data set in the order of their mean over tasks.

    The line of an entry is the interval of its difference from the default, paired by seed, so where it does
    not reach the upright line the two surely differ; the default's own is the interval of its mean.
    """
    drawing = pyplot()
    if drawing is None or not blocks:
        return
    looks = {default: (COLOURS[1], "D"), plain: (COLOURS[0], "s"), OTHERS: (COLOURS[6], "o")}
    if any(ALONE in label for block in blocks.values() for label in block["entries"]):
        looks[ALONE] = ("0.5", "^")
    told = {default: f"{default}, the default", ALONE: "one modality alone"}
    rows = list(_rows(blocks))
    heights = [
        LINE * (1 + max(len(blocks[name]["entries"]) for name in row)) + ABOVE + BELOW
        for row in rows
    ]
    head = 0.35
    height = sum(heights) + head
    figure = drawing.figure(figsize=(WIDTH, height))
    legend(figure, [(told.get(label, label), *look) for label, look in looks.items()])
    top = height - head
    for row, tall in zip(rows, heights, strict=True):
        spare = WIDTH - sum(_labels(blocks[name]) for name in row)
        wide = spare / sum(len(_tasks(blocks[name])) for name in row)
        left = 0.0
        for name in row:
            left += _labels(blocks[name])
            lines = LINE * (1 + len(blocks[name]["entries"]))
            for number, task in enumerate(_tasks(blocks[name])):
                place = (left, top - ABOVE - lines, wide - 0.12, lines)
                inches = (WIDTH, height, WIDTH, height)
                axis = figure.add_axes([a / b for a, b in zip(place, inches, strict=True)])
                _panel(axis, blocks[name]["entries"], task, looks)
                title = f"{name}\n" if not number else ""
                axis.set_title(f"{title}{task}\n{METRICS.get(task, '')}", loc="left")
                if number:
                    axis.set_yticklabels([])
                left += wide
        top -= tall
    save(figure, file)


def _tasks(block: Mapping[str, Any]) -> list[str]:
    return [task for task in next(iter(block["entries"].values()))["scores"] if task != "mean"]


def _labels(block: Mapping[str, Any]) -> float:
    """Return the inches that the names of a data set's entries take."""
    return LETTER * max(map(len, block["entries"])) + 0.1


def _rows(blocks: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the data sets whose panels stand side by side."""
    row: list[str] = []
    taken = 0.0
    for name, block in blocks.items():
        needed = _labels(block) + NARROWEST * len(_tasks(block))
        if row and taken + needed > WIDTH:
            yield row
            row, taken = [], 0.0
        row.append(name)
        taken += needed
    yield row


def _panel(
    axis: Any, entries: Mapping[str, Any], task: str, looks: Mapping[str, tuple[str, str]]
) -> None:
    """Draw a data set's entries on one task; the first of `looks` (label -> colour, marker) is the default's."""
    default = next(iter(looks))
    order = sorted(entries, key=lambda label: entries[label]["scores"]["mean"]["mean"])
    middle = entries[default]["scores"][task]["mean"]
    means = [
        entry["scores"][task]["mean"] for label, entry in entries.items() if ALONE not in label
    ]
    room = 0.35 * (max(means) - min(means)) + 0.005
    axis.set_xlim(min(means) - room, max(means) + room)
    axis.set_ylim(-1, len(order))
    axis.axvline(middle, color=looks[default][0], linewidth=0.6)
    for row, label in enumerate(order):
        mean = entries[label]["scores"][task]["mean"]
        around = entries[label]["scores"][task]
        if label != default:
            gap = entries[label][f"minus {default}"][task]
            around = {side: middle + gap[side] for side in ("low", "high")}
        colour, marker = looks.get(label) or looks[ALONE if ALONE in label else OTHERS]
        if mean < min(means) - room:
            edge = min(means) - 0.95 * room
            axis.text(edge, row, f"\u25c2 {mean:.2f}", color=colour, va="center")
            continue
        axis.plot([around["low"], around["high"]], [row, row], color=colour, linewidth=1.4)
        axis.plot(mean, row, marker, color=colour, markersize=4)
    axis.set_yticks(range(len(order)), order)
    axis.locator_params(axis="x", nbins=3, prune="both")  # so that numbers of neighbours keep apart
    axis.grid(axis="x")


def differences(blocks: Mapping[str, Any], bar: float, file: Path) -> None:
    """Draw points against the model of a subset: a panel per way, or one for all ways of a single task."""
    drawing = pyplot()
    if drawing is None or not blocks:
        return
    lines = [line for name, block in blocks.items() for line in _lines(name, block["verdict"])]
    heights = [CELL * len(line[0][1]) + 0.8 for line in lines]
    figure = drawing.figure(figsize=(WIDTH, sum(heights) + 0.4), layout="constrained")
    figure.suptitle(
        f"points against a model of that subset alone: blue is better, red worse, * below {bar:g}"
    )
    parts = figure.subfigures(len(lines), 1, height_ratios=heights, squeeze=False)
    for part, line in zip(parts.flat, lines, strict=True):
        across = ACROSS if len(line[0][1]) == len(lines[0][0][1]) else 1
        axes = part.subplots(1, across, squeeze=False, sharey=True)[0]
        for axis in axes[len(line) :]:
            axis.axis("off")
        for axis, (title, cells) in zip(axes, line, strict=False):
            _cells(axis, cells, bar, narrow=across > 1)
            axis.set_title(fill(title, 100 // across), loc="left")
    save(figure, file)


Cells = dict[str, dict[str, float]]
"""Row -> column -> points."""


def _lines(name: str, verdict: Mapping[str, Any]) -> Iterator[list[tuple[str, Cells]]]:
    """Yield panels that stand side by side."""
    points: dict[str, dict[str, dict[str, Any]]] = {
        way: block["points"] for way, block in verdict.items()
    }
    tasks = list(next(iter(next(iter(points.values())).values())))
    if len(tasks) == 1:
        task = tasks[0]
        cells = {
            way: {subset: many[task]["mean"] for subset, many in subsets.items()}
            for way, subsets in points.items()
        }
        yield [(f"{name}: {task}", cells)]
        return
    panels = [
        (
            f"{name}: {way}",
            {
                subset: {task: cell["mean"] for task, cell in many.items()}
                for subset, many in subsets.items()
            },
        )
        for way, subsets in points.items()
    ]
    yield from (panels[start : start + ACROSS] for start in range(0, len(panels), ACROSS))


def _cells(axis: Any, cells: Cells, bar: float, *, narrow: bool) -> None:
    """Draw a panel of cells, coloured and written."""
    columns = list(next(iter(cells.values())))
    axis.imshow(
        [list(row.values()) for row in cells.values()], cmap="RdBu", vmin=-8, vmax=8, aspect="auto"
    )
    for line, row in enumerate(cells.values()):
        for column, points in enumerate(row.values()):
            axis.text(
                column,
                line,
                f"{points:+.1f}{'*' if points < bar else ''}",
                ha="center",
                va="center",
                color="white" if abs(points) > 5 else "black",
            )
    axis.set_xticks(range(len(columns)), [fill(column, 9) for column in columns])
    if narrow:
        axis.tick_params(axis="x", labelrotation=30)
    axis.set_yticks(range(len(cells)), list(cells))
