"""How often `torso importance` ranks the columns that carry a task above those that carry nothing, and what it costs.

Small runs, network and plain models, on planted tables (`torso.planted`), seeds fixed beforehand. A task's carriers are
ranked right if each has a larger loss of log-likelihood, when its cells are exchanged, than every other column. Columns that
tell each other count with the loss of their group. The verdicts' confusion: carriers that matter or show no evidence, other
columns likewise. Then the demo's run, timed, where `--demo RUN` names it. Tables that the file holds already are not tried again.

    python benchmarks/importance.py --out benchmarks/results/importance.json --demo demo-run/run
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from collections import Counter
from pathlib import Path

import torso
from torso.planted import Planted, plant
from torso.studies.importance import Importance

KINDS = "carriers redundant synergy gaps separate noisy alone outsider"
TABLES = (
    *((kind, seed) for kind in KINDS.split() for seed in (101, 102, 103)),
    *((kind, seed) for kind in ("helper", "five") for seed in (101, 102)),
)
ROWS = 1200
SETTINGS = {"folds": 0, "blend": "auto", "plain.models": ["linear", "trees"], "pretrained": "off"}
FEW = 30
"""Labels below which a task is counted apart."""


def worths(study: Importance, task: str) -> dict[str, float]:
    """Return column -> loss of log-likelihood if its cells are exchanged, of alike columns that of their group."""
    own = {effect.name: effect.value.value for effect in study.ranked(task)}
    for effect in study.ranked(task, "alike"):
        for column in effect.columns:
            own[column] = max(own[column], effect.value.value)
    return own


def judged(planted: Planted, study: Importance, task: str) -> dict[str, object]:
    """Return the ranking and the verdicts of a task."""
    carries = planted.truth.carriers[task]
    own = worths(study, task)
    carriers = [column for column in own if carries[column]]
    others = [column for column in own if not carries[column]]
    pairs = [own[first] > own[second] for first in carriers for second in others]
    verdicts = {effect.name: effect.verdict for effect in study.ranked(task)}
    for effect in study.ranked(task, "alike"):
        if effect.verdict == "matters":
            verdicts |= dict.fromkeys(effect.columns, "matters")
    confusion = Counter(
        f"{'carrier' if carries[column] else 'other'}: {verdict}"
        for column, verdict in verdicts.items()
    )
    return {
        "table": f"{planted.kind}-{planted.seed}",
        "task": task,
        "labels": study.labels[task],
        "carriers": carriers,
        "pairs": len(pairs),
        "pairs_right": sum(pairs),
        "all_right": all(pairs),
        "confusion": dict(sorted(confusion.items())),
        "interaction": [
            {"p": each.p, "gain": each.gain.value, "words": each.words}
            for each in study.interactions
            if (each.task, each.measure) == (task, study.decisive(task))
        ],
        "synergy": task in planted.truth.synergistic,
    }


def one_table(kind: str, seed: int) -> list[dict[str, object]]:
    """Fit a run on a planted table, and return its tasks judged."""
    planted = plant(kind, rows=ROWS, seed=seed)
    settings = {**planted.settings, **SETTINGS}
    run = torso.fit(
        planted.table, planted.targets, inputs=planted.inputs, settings=settings, progress=False
    )
    begun = time.perf_counter()
    study = torso.importance(run, planted.table)
    seconds = round(time.perf_counter() - begun, 1)
    return [{**judged(planted, study, task), "seconds": seconds} for task in study.metrics]


def summary(tasks: list[dict[str, object]]) -> dict[str, object]:
    """Return shares over tasks with carriers, and the confusion of all verdicts."""
    ranked = [task for task in tasks if task["pairs"]]
    confusion: Counter[str] = Counter()
    for task in tasks:
        confusion.update(task["confusion"])
    false = [bool(task["confusion"].get("other: matters")) for task in tasks]
    found = [
        any(each["p"] < 0.05 and each["gain"] > 0 for each in task["interaction"])
        for task in tasks
        if task["synergy"]
    ]
    return {
        "tasks": len(ranked),
        "tasks_ranked_right": sum(bool(task["all_right"]) for task in ranked) / max(1, len(ranked)),
        "pairs": sum(task["pairs"] for task in ranked),
        "pairs_ranked_right": sum(task["pairs_right"] for task in ranked)
        / max(1, sum(task["pairs"] for task in ranked)),
        "confusion": dict(sorted(confusion.items())),
        "tasks_with_a_false_matters": sum(false) / max(1, len(false)),
        "synergies": len(found),
        "synergies_found": sum(found),
    }


def demo(run: Path) -> dict[str, object]:
    """Return the seconds that the importance of the demo takes."""
    begun, used = time.perf_counter(), time.process_time()
    study = torso.importance(run)
    return {
        "rows": study.rows,
        "seconds": round(time.perf_counter() - begun, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "words": study.words(),
    }


def main() -> None:
    """Write the result as JSON, and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--demo", type=Path)
    arguments = parser.parse_args()
    saved = json.loads(arguments.out.read_text()) if arguments.out.exists() else {"tasks": []}
    tasks: list[dict[str, object]] = saved["tasks"]
    known = {task["table"] for task in tasks}
    for kind, seed in TABLES:
        if f"{kind}-{seed}" in known:
            continue
        tasks += one_table(kind, seed)
        print(
            kind,
            seed,
            [(task["task"], task["pairs_right"], task["pairs"]) for task in tasks[-4:]],
            flush=True,
        )
    many = [task for task in tasks if task["labels"] >= FEW]
    result = {
        "command": shlex.join(["python", "benchmarks/importance.py", *sys.argv[1:]]),
        "cores": os.cpu_count(),
        "rows": ROWS,
        "settings": SETTINGS,
        "summary": summary(many),
        "few_labels": summary([task for task in tasks if task["labels"] < FEW]),
        "tasks": tasks,
    }
    if arguments.demo:
        result["demo"] = demo(arguments.demo)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("summary", "few_labels")}, indent=1))


if __name__ == "__main__":
    main()
