"""docs/exam.md: Torso's default run on real tables, beside plain models and AutoGluon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contest.entries import score_of
from contest.names import FAMILIES, RIVALS
from contest.verdict import BEST, best_of

from shown.words import table, word

__all__ = ["PAGES"]

OWN = "torso"
TITLES = {
    BEST: "the best plain model of each target",
    "bar": "the model that `bars.json` names",
    "autogluon_medium": "AutoGluon Tabular, medium",
    "autogluon_good": "AutoGluon Tabular, good",
}
SIGNS = {"ahead": "**ahead**", "level": "level", "behind": "behind"}


def counts(report: dict) -> str:
    """A line per rival: on how many targets Torso is surely ahead, level and surely behind; its ranks."""
    rows = [
        [
            TITLES[label],
            met["targets"],
            met["ahead"],
            met["level"],
            met["behind"],
            f"{met['higher']} ({met['higher'] / met['targets']:.0%})",
        ]
        for label, met in report["overview"]["against"].items()
    ]
    return table(
        ["Torso beside", "targets", "surely ahead", "level", "surely behind", "higher figure"], rows
    )


def ranks(report: dict) -> str:
    """A line per contestant: its mean rank over all targets, and over those that AutoGluon answers."""
    means = report["overview"]["mean_rank"]
    names = list(dict.fromkeys(name for over in means.values() for name in over))
    titles = [
        f"{'all' if label == 'all' else 'those of ' + label.replace('_', ' ')} ({over['targets']})"
        for label, over in means.items()
    ]
    rows = [
        [name.replace("_", " "), *(_rank(over, name) for over in means.values())]
        for name in names
        if name != "targets"
    ]
    return table(["mean rank over targets (1 is the best)", *titles], rows)


def targets(report: dict) -> str:
    """A line per target: everybody's figure, and Torso's lead over the best plain model."""
    rows = []
    for name, entry in report["tables"].items():
        for target, asked in entry["targets"].items():
            met = asked.get("against", {}).get(BEST)
            lead = "–"
            if met:
                lead = f"{met['lead']:+.3f} [{met['low']:+.3f}, {met['high']:+.3f}] {SIGNS[met['verdict']]}"
            plain = best_of(asked, FAMILIES)
            best = f"{_score(asked, plain)} {plain}".replace("_", " ") if plain else "–"
            scores = [_score(asked, who) for who in RIVALS]
            rows.append(
                [name, target, word(asked["main"]), _score(asked, OWN), best, *scores, lead]
            )
    titles = ["table", "target", "metric", "Torso", "best plain", "AutoGluon medium", "good"]
    return table([*titles, "lead over the best plain model"], rows)


def costs(report: dict) -> str:
    """A line per table: the CPU seconds of a run for all targets together."""
    rows = [
        [
            name,
            f"{entry['rows'][0]:,} + {entry['rows'][1]:,}",
            len(entry["targets"]),
            *(_mean(entry["costs"].get(who)) for who in (OWN, "plain", *RIVALS)),
        ]
        for name, entry in report["tables"].items()
    ]
    spent = report["overview"]["cpu_seconds"]
    sums = [spent.get(who) for who in (OWN, "plain", *RIVALS)]
    rows.append(["together", "", "", *(f"{each:,.0f}" if each else "–" for each in sums)])
    titles = ["table", "rows", "targets", "Torso", "all plain models", "AutoGluon medium", "good"]
    return table(titles, rows)


def _score(asked: Mapping[str, Any], who: str | None) -> str:
    score = score_of(asked, who) if who else None
    if score is None:
        return "–"
    several = len(asked["scores"][who]) > 1
    return f"{score[0]:.3f}" + (f" ± {score[1]:.3f}" if several else "")


def _rank(over: Mapping[str, float], name: str) -> str:
    return f"{over[name]:.2f}" if name in over else "–"


def _mean(seeds: Mapping[str, float] | None) -> str:
    return f"{sum(seeds.values()) / len(seeds):,.0f}" if seeds else "–"


PAGES = {
    "docs/exam.md": {
        "exam": counts,
        "exam_ranks": ranks,
        "exam_targets": targets,
        "exam_costs": costs,
    }
}
