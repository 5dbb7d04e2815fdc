"""Two commits side by side: a step of the demo's model, the help and a slip at the command line, `import torso`.

    python benchmarks/before_after.py BEFORE AFTER [--rounds 7] [--out benchmarks/results/before_after.json]

BEFORE and AFTER are checkouts (`git worktree add ../before COMMIT`). Both are measured in turn, before, after,
after, before, ..., each round in a new process with one thread, so that a machine that slows down slows both. The
figures are CPU seconds; the ratio is taken round by round, and its median is what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow.csv import write_csv
from reports import write_report
from small_training import circumstances

EPOCHS = 4
STEP = f"""
import os, sys, time, statistics
import torch, torso
from torso.training import Listener
torch.set_num_threads(1)
try:
    from torso.app import demo
except ImportError:
    from torso import demo

class Clock(Listener):
    def __init__(self):
        self.steps, self.last = [], None
    def batch_done(self, epoch, batch):
        now = time.process_time()
        if self.last is not None and batch > 1 and epoch > 1:
            self.steps.append(now - self.last)
        self.last = now

clock = Clock()
settings = [*demo.SETTINGS, "training.epochs={EPOCHS}", "data.cache=" + sys.argv[2]]
torso.fit(sys.argv[1], ["digit", "parity", "ink"], settings=settings, listener=clock)
print(statistics.median(clock.steps))
"""
HELP = """
import os, subprocess, sys
before = os.times()
subprocess.run([sys.executable, "-m", "torso", "--help"], check=True, stdout=subprocess.DEVNULL)
after = os.times()
print(after.children_user + after.children_system - before.children_user - before.children_system)
"""
IMPORT = HELP.replace('"-m", "torso", "--help"', '"-c", "import torso"')
SLIP = """
import os, subprocess, sys
table, folder = sys.argv[1:]
command = [sys.executable, "-m", "torso", "fit", table, "-t", "y", "-o", folder, "--set", "fusion=gatde"]
before = os.times()
done = subprocess.run(command, capture_output=True, text=True)
after = os.times()
assert done.returncode == 1 and "Did you mean 'gated'?" in done.stderr, done.stderr
print(after.children_user + after.children_system - before.children_user - before.children_system)
"""
ROWS = 1_000_000


def write_rows(path: Path) -> None:
    """Write a table of `ROWS` rows and three columns of numbers."""
    x = np.random.default_rng(0).normal(size=(2, ROWS))
    write_csv(pa.table({"a": x[0], "b": x[1], "y": x.sum(0)}), path)


def measure(tree: Path, code: str, *arguments: str) -> float:
    """Return the figure that `code` prints with the package of `tree`."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout.split()[-1])


def compare(trees: dict[str, Path], rounds: int, code: str, *arguments: str) -> dict[str, Any]:
    """Return the figures of both trees, measured in turn, and the median of their ratios."""
    figures: dict[str, list[float]] = {name: [] for name in trees}
    for number in range(rounds):
        order = [*trees] if number % 2 == 0 else [*trees][::-1]  # neither is always first
        for name in order:
            figures[name].append(measure(trees[name], code, *arguments))
    ratios = [after / before for before, after in zip(*figures.values(), strict=True)]
    return {
        **{name: statistics.median(values) for name, values in figures.items()},
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    trees = {name: getattr(options, name).resolve() for name in ("before", "after")}
    commits = {
        name: subprocess.check_output(
            ["git", "rev-parse", "--short", "HEAD"], cwd=tree, text=True
        ).strip()
        for name, tree in trees.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        make = (
            "import sys; from torso.app.demo.digits import make; from pathlib import Path\n"
            "make(Path(sys.argv[1]), 1797, missing_labels=0.2, missing_inputs=0.1); print(0)"
        )
        measure(trees["after"], make, str(data))
        table = str(data / "table.csv")
        big = Path(folder) / "big.csv"
        write_rows(big)
        report = {
            "about": "CPU seconds, one thread, measured in turn; ratio is after / before",
            **circumstances(Path(__file__)),
            "command": f"python benchmarks/before_after.py BEFORE AFTER --rounds {options.rounds}",
            "commits": commits,
            "step of the demo's model": compare(
                trees, options.rounds, STEP, table, str(Path(folder) / "cache")
            ),
            "torso --help": compare(trees, options.rounds, HELP),
            "import torso": compare(trees, options.rounds, IMPORT),
            "torso fit --set fusion=gatde, a million rows": compare(
                trees, options.rounds, SLIP, str(big), str(Path(folder) / "run")
            ),
        }
    print(json.dumps(report, indent=1))
    if options.out is not None:
        write_report(options.out, report)


if __name__ == "__main__":
    main()
