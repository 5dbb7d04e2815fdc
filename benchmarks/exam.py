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
import shlex
import subprocess
import sys
from pathlib import Path

from contest.answers import Store
from contest.entries import entry_of
from contest.names import RIVALS
from contest.own import run_torso
from contest.pictures import draw
from contest.shown import lines_of, overview_lines
from contest.tables import ExamTable, read_tables
from contest.verdict import judge, overview
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
    report["command"] = shlex.join(["python", "benchmarks/exam.py", *sys.argv[1:]])
    report["machine"] = f"{os.cpu_count()} cores, one used, {platform.machine()}"
    for table in read_tables(asked.data, asked.tables, asked.cv):
        if not asked.show:
            answer(table, store, asked)
        entry = entry_of(table, store, asked.name, report["tables"].get(table.name, {}))
        judge(table, store, entry, asked.name)
        report["tables"][table.name] = entry
        report["overview"] = overview(report, asked.name)
        write_report(asked.out, report)
        print(*lines_of(table.name, entry, asked.name), sep="\n", flush=True)
    print(*overview_lines(report["overview"]), sep="\n")
    draw(report, asked.out.with_suffix(".png"))


def arguments() -> argparse.Namespace:
    """Return what was asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="a folder of tables, or a table")
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument(
        "--contestants",
        nargs="*",
        choices=(TORSO, "plain", *RIVALS),
        help="default: torso plain; with --cv or --set: torso",
    )
    parser.add_argument("--show", action="store_true", help="no runs: judge what is there")
    parser.add_argument("--autogluon", help="python of AutoGluon's environment")
    parser.add_argument(
        "--limit", type=float, default=60.0, help="CPU seconds of AutoGluon a target"
    )
    parser.add_argument(
        "--seeds", nargs="*", type=int, help="default: 0 1 2; with --cv or --set: 0"
    )
    parser.add_argument("--cv", type=int, help="hold out this fifth of train.csv, 0 to 4")
    parser.add_argument("--set", action="append", default=[], help="a setting of Torso's run")
    parser.add_argument("--name", help="under which Torso's answers are kept")
    parser.add_argument("--out", type=Path, default=KEPT)
    parser.add_argument("--store", type=Path, help="where answers are kept")
    parser.add_argument("--resume", action="store_true", help="keep Torso's answers that are there")
    parser.add_argument("--again", action="store_true", help="make the rivals' answers anew, too")
    asked = parser.parse_args()
    own = asked.cv is not None or bool(asked.set)
    if own and asked.out == KEPT:
        parser.error("--set and --cv need --out: results/exam.json holds default runs on test.csv")
    asked.contestants = asked.contestants or ([TORSO] if own else [TORSO, "plain"])
    if asked.seeds is None:
        asked.seeds = [0] if own else [0, 1, 2]
    asked.name = asked.name or (TORSO if asked.out == KEPT else f"{TORSO}-{asked.out.stem}")
    return asked


def answer(table: ExamTable, store: Store, asked: argparse.Namespace) -> None:
    """Let the contestants that were asked for answer a table."""
    if "plain" in asked.contestants:
        from contest.plain import run_plain  # needs LightGBM and scikit-learn

        run_plain(table, store, again=asked.again)
    for rival in RIVALS:
        if rival in asked.contestants:
            run_autogluon(table, store, rival.removeprefix("autogluon_"), asked)
    for seed in asked.seeds if TORSO in asked.contestants else ():
        there = all(store.has(table, asked.name, seed, target) for target in table.questions)
        if asked.resume and there:
            continue
        told = run_torso(table, store, asked.name, seed, asked.set)
        print(f"== {table.name}, seed {seed}: {told['end']}, {told['cpu_seconds']} CPU s")
        notes = told.get("notes", ()) if seed == asked.seeds[0] else ()
        lines = [told.get("error", ""), *(f"   {note}" for note in notes)]
        print(*filter(None, lines), sep="\n", flush=True)


def run_autogluon(table: ExamTable, store: Store, quality: str, asked: argparse.Namespace) -> None:
    """Let AutoGluon answer, in its own environment, what it has no answers to."""
    if not asked.autogluon:
        raise SystemExit(
            "--contestants autogluon_... needs --autogluon PYTHON; see rivals/README.md"
        )
    command = [asked.autogluon, str(HERE / "rivals" / "autogluon_exam.py"), "--quality", quality]
    command += ["--data", str(table.folder), "--limit", str(asked.limit)]
    command += ["--store", str(store.root.resolve()), *(["--again"] if asked.again else [])]
    command += [] if asked.cv is None else ["--cv", str(asked.cv)]
    # Torso's own path would reach the other environment.
    subprocess.run(
        command, check=True, env={**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    )


if __name__ == "__main__":
    main()
