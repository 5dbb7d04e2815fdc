"""The verdict as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from picture_style import COLOURS, WIDTH, legend, pyplot, save

from .names import RIVALS
from .verdict import BEST

__all__ = ["draw"]

LOOKS = {"ahead": (COLOURS[2], ">"), "level": ("0.45", "o"), "behind": (COLOURS[1], "<")}
MEANINGS = {"ahead": "surely ahead", "level": "level", "behind": "surely behind"}
LINE = 0.165
"""Inches of a row."""


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Draw paired leads with their intervals, a row per target, grouped by table; one panel a rival."""
    drawing = pyplot()
    rows = [
        (name, target, asked["against"])
        for name, entry in sorted(report["tables"].items())
        for target, asked in entry["targets"].items()
        if asked.get("against")
    ]
    labels = [label for label in (BEST, *RIVALS) if any(label in against for *_, against in rows)]
    if drawing is None or not rows:
        return
    figure, axes = drawing.subplots(
        1, len(labels), sharey=True, squeeze=False, figsize=(WIDTH, LINE * len(rows) + 1.5)
    )
    for axis, label in zip(axes[0], labels, strict=True):
        _panel(axis, rows, label)
    starts = [index for index, row in enumerate(rows) if index == 0 or rows[index - 1][0] != row[0]]
    names = [
        f"{name}: {target}" if index in starts else target
        for index, (name, target, _) in enumerate(rows)
    ]
    axes[0][0].set_yticks(range(len(rows)), names)
    for tick, index in zip(axes[0][0].get_yticklabels(), range(len(rows)), strict=True):
        tick.set_fontweight("bold" if index in starts else "normal")
    for axis in axes[0]:
        for start in starts[1:]:
            axis.axhline(start - 0.5, color="0.85", linewidth=0.6)
    axes[0][0].set_ylim(len(rows) - 0.4, -0.6)
    legend(figure, [(MEANINGS[word], *look) for word, look in LOOKS.items()])
    figure.supxlabel(
        "Torso's lead in the main metric on test rows, paired 95 % bootstrap, cut at ±0.5"
    )
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / figure.get_figheight()))
    save(figure, file)


def _panel(axis: Any, rows: list[tuple[str, str, dict[str, Any]]], label: str) -> None:
    """Draw one rival; what lies outside of ±0.5 is cut."""
    counts = dict.fromkeys(LOOKS, 0)
    for index, (_, _, against) in enumerate(rows):
        met = against.get(label)
        if met is None:
            continue
        counts[met["verdict"]] += 1
        low, lead, high = (min(max(met[key], -0.5), 0.5) for key in ("low", "lead", "high"))
        colour, marker = LOOKS[met["verdict"]]
        axis.plot([low, high], [index, index], color=colour, linewidth=1.2)
        axis.plot(lead, index, marker, color=colour, markersize=4)
    axis.axvline(0, color="0.3", linewidth=0.7)
    axis.set_xlim(-0.52, 0.52)
    axis.grid(axis="x")
    axis.set_title(
        f"over {label.replace('_', ' ')}\n"
        f"{counts['ahead']} ahead, {counts['level']} level, {counts['behind']} behind"
    )
