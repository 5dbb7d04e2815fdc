"""The figures of a table, out of the answers that are kept; no cell of it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from typing import Any

from .answers import RUN, Store
from .names import PLAIN, RIVALS
from .scores import figures
from .tables import ExamTable, Question, labels_of

__all__ = ["entry_of", "score_of"]

Entry = dict[str, Any]


def entry_of(table: ExamTable, store: Store, own: str, before: Entry) -> Entry:
    """Return a table's figures: those of these contestants anew, all others as they were.

    Args:
        table: the table.
        store: answers.
        own: the name of Torso's answers. A contestant without answers keeps the figures it had.
        before: the entry until now.
    """
    entry = {
        "rows": [len(table.train), len(table.test)],
        "targets": {},
        "costs": dict(before.get("costs", {})),
        "runs": dict(before.get("runs", {})),
    }
    ran = [name for name in (own, *PLAIN, *RIVALS) if store.seeds(table, name)]
    for question in table.questions.values():
        old = before.get("targets", {}).get(question.name, {}).get("scores", {})
        fresh = {name: scored(table, store, name, question) for name in ran}
        stay = {name: seeds for name, seeds in old.items() if name not in ran}
        kept = entry["targets"][question.name] = {
            "kind": question.kind,
            "main": question.main,
            "labels": [
                int(table.train[question.name].notna().sum()),
                int(table.test[question.name].notna().sum()),
            ],
            "scores": {**stay, **{name: seeds for name, seeds in fresh.items() if seeds}},
        }
        bar = table.bars.get(question.name, {}).get("best")
        if bar:
            kept["bar"] = {"model": renamed(bar["model"]), "score": bar[question.main]}
        if own in ran and not fresh[own]:
            kept["failed"] = True
    for name in [*ran, "plain"]:
        costs, runs = spent(table, store, name)
        entry["costs"] |= {name: costs} if costs else {}
        entry["runs"] |= {name: runs} if runs else {}
    return entry


def renamed(model: str) -> str:
    """Return our name of a model of bars.json."""
    start, *rest = model.split("_")
    names = {"mean": "constant", "majority": "constant", "ridge": "linear", "logreg": "linear"}
    return "_".join([names.get(start, start), *rest])


def scored(
    table: ExamTable, store: Store, contestant: str, question: Question
) -> dict[str, dict[str, float]]:
    """Return seed -> metrics of a contestant's answers to one question."""
    truth = labels_of(question, table.test[question.name])
    kept = {
        seed: store.load(table, contestant, seed, question.name)
        for seed in store.seeds(table, contestant)
    }
    return {
        str(seed): {
            name: round(value, 5) for name, value in figures(question, truth, answers).items()
        }
        for seed, answers in kept.items()
        if answers is not None
    }


def spent(
    table: ExamTable, store: Store, contestant: str
) -> tuple[dict[str, float], dict[str, Entry]]:
    """Return seed -> CPU seconds for the whole table, and seed -> how the run went, where that is kept."""
    costs, runs = {}, {}
    for seed in store.seeds(table, contestant):
        path = store.folder(table, contestant, seed) / RUN
        if path.exists():
            told = json.loads(path.read_text())
            costs[str(seed)] = told["cpu_seconds"]
            if "end" not in told:
                continue
            # Notes and errors quote cells, and most of the tables carry no licence: only their number is kept.
            told = {key: value for key, value in told.items() if key not in ("error", "trace")}
            runs[str(seed)] = {**told, "notes": len(told.get("notes", ()))}
        elif contestant not in PLAIN:
            each = [
                kept.costs.get("cpu_seconds", 0.0)
                for name in table.questions
                if (kept := store.load(table, contestant, seed, name))
            ]
            costs[str(seed)] = round(sum(each), 1)
    return costs, runs


def score_of(target: Mapping[str, Any], contestant: str) -> tuple[float, float] | None:
    """Return the mean and the spread over seeds of the main metric; None without answers."""
    seeds = target["scores"].get(contestant)
    if not seeds:
        return None
    values = [metrics[target["main"]] for metrics in seeds.values()]
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0
