"""The verdict on a terminal of 100 columns, and as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .entries import score_of
from .names import FAMILIES, RIVALS
from .verdict import BEST, best_of

__all__ = ["draw", "lines_of", "overview_lines"]

SIGNS = {"ahead": "+", "level": "=", "behind": "-"}
SHORT = {
    "r2_log1p": "R² of log",
    "r2": "R²",
    "auroc": "AUROC",
    "micro_f1": "micro-F1",
    "accuracy": "accuracy",
}
COLOURS = {"ahead": "C2", "level": "0.45", "behind": "C3"}


def lines_of(name: str, entry: Mapping[str, Any], own: str) -> Iterator[str]:
    """Yield a head and a line per target: Torso, the best plain model, AutoGluon, and paired leads."""
    yield f"{name:22}{'':10}{'Torso':>13}{'best plain':>25}{'lead, 95 %':>29}"
    for target, asked in entry["targets"].items():
        against = asked.get("against", {})
        rival = best_of(asked, FAMILIES)
        cells = [f"  {target[:19]:20}{SHORT.get(asked['main'], asked['main']):10}"]
        cells.append(f"{_score(asked, own):>13}")
        cells.append(f"{_score(asked, rival)[:6]} {rival or ''}"[:24].rjust(25))
        cells.append(f"{_lead(against.get(BEST)):>29}")
        yield "".join(cells).rstrip()
        met = [
            f"{label} {_score(asked, label)[:6]}, lead {_lead(against.get(label))}"
            for label in RIVALS
            if label in asked["scores"]
        ]
        if met:
            yield f"{'':12}{'; '.join(met)}"[:100]
    costs = {who: _mean(seeds) for who, seeds in entry["costs"].items() if seeds}
    shown = [f"{who} {costs[who]:.0f}" for who in (own, *RIVALS, "plain") if who in costs]
    yield f"  CPU seconds: {', '.join(shown)}"


def overview_lines(overview: Mapping[str, Any]) -> Iterator[str]:
    """Yield counts, ranks and CPU seconds."""
    if overview["failed"]:
        yield f"No answer, since a run failed: {overview['failed']} of {overview['targets']} targets."
    for label, counts in overview["against"].items():
        yield (
            f"against {label:18} surely ahead {counts['ahead']:3}, level {counts['level']:3}, "
            f"surely behind {counts['behind']:3}, higher {counts['higher']:3} of {counts['targets']}"
        )
    for label, means in overview["mean_rank"].items():
        each = [f"{who} {mean:.2f}" for who, mean in means.items() if who != "targets"]
        yield f"mean rank, {label} ({means['targets']} targets): {', '.join(each)}"
    spent = [f"{who} {sum_:.0f}" for who, sum_ in overview["cpu_seconds"].items() if sum_]
    yield f"CPU seconds in all: {', '.join(spent)}"


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Draw paired leads with their intervals, a row per target, grouped by table; one panel a rival."""
    try:
        from matplotlib import pyplot
    except ImportError:
        return
    rows = [
        (name, target, asked["against"])
        for name, entry in sorted(report["tables"].items())
        for target, asked in entry["targets"].items()
        if asked.get("against")
    ]
    labels = [label for label in (BEST, *RIVALS) if any(label in against for *_, against in rows)]
    if not rows:
        return
    figure, axes = pyplot.subplots(
        1,
        len(labels),
        sharey=True,
        squeeze=False,
        figsize=(3.0 + 3.4 * len(labels), 0.19 * len(rows) + 1.6),
    )
    for axis, label in zip(axes[0], labels, strict=True):
        _panel(axis, rows, label)
    starts = [index for index, row in enumerate(rows) if index == 0 or rows[index - 1][0] != row[0]]
    axes[0][0].set_yticks(
        range(len(rows)),
        [
            f"{name}: {target}" if i in starts else target
            for i, (name, target, _) in enumerate(rows)
        ],
        fontsize=7,
    )
    for tick, index in zip(axes[0][0].get_yticklabels(), range(len(rows)), strict=True):
        tick.set_fontweight("bold" if index in starts else "normal")
    for axis in axes[0]:
        for start in starts[1:]:
            axis.axhline(start - 0.5, color="0.85", linewidth=0.6)
    axes[0][0].set_ylim(len(rows) - 0.4, -0.6)
    figure.suptitle(
        "Torso's lead in the main metric on test rows, paired 95 % bootstrap", fontsize=10
    )
    figure.tight_layout(rect=(0, 0, 1, 0.995))
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _panel(axis: Any, rows: list[tuple[str, str, dict[str, Any]]], label: str) -> None:
    """Draw one rival; what lies outside of ±0.5 is cut."""
    counts = dict.fromkeys(COLOURS, 0)
    for index, (_, _, against) in enumerate(rows):
        met = against.get(label)
        if met is None:
            continue
        counts[met["verdict"]] += 1
        low, lead, high = (min(max(met[key], -0.5), 0.5) for key in ("low", "lead", "high"))
        colour = COLOURS[met["verdict"]]
        axis.plot([low, high], [index, index], color=colour, linewidth=1.2)
        axis.plot(lead, index, "o", color=colour, markersize=3)
    axis.axvline(0, color="0.3", linewidth=0.7)
    axis.set_xlim(-0.52, 0.52)
    axis.tick_params(axis="x", labelsize=7)
    axis.grid(axis="x", linewidth=0.3)
    axis.set_xlabel("difference of the main metric, cut at ±0.5", fontsize=7)
    axis.set_title(
        f"over {label.replace('_', ' ')}\n"
        f"{counts['ahead']} ahead, {counts['level']} level, {counts['behind']} behind",
        fontsize=9,
    )


def _score(asked: Mapping[str, Any], who: str | None) -> str:
    """Return the mean over seeds, with the spread where there are several."""
    score = score_of(asked, who) if who else None
    if score is None:
        return "–"
    several = len(asked["scores"][who]) > 1
    return f"{score[0]:.3f}" + (f" ±{score[1]:.3f}" if several else "")


def _lead(met: Mapping[str, Any] | None) -> str:
    if not met:
        return "–"
    low, high = (f"{met[key]:+.3f}" for key in ("low", "high"))
    return f"{met['lead']:+.3f} [{low}, {high}] {SIGNS[met['verdict']]}"


def _mean(seeds: Mapping[str, float]) -> float:
    return sum(seeds.values()) / len(seeds)
