"""The exam: Torso's default run on real tables beside plain models and AutoGluon, with paired intervals.

    OMP_NUM_THREADS=1 python benchmarks/exam.py                     # everything that is not there yet, and Torso anew
    python benchmarks/exam.py --tables coffee houses --contestants torso --seeds 0
    python benchmarks/exam.py --cv 0 --tables coffee --set training.epochs=20 --out x.json    # a choice, honestly
    python benchmarks/exam.py --show                                # the verdict again, from what is there
    python benchmarks/exam.py --data FOLDER                         # other tables: train.csv, test.csv, spec.json

Torso is given the path of train.csv, the names of the targets, test.csv for the verdict, and where the files lie;
nothing else. `--cv K` holds out a fifth of train.csv, groups whole, in the place of test.csv. Answers are kept row by
row in $TORSO_EXAM, by default ~/.cache/torso-exam, and never in the repository; results/exam.json holds figures only.
A run of its own settings, or of a fold, needs a file of its own. Rows of the exam are drawn 1,000 times for each
paired 95 % interval; a figure of several seeds is their mean.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path
from typing import Any

from contest.answers import Store
from contest.entries import entry_of, score_of
from contest.own import run_torso
from contest.tables import ExamTable, read_tables
from reports import read_report, write_report

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"
KEPT = HERE / "results" / "exam.json"
TORSO = "torso"


def main() -> None:
    """Let the contestants answer, and keep and show what they scored."""
    asked = arguments()
    store = Store(asked.store) if asked.store else Store.usual()
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "tables": {}})
    report["command"] = "python benchmarks/exam.py"
    report["machine"] = f"{os.cpu_count()} cores, one used, {platform.machine()}"
    for table in read_tables(asked.data, asked.tables, asked.cv):
        contestants = answer(table, store, asked)
        entry = entry_of(table, store, contestants, report["tables"].get(table.name, {}))
        report["tables"][table.name] = entry
        write_report(asked.out, report)
        show(table.name, entry)


def arguments() -> argparse.Namespace:
    """Return what was asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="a folder of tables, or a table")
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument(
        "--seeds", nargs="*", type=int, help="default: 0 1 2; with --cv or --set: 0"
    )
    parser.add_argument("--cv", type=int, help="hold out this fifth of train.csv, 0 to 4")
    parser.add_argument("--set", action="append", default=[], help="a setting of Torso's run")
    parser.add_argument("--name", help="under which Torso's answers are kept")
    parser.add_argument("--out", type=Path, default=KEPT)
    parser.add_argument("--store", type=Path, help="where answers are kept")
    parser.add_argument("--resume", action="store_true", help="keep Torso's answers that are there")
    asked = parser.parse_args()
    own = asked.cv is not None or bool(asked.set)
    if own and asked.out == KEPT:
        parser.error("--set and --cv need --out: results/exam.json holds default runs on test.csv")
    if asked.seeds is None:
        asked.seeds = [0] if own else [0, 1, 2]
    asked.name = asked.name or (TORSO if asked.out == KEPT else f"{TORSO}-{asked.out.stem}")
    return asked


def answer(table: ExamTable, store: Store, asked: argparse.Namespace) -> list[str]:
    """Let all contestants answer a table, and return their names."""
    for seed in asked.seeds:
        there = all(store.has(table, asked.name, seed, target) for target in table.questions)
        if asked.resume and there:
            continue
        told = run_torso(table, store, asked.name, seed, asked.set)
        print(f"== {table.name}, seed {seed}: {told['end']}, {told['cpu_seconds']} CPU s")
        print(told.get("error", ""), *(f"   {note}" for note in told.get("notes", ())), sep="\n")
        sys.stdout.flush()
    return [asked.name]


def show(name: str, entry: dict[str, Any]) -> None:
    """Print a line per target: the main metric of everybody."""
    print(f"{name}: CPU seconds {entry['costs']}")
    for target, asked in entry["targets"].items():
        scores = {who: score_of(asked, who) for who in asked["scores"]}
        shown = "  ".join(f"{who} {got[0]:.3f}" for who, got in scores.items() if got)
        print(f"   {target:24} {asked['main']:10} {shown}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
