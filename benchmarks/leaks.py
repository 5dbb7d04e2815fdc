"""Leaks: memory, descriptors, processes, threads and temporary files over 10,000 predictions and 200 epochs.

    OMP_NUM_THREADS=1 python benchmarks/leaks.py [--predictions 10000] [--epochs 200]

A run of a picture, a recording, a text, a number and a category answers its rows one by one; then a training of the same
columns goes on for all its epochs, its checkpoints and its log written. All is counted at each tenth of the way. Growth is
from the second tenth on: what is made once is made by then. Writes results/leaks.json.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports import write_report

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # tests make the small run


def main() -> None:
    """Predict, train, count; print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictions", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "leaks.json")
    asked = parser.parse_args()
    results: dict[str, Any] = {
        "command": f"OMP_NUM_THREADS=1 python benchmarks/leaks.py --predictions {asked.predictions} --epochs {asked.epochs}",
        "machine": f"{platform.system()}, {platform.machine()}, {os.cpu_count()} processors",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["TMPDIR"] = str(folder / "temporary")
        (folder / "temporary").mkdir()
        tempfile.tempdir = None
        results["predictions"] = grown(predictions(folder, asked.predictions))
        results["epochs"] = grown(epochs(folder, asked.epochs))
    for part in ("predictions", "epochs"):
        print(part, results[part]["growth"])
    write_report(asked.out, results)


def predictions(folder: Path, count: int) -> Iterator[dict[str, float]]:
    """Answer one row after the other; yield what the process holds at each tenth."""
    import torso
    from tests import small_tables

    table = small_tables.make(folder, rows=60)
    settings = {**small_tables.TINY, **small_tables.MEDIA, "blend": "auto", "plain.folds": 2}
    run = torso.fit(
        table, small_tables.TARGETS, out=folder / "run", settings=settings, progress=False
    )
    columns = small_tables.read(table)
    rows = [{name: columns[name][at] for name in small_tables.INPUTS} for at in range(60)]
    for number in range(1, count + 1):
        run.predict(rows[number % len(rows)], root=folder, as_arrow=True)
        if number % (count // 10) == 0:
            yield held()


def epochs(folder: Path, count: int) -> Iterator[dict[str, float]]:
    """Train for so many epochs; yield what the process holds at each tenth."""
    import torso
    from tests import small_tables
    from torso.training import Listener

    seen: list[dict[str, float]] = []

    class Counting(Listener):
        def epoch_done(self, epoch: Any) -> None:
            if epoch.number % max(1, count // 10) == 0:
                seen.append(held())

    settings = {
        **small_tables.TINY,
        **small_tables.MEDIA,
        "training.epochs": count,
        "training.patience": count,
        "blend": "off",
        "folds": 0,
    }
    torso.fit(
        folder / "table.csv",
        small_tables.TARGETS,
        out=folder / "long",
        settings=settings,
        progress=False,
        listener=Counting(),
    )
    yield from seen


def held() -> dict[str, float]:
    """Return what this process holds: memory in MiB, and numbers of all else."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {
        "mebibytes": round(int(kibibytes) / 1024, 1),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "processes": len(children),
        "temporary_files": sum(len(files) for _, _, files in os.walk(tempfile.gettempdir())),
    }


def grown(course: Iterator[dict[str, float]]) -> dict[str, Any]:
    """Return the course of what was held, and its growth from the second tenth on; of memory as a share."""
    tenths = list(course)
    first, last = tenths[1], tenths[-1]
    growth = {name: last[name] - first[name] for name in first if name != "mebibytes"}
    growth["memory_share"] = round(last["mebibytes"] / first["mebibytes"] - 1, 4)
    return {"growth": growth, "tenths": tenths}


if __name__ == "__main__":
    main()
