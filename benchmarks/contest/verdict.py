"""Who is ahead: paired intervals per target, ranks over all targets, and counts. A figure of several seeds is their mean."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .answers import Store
from .entries import score_of
from .names import FAMILIES, RIVALS, family
from .scores import counts_of, labelled, main_scores
from .tables import ExamTable, Question, labels_of

__all__ = ["BEST", "best_of", "judge", "overview"]

RESAMPLES = 1000
BEST = "best plain"
Entry = dict[str, Any]


def judge(table: ExamTable, store: Store, entry: Entry, own: str) -> None:
    """Add to each target of an entry how Torso stands against the best plain model and AutoGluon.

    Args:
        table: the table.
        store: the answers; without those of both sides there is no verdict.
        entry: figures of the table; changed.
        own: the name of Torso's answers.
    """
    for question in table.questions.values():
        target = entry["targets"][question.name]
        rivals = {BEST: best_of(target, FAMILIES), **{name: name for name in RIVALS}}
        barred = target.get("bar", {}).get("model")
        if barred:
            rivals["bar"] = barred
        against = {}
        for label, rival in rivals.items():
            if rival and rival in target["scores"] and own in target["scores"]:
                difference = paired(table, store, question, own, rival)
                if difference:
                    against[label] = {"rival": rival, **difference}
        if against:
            target["against"] = against


def paired(
    table: ExamTable, store: Store, question: Question, own: str, rival: str
) -> dict[str, Any] | None:
    """Return Torso's lead over a rival in the main metric, its 95 % interval and the verdict."""
    truth = labels_of(question, table.test[question.name])
    counts = counts_of(int(labelled(truth).sum()), RESAMPLES)
    leads = []
    for way in (None, counts):
        sides = []
        for who in (own, rival):
            kept = [store.load(table, who, seed, question.name) for seed in store.seeds(table, who)]
            scores = [main_scores(question, truth, each, way) for each in kept if each]
            if not scores:
                return None
            sides.append(np.mean(scores, axis=0))
        leads.append(sides[0] - sides[1])
    low, high = np.quantile(leads[1], [0.025, 0.975])
    verdict = "ahead" if low > 0 else "behind" if high < 0 else "level"
    return {
        "lead": round(float(leads[0][0]), 5),
        "low": round(float(low), 5),
        "high": round(float(high), 5),
        "verdict": verdict,
    }


def best_of(target: Mapping[str, Any], families: Iterable[str]) -> str | None:
    """Return the contestant of these families with the best main metric."""
    scores = {
        name: score[0]
        for name in target["scores"]
        if family(name) in families and (score := score_of(target, name))
    }
    return max(scores, key=lambda name: scores[name]) if scores else None


def overview(report: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return counts of verdicts, mean ranks and CPU seconds over all tables."""
    targets = [
        target for entry in report["tables"].values() for target in entry["targets"].values()
    ]
    against = {}
    for label in (BEST, "bar", *RIVALS):
        met = [target["against"][label] for target in targets if label in target.get("against", {})]
        if met:
            counts = {
                verdict: sum(each["verdict"] == verdict for each in met)
                for verdict in ("ahead", "level", "behind")
            }
            higher = sum(each["lead"] > 0 for each in met)
            against[label] = {"targets": len(met), **counts, "higher": higher}
    failed = [target for target in targets if target.get("failed")]
    return {
        "targets": len(targets),
        "failed": len(failed),
        "against": against,
        "mean_rank": ranks(targets, own),
        "cpu_seconds": {who: seconds(report, who) for who in (own, *RIVALS, "plain")},
    }


def ranks(targets: list[Entry], own: str) -> dict[str, dict[str, float]]:
    """Return mean ranks over all targets, and over those that AutoGluon answers; equal scores share a rank.

    Who has no answer to a target, because a run failed or it asks too much, is last there.
    """
    plain = [own, *(family for family in FAMILIES if family != "forest")]
    over = {}
    for label, rivals in (("all", ()), *((rival, (rival,)) for rival in RIVALS)):
        met = [target for target in targets if own in target["scores"] or target.get("failed")]
        met = [target for target in met if all(rival in target["scores"] for rival in rivals)]
        names = [*plain, *rivals]
        if met:
            places = np.array([placed(target, names, own) for target in met])
            means = places.mean(axis=0).round(3).tolist()
            over[label] = {"targets": len(met), **dict(zip(names, means, strict=True))}
    return over


def placed(target: Entry, names: list[str], own: str) -> list[float]:
    """Return the rank of each contestant or family on a target."""
    scores = []
    for name in names:
        best = name if name == own or name in RIVALS else best_of(target, [name])
        score = score_of(target, best) if best else None
        scores.append(round(score[0], 4) if score else -np.inf)
    return [
        1 + sum(other > score for other in scores) + (scores.count(score) - 1) / 2
        for score in scores
    ]


def seconds(report: Mapping[str, Any], who: str) -> float | None:
    """Return the CPU seconds over all tables, the mean of the seeds; None without any."""
    each = [
        statistics.fmean(entry["costs"][who].values())
        for entry in report["tables"].values()
        if entry["costs"].get(who)
    ]
    return round(sum(each), 1) if each else None
