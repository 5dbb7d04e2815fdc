"""How often the verdicts of `torso compare` are wrong, on simulated runs whose truth is known.

    python benchmarks/compare.py --repeats 400

Two contenders answer three tasks (two numbers, one yes-or-no). A run's answers are the truth with noise per row and a
quality of its own, drawn for each seed: that is the luck of the seed. Where both contenders have one quality, any
verdict but "no evidence either way" is false; the share is of comparisons with a false verdict on any task (Holm holds it at
5 %). Beside it stands the habit of one run each and a bootstrap over rows per task. Where the second is better, power is the
share of tasks found, and coverage that of 95 % intervals that hold the true difference.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from torso.runs.folder.json_files import write_json
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.compare.contender import Contender, Member
from torso.studies.compare.study import between

RESULTS = Path(__file__).parent / "results" / "compare.json"
NUMBERS = ("a", "b")


@dataclass(frozen=True)
class Case:
    """A setting of the simulation.

    Attributes:
        rows: held out.
        seeds: runs of each contender.
        luck: standard deviation over seeds of the noise's logarithm.
        lead: by how much the second contender's noise is smaller, in its logarithm.
    """

    rows: int
    seeds: int
    luck: float
    lead: float = 0.0


CASES = (
    Case(200, 1, 0.0),
    Case(200, 1, 0.1),
    Case(200, 2, 0.1),
    Case(200, 5, 0.1),
    Case(20, 5, 0.1),
    Case(200, 5, 0.1, lead=0.3),
)


def member(draw: np.random.Generator, truth: dict[str, np.ndarray], noise: float) -> Member:
    """Return a run with one quality for all tasks."""
    rows = len(truth["a"])
    tasks = {
        name: TaskAnswers(
            "number",
            truth[name],
            truth[name] + noise * draw.normal(size=rows),
            baseline={"mean": 0.0, "labels": rows},
        )
        for name in NUMBERS
    }
    score = truth["c"] - 0.5 + noise * draw.normal(size=rows)
    tasks["c"] = TaskAnswers(
        "binary",
        truth["c"],
        1 / (1 + np.exp(-2 * score)),
        names=("no", "yes"),
        baseline={"frequency": 0.5, "labels": rows},
    )
    return Member("run", None, None, HeldOut("test", np.arange(rows), rows, tasks))  # type: ignore[arg-type]


def contender(
    draw: np.random.Generator, truth: dict[str, np.ndarray], case: Case, lead: float
) -> Contender:
    """Return runs whose noise is that of their seed."""
    noises = np.exp(-lead + case.luck * draw.normal(size=case.seeds))
    return Contender("runs", tuple(member(draw, truth, noise) for noise in noises))


def tried(case: Case, repeats: int) -> dict[str, float]:
    """Return shares of wrong and of right verdicts."""
    false, habit, found, held = 0, 0, 0, 0
    # R squared over many seeds and rows: 1 - noise^2, of truths with a spread of one
    better = np.exp(2 * case.luck**2) * (1 - np.exp(-2 * case.lead))
    for repeat in range(repeats):
        draw = np.random.default_rng([case.rows, case.seeds, repeat])
        truth = {name: draw.normal(size=case.rows) for name in NUMBERS}
        truth["c"] = (draw.random(case.rows) < 0.5).astype(np.float64)
        sides = [contender(draw, truth, case, lead) for lead in (0.0, case.lead)]
        (other,) = between(sides, seed=repeat).against
        false += any(own.verdict in ("helps", "hurts") for own in other.tasks)
        found += sum(own.verdict == "helps" for own in other.tasks)
        held += sum(own.difference.low <= better <= own.difference.high for own in other.tasks[:2])
        alone = [Contender(side.name, side.members[:1]) for side in sides]
        (single,) = between(alone, seed=repeat).against
        habit += any(abs(own.difference.value) > 1.96 * own.over_rows for own in single.tasks)
    shares = {"coverage": float(held / (2 * repeats))}
    if case.lead:
        return {**shares, "power": found / (3 * repeats)}
    return {**shares, "false": false / repeats, "false_by_habit": habit / repeats}


def main() -> None:
    """Run the simulation and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--out", type=Path, default=RESULTS)
    said = parser.parse_args()
    began = time.perf_counter()
    results = []
    for case in CASES:
        shares = tried(case, said.repeats)
        results.append({**vars(case), **shares})
        print(results[-1], flush=True)
    write_json(
        said.out,
        {
            "command": f"python benchmarks/compare.py --repeats {said.repeats}",
            "machine": f"{os.cpu_count()} cores, one used, {platform.machine()}, Python {sys.version.split()[0]}",
            "seconds": round(time.perf_counter() - began),
            "cases": results,
        },
    )


if __name__ == "__main__":
    main()
