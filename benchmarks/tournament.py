"""Advice about inputs, fusion, sharing and balancing against the truth of planted tables; false alarms are counted.

    python benchmarks/tournament.py --out benchmarks/results/tournament.json
    python benchmarks/tournament.py --only redundant-61

Kinds and seeds were fixed before anything was measured. Of inputs the truth is `truth.carriers`: an input that carries any task
must not be called droppable, one that carries none should be. On tables of noise nothing matters, so that the run as it is should
stay, but for what is simpler. `synergy` is fitted with a fusion that adds up opinions, which cannot answer an exclusive or: another
one should be taken. A table that stands in the file already is not repeated.
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
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

import torso
from torso.planted import Planted, plant
from torso.studies.advise import Advice

__all__ = ["main"]

_LATE = {"fusion": "late", "training.epochs": 40, "training.patience": 40}
TABLES: dict[str, tuple[str, int, list[str], dict[str, object]]] = {
    "synergy-61": ("synergy", 61, ["fusion"], _LATE),
    "redundant-61": ("redundant", 61, ["inputs"], {}),
    "carriers-61": ("carriers", 61, ["inputs"], {}),
    "noise-61": ("carriers", 61, ["inputs", "fusion", "sharing", "balancing"], {}),
    "noise-62": ("carriers", 62, ["fusion", "sharing", "balancing"], {}),
    "redundant-62": ("redundant", 62, ["inputs"], {}),
    "carriers-62": ("carriers", 62, ["inputs"], {}),
    "synergy-62": ("synergy", 62, ["fusion"], _LATE),
}
"""Name -> kind, seed, questions, and settings besides the kind's. The labels of `noise` are drawn anew."""
_ROWS = 800
_LEARNABLE = {"synergy": {"rows": 1600, "noise": 0.2}}
"""Rows and noise with which a body learns an exclusive or at all; with 800 rows none did (chosen with seed 63)."""
_EPOCHS = 15


def table_of(name: str) -> Planted:
    """Return a planted table; of `noise`, labels that tell nothing."""
    kind, seed, _, _ = TABLES[name]
    planted = plant(kind, **{"rows": _ROWS, "seed": seed, **_LEARNABLE.get(kind, {})})
    if name.startswith("noise"):
        draw = np.random.default_rng(seed)
        for task in planted.tasks:
            planted.table[task] = draw.permutation(planted.table[task].to_numpy())
    return planted


def judged(name: str, planted: Planted, advice: Advice) -> dict[str, object]:
    """Return the answers beside the truth."""
    noise = name.startswith("noise")
    carry = {
        column
        for of_task in planted.truth.carriers.values()
        for column, carries in of_task.items()
        if carries and not noise
    }
    out: dict[str, object] = {}
    for answer in advice.answers:
        own: dict[str, object] = {"recommended": answer.recommended, "words": list(answer.words)}
        if answer.about == "inputs":
            calls = {each.name: _dropped(each.inputs, planted) for each in answer.raced}
            free = {
                each.name: each.verdict in ("better", "as good")
                for each in answer.raced
                if each.inputs is not None
            }
            own["called_droppable"] = [known for known, yes in free.items() if yes]
            own["false_alarms"] = [
                known
                for known, yes in free.items()
                if yes and not _spared(calls[known], carry, planted)
            ]
            dropped = _dropped(answer.best.inputs, planted)
            idle = {*planted.inputs} - carry
            own |= {
                "dropped": sorted(dropped),
                "idle": sorted(idle),
                "idle_kept": sorted(idle - dropped),
            }
        elif noise:
            better = [each.name for each in answer.raced if each.verdict == "better"]
            own["false_alarms"] = better
        out[answer.about] = own
    return out


def _dropped(kept: tuple[str, ...] | None, planted: Planted) -> set[str]:
    return set() if kept is None else {*planted.inputs} - {*kept}


def _spared(dropped: set[str], carry: set[str], planted: Planted) -> bool:
    """Return True if all that carries stays, or if another modality tells the same."""
    lost = dropped & carry
    of = {column: name for name, columns in planted.modalities.items() for column in columns}
    twins = [pair for pairs in planted.truth.redundant.values() for pair in pairs]
    kept = {of[column] for column in carry - dropped}
    return all(any(of[column] in pair and kept & {*pair} for pair in twins) for column in lost)


def advised(name: str, seeds: int, folder: Path) -> dict[str, object]:
    """Return the advice on a table beside its truth, with its cost."""
    planted, (_, _, about, more) = table_of(name), TABLES[name]
    path = folder / "table.csv"
    planted.table.to_csv(path, index=False)
    settings = {**planted.settings, "training.epochs": _EPOCHS, **more}
    run = torso.fit(
        path,
        planted.targets,
        inputs=planted.inputs,
        settings=settings,
        out=folder / "run",
        progress=False,
    )
    began, times = perf_counter(), os.times()
    advice = torso.advise(run, about=about, seeds=seeds)
    after = os.times()
    cpu = sum(after[at] - times[at] for at in range(4))
    return {
        "seeds": seeds,
        "about": judged(name, planted, advice),
        "together": list(advice.words),
        "seconds": round(perf_counter() - began, 1),
        "cpu_seconds": round(cpu, 1),
        "planned_seconds": round(advice.planned_seconds, 1),
    }


def summary(tables: dict[str, Any]) -> dict[str, object]:
    """Return the counts."""
    answers = [
        (name, about, own) for name, each in tables.items() for about, own in each["about"].items()
    ]
    inputs = [(name, own) for name, about, own in answers if about == "inputs"]
    planted = [own for name, own in inputs if not name.startswith("noise")]
    synergy = [own for name, about, own in answers if name.startswith("synergy")]
    noise = [own for name, about, own in answers if name.startswith("noise")]
    return {
        "input_answers": len(planted),
        "droppable_called_wrongly": sum(len(own["false_alarms"]) for own in planted),
        "idle_inputs": sum(len(own["idle"]) for own in planted),
        "idle_inputs_dropped": sum(len(own["idle"]) - len(own["idle_kept"]) for own in planted),
        "synergy_tables": len(synergy),
        "synergy_fusions_changed": sum(own["recommended"] != "late" for own in synergy),
        "answers_on_noise": len(noise),
        "answers_on_noise_with_a_false_alarm": sum(bool(own["false_alarms"]) for own in noise),
    }


def main() -> None:
    """Measure, and write after each table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {}
    if asked.out and asked.out.exists():
        result = json.loads(asked.out.read_text())
    result |= {
        "command": shlex.join(["python", *sys.argv]),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "rows": _ROWS,
        "epochs": _EPOCHS,
    }
    tables: dict[str, Any] = result.setdefault("tables", {})
    for name in TABLES:
        if (asked.only and name not in asked.only) or name in tables:
            continue
        with tempfile.TemporaryDirectory() as folder:
            tables[name] = advised(name, asked.seeds, Path(folder))
        print(name, json.dumps(tables[name]["about"], ensure_ascii=False), flush=True)
        result["summary"] = summary(tables)
        if asked.out:
            asked.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(result.get("summary"), indent=1), process_time())


if __name__ == "__main__":
    main()
