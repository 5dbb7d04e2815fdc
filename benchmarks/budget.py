"""Runs with a budget by the wall clock: seconds that were taken, from the start of the process to the saved run.

    OMP_NUM_THREADS=1 python benchmarks/budget.py                                   # resumes
    python benchmarks/budget.py --tables coffee --budgets 20 --again

Each run is `torso fit train.csv --budget … -o …` in a process of its own. Its seconds hold what a user waits for: imports,
reading, the probe, plain models, networks, the verdict, and writing. `fit` are those from the call of `torso.fit`, which
`--budget` is about. The machine may be busy with other work: the budget is one of the wall clock.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from reports import read_report, write_report

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[1] / "shared" / "data")) / "exam"
KEPT = HERE / "results" / "budget.json"
CALL = """
import json, sys
from time import perf_counter
import torso
table, targets, budget, quality, out = json.loads(sys.argv[1])
began = perf_counter()
run = torso.fit(table, targets, budget=budget, quality=quality, out=out)
fit = perf_counter() - began
training = run.report.training
blends = run.report.blend
told = {"fit": fit, "networks": training.networks, "end": str(training.end), "blended": len(blends)}
print(json.dumps({**told, "notes": [n for n in run.notes if n.startswith(("Budget", "Quality"))]}))
"""


def main() -> None:
    """Measure what is not there yet, and show all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", default=["coffee", "scotch", "tox21"])
    parser.add_argument("--budgets", nargs="*", type=int, default=[20, 40, 90])
    parser.add_argument("--qualities", nargs="*", default=["balanced"])
    parser.add_argument("--out", type=Path, default=KEPT)
    parser.add_argument("--again", action="store_true")
    asked = parser.parse_args()
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "runs": {}})
    for table in asked.tables:
        for quality in asked.qualities:
            for budget in asked.budgets:
                name = f"{table}, {quality}, {budget} s"
                if asked.again or name not in report["runs"]:
                    report["runs"][name] = timed(table, quality, budget)
                    write_report(asked.out, report)
                print(line_of(name, report["runs"][name]), flush=True)


def timed(table: str, quality: str, budget: int) -> dict[str, Any]:
    """Return what a run took, beside its budget and the load of the machine."""
    folder = DATA / table
    targets = list(json.loads((folder / "spec.json").read_text())["targets"])
    with TemporaryDirectory(prefix="torso-budget-") as made:
        given = [str(folder / "train.csv"), targets, budget, quality, f"{made}/run"]
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CALL, json.dumps(given)],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = perf_counter() - began
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    told |= {"fit": round(told["fit"], 1), "whole": round(seconds, 1), "budget": budget}
    told["load"] = round(os.getloadavg()[0], 1)
    return told


def line_of(name: str, told: dict[str, Any]) -> str:
    """Return a run as a line, and what it told of its budget below."""
    share = 100 * told["fit"] / told["budget"]
    head = (
        f"{name}: {told['fit']} s ({share:.0f} %), the whole process {told['whole']} s, {told['networks']} networks, "
        f"{told['blended']} tasks blended, load {told['load']}; {told['end']}"
    )
    return "\n   ".join([head, *(re.sub(r"\s+", " ", note) for note in told["notes"])])


if __name__ == "__main__":
    main()
