"""The verdict on a terminal of 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .entries import score_of
from .names import FAMILIES, RIVALS
from .verdict import BEST, best_of

__all__ = ["lines_of", "overview_lines"]

SIGNS = {"ahead": "+", "level": "=", "behind": "-"}
SHORT = {
    "r2_log1p": "R² of log",
    "r2": "R²",
    "auroc": "AUROC",
    "micro_f1": "micro-F1",
    "accuracy": "accuracy",
}


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
