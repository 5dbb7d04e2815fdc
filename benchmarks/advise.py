"""Advice against the truth of twenty planted tables: does it name the right grouping, and never one worse than single tasks?

    python benchmarks/advise.py --out benchmarks/results/advise.json
    python benchmarks/advise.py --out benchmarks/results/advise.json --others
    python benchmarks/advise.py --only clash-11 --seeds 3
    python benchmarks/advise.py --looks  # the cost of looks at the gradients, beside a joint run

Each table of `torso.planted.suite()` is fitted with its settings and given to `torso.advise` with its defaults but for
`--seeds`. The right grouping is that of `truth.groups`: where nothing else is better, all tasks together. A table that stands
in the file already is not repeated. `--others` are ten tables of kinds that stood in no suite while the rule was chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest import mock

from torch import Tensor

import torso
from torso.evaluation.estimate import Estimate
from torso.planted import Planted, plant, suite
from torso.studies.advise.plan import SINGLES, TOGETHER
from torso.studies.advise.race import looks_every
from torso.training.looking import GradientLooks

__all__ = ["main"]


_OTHERS = tuple(
    f"{kind}-{seed}"
    for kind in ("mixed", "uneven", "scarce", "senses", "apart")
    for seed in (71, 72)
)
"""Kinds and seeds that chose nothing."""
_SUMMARY = {"tables": "summary", "others": "summary_of_others"}


def others() -> dict[str, Planted]:
    """Return tables of kinds that stand in no suite, by name."""
    parts = ((name, *name.split("-")) for name in _OTHERS)
    return {name: plant(kind, seed=int(seed)) for name, kind, seed in parts}


def kind_of_answer(said: frozenset[frozenset[str]], truth: frozenset[frozenset[str]]) -> str:
    """Return `right`, `split` (finer than the truth), `merged` (coarser) or `other`."""
    if said == truth:
        return "right"
    if all(any(group <= own for own in truth) for group in said):
        return "split"
    if all(any(own <= group for group in said) for own in truth):
        return "merged"
    return "other"


def advised(planted: Planted, seeds: int, folder: Path) -> dict[str, object]:
    """Return the advice on a table beside its truth."""
    path = folder / "table.csv"
    planted.table.to_csv(path, index=False)
    run = torso.fit(
        path,
        planted.targets,
        inputs=planted.inputs,
        settings=planted.settings,
        out=folder / "run",
        progress=False,
    )
    began, cpu = perf_counter(), process_time()
    advice = torso.advise(run, about="groups", seeds=seeds)["groups"]
    own = advice.best if advice.raced else None
    groups = [list(planted.tasks)] if own is None else own.groups
    said = frozenset(map(frozenset, groups))
    singles = Estimate(float("nan")) if own is None else own.over.get(SINGLES, Estimate(0.0))
    return {
        "kind": planted.kind,
        "truth": [list(group) for group in planted.truth.groups],
        "said": [list(group) for group in groups],
        "answer": kind_of_answer(said, planted.truth.grouping()),
        "worse_than_singles": singles.high < 0,
        "over_singles": singles.to_dict(),
        "over_together_on_test": advice.test.to_dict(),
        "candidates": {
            each.name: {**each.over.get(TOGETHER, Estimate(0.0)).to_dict(), "seeds": each.seeds}
            for each in advice.raced
        },
        "seconds": round(perf_counter() - began, 1),
        "cpu_seconds": round(process_time() - cpu, 1),
        "planned_seconds": round(advice.planned_seconds, 1),
        "words": list(advice.words),
    }


def cost_of_looks(epochs: int = 12) -> dict[str, object]:
    """Return the CPU time of trainings with looks, over that without the time of the looks."""
    out: dict[str, object] = {}
    for name, rows in (("alike", 1200), ("alike", 6000), ("clash", 6000), ("carriers", 6000)):
        planted = plant(name, rows=rows)
        settings = {**planted.settings, "training.epochs": epochs}
        prepared = torso.prepare(
            planted.table, planted.targets, inputs=planted.inputs, settings=settings
        )
        steps = epochs * (len(prepared.parts["training"].rows) // 64 + 1)
        every = looks_every(prepared)
        timed = _Timed()
        began = process_time()
        with mock.patch("torso.training.trainer.GradientLooks", timed):
            for _ in range(3):
                torso.train(prepared, {"training.looks": every}, progress=False)
        whole = process_time() - began
        out[f"{name}, {rows} rows, {steps} steps"] = {
            "tasks": len(planted.tasks),
            "looks_every": every,
            "ratio": round(whole / (whole - timed.seconds), 3),
            "cpu_seconds": round(whole / 3, 2),
        }
    return out


class _Timed:
    """Builds looks that add up their CPU time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, *args: object) -> GradientLooks:
        """Return looks whose `see` is timed."""
        looks = GradientLooks(*args)  # type: ignore[arg-type]
        see = looks.see

        def timed(losses: Tensor, present: Tensor) -> None:
            began = process_time()
            see(losses, present)
            self.seconds += process_time() - began

        looks.see = timed  # type: ignore[method-assign]
        return looks


def summary(tables: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return the bars, and the confusion of answers by kind."""
    answers = [own["answer"] for own in tables.values()]
    confusion: dict[str, Counter[str]] = {}
    for own in tables.values():
        confusion.setdefault(str(own["kind"]), Counter())[str(own["answer"])] += 1
    return {
        "tables": len(tables),
        "right": answers.count("right"),
        "right_share": answers.count("right") / max(1, len(answers)),
        "worse_than_singles": sum(bool(own["worse_than_singles"]) for own in tables.values()),
        "confusion": {kind: dict(counts) for kind, counts in sorted(confusion.items())},
    }


def _place(name: str, names: list[str]) -> tuple[int, int]:
    """Return a place in the order of work: a table of each kind first, should the time be short."""
    alike = [other for other in names if other.partition("-")[0] == name.partition("-")[0]]
    return alike.index(name), names.index(name)


def main() -> None:
    """Measure, and write after each table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--looks", action="store_true")
    parser.add_argument("--others", action="store_true")
    asked = parser.parse_args()
    key = "others" if asked.others else "tables"
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {}
    if asked.out and asked.out.exists():
        result |= json.loads(asked.out.read_text())
    commands = [*map(str, result.get("commands", [])), shlex.join(["python", *sys.argv])]
    result |= {
        "commands": list(dict.fromkeys(commands)),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
    }
    tables: dict[str, dict[str, object]] = dict(result.get(key, {}))  # type: ignore[call-overload]
    if asked.looks:
        result["looks"] = cost_of_looks()
    planted_tables = others() if asked.others else suite()
    kinds_first = sorted(planted_tables, key=lambda name: _place(name, [*planted_tables]))
    for name in [] if asked.looks else kinds_first:
        planted = planted_tables[name]
        if (asked.only and name not in asked.only) or name in tables:
            continue
        with tempfile.TemporaryDirectory() as folder:
            tables[name] = {"seeds": asked.seeds, **advised(planted, asked.seeds, Path(folder))}
        print(
            name, tables[name]["answer"], tables[name]["said"], tables[name]["seconds"], flush=True
        )
        result |= {key: tables, _SUMMARY[key]: summary(tables)}
        if asked.out:
            asked.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if not asked.out or asked.looks:
        print(json.dumps(result.get("looks") or result.get(_SUMMARY[key]), indent=1))
    if asked.out:
        asked.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
