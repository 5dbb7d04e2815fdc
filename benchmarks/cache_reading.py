"""Cost of reading the cache, and of comparing each entry with its checksum when it is first read.

    python benchmarks/cache_reading.py

Entries of three sizes are read in batches of 64 in random order, in turns: out of a memory map, as the cache did before
(a file cut in use then ended the process), by `FeatureStore.gather` of a fresh store, which compares, and by the same
store again, which does not. CPU microseconds per entry, medians of rounds with the smallest and the largest, with all data
in memory; `cold` are seconds by the clock for the first pass after the system forgot the file. Writes results/cache_reading.json.
"""

from __future__ import annotations

import argparse
import mmap
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from reports import write_report

from torso.cache import FeatureStore, content_digest
from torso.cache.segments import SEAL_BYTES

HERE = Path(__file__).resolve().parent
SIZES = {
    "picture of 64 pixels": (64, 64, 3),
    "picture of 128 pixels": (128, 128, 3),
    "2.5 s of sound": (128, 128),
}
BATCH, EPOCHS = 64, 12


def passes(read: Callable[[np.ndarray], object], order: np.ndarray) -> float:
    """Return CPU microseconds per entry of one pass in batches."""
    began = time.process_time()
    for start in range(0, len(order), BATCH):
        read(order[start : start + BATCH])
    return (time.process_time() - began) / len(order) * 1e6


def mapped(path: Path, shape: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a reader that copies entries out of a memory map."""
    with path.open("rb") as file:
        opened = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    entries = np.frombuffer(opened, np.uint8, offset=SEAL_BYTES).reshape(-1, *shape)

    def read(items: np.ndarray) -> np.ndarray:
        values = np.empty((len(items), *shape), np.uint8)
        for value, item in zip(values, items.tolist(), strict=True):
            value[:] = entries[item]
        return values

    return read


def summary(values: list[float]) -> dict[str, float]:
    """Return the median, the smallest and the largest."""
    ordered = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, 3) for name, value in ordered.items()}


def measured(root: Path, shape: tuple[int, ...], entries: int, rounds: int) -> dict[str, object]:
    """Return the cost of each way of reading entries of one shape."""
    draw = np.random.default_rng(0)

    def opened() -> FeatureStore:
        return FeatureStore(root, {"shape": list(shape)}, np.uint8, shape[1:])

    with opened() as store:
        for number in range(entries):
            store.add(content_digest(b"%d" % number), draw.integers(0, 256, shape, np.uint8))
    [file] = list(store.folder.glob("*.bin"))
    order, read_map = draw.permutation(entries), mapped(file, shape)
    ways: dict[str, list[float]] = {"mapped": [], "first": [], "later": []}
    cold: dict[str, list[float]] = {"compared": [], "not compared": []}
    for _ in range(rounds):
        ways["mapped"].append(passes(read_map, order))
        with opened() as store:
            ways["first"].append(passes(store.gather, order))
            ways["later"].append(passes(store.gather, order))
            for way in ("not compared", "compared"):
                if way == "compared":
                    store._reader.suspect(order)
                with file.open("rb") as stream:
                    os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                began = time.perf_counter()
                passes(store.gather, order)
                cold[way].append(time.perf_counter() - began)
    first, later, before = (statistics.median(ways[way]) for way in ("first", "later", "mapped"))
    return {
        "bytes": int(np.prod(shape)),
        "entries": entries,
        "microseconds": {way: summary(values) for way, values in ways.items()},
        "read by maps": round(later / before, 3),
        f"comparing, share of {EPOCHS} epochs of reading": round(
            (first - later) / (first + (EPOCHS - 1) * later), 3
        ),
        "cold": {way: summary(values) for way, values in cold.items()},
    }


def main() -> None:
    """Measure all sizes and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=60, help="of entries; one segment at most")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "cache_reading.json")
    given = parser.parse_args()
    report: dict[str, object] = {
        "command": " ".join(["python", "benchmarks/cache_reading.py", *sys.argv[1:]]),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "load": round(os.getloadavg()[0], 2),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, shape in SIZES.items():
            entries = (given.megabytes << 20) // int(np.prod(shape))
            report[name] = measured(Path(folder), shape, entries, given.rounds)
    write_report(given.out, report)


if __name__ == "__main__":
    main()
