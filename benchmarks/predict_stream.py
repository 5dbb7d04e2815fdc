"""Rows a second and memory of `torso predict` on tables of numbers that come a piece at a time, at 1, 4 and 16 times the rows.

    python benchmarks/predict_stream.py
    python benchmarks/predict_stream.py --rows 131072 --runs narrow --whole

A table has eight columns of numbers, a ninth of one of them missing, as Parquet. The runs learn a number and a truth value
from 4,000 rows: `default` (five networks beside trees), `network` (one, alone) and `narrow` (one of dim 16, alone). Each
command is a process of its own; the system says its peak of memory (Linux only) and its CPU seconds. Loading torch and the run is
counted once, by a table of one piece, and left out of the rate. `stream` off shows a table that is read as a whole. On a
machine with other work, rows per CPU second are what a core does; the load is written beside. Writes results/predict_stream.json.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from reports import read_report, write_report

import torso

COLUMNS, PIECE = 8, 65_536
ALONE = {"folds": 0, "blend": "off"}
RUNS = {"default": {}, "network": ALONE, "narrow": {**ALONE, "dim": 16}}
MANY = [655_360, 2_621_440, 10_485_760]
ROWS = {"default": [131_072, 524_288, 2_097_152], "network": MANY, "narrow": MANY}


def batch(rows: int, seed: int) -> pa.Table:
    """Return rows of a table."""
    draw = np.random.default_rng(seed)
    cells = draw.normal(size=(COLUMNS, rows))
    gaps = draw.random(rows) < 1 / 9
    columns = {f"x{number}": pa.array(own) for number, own in enumerate(cells)}
    columns["x3"] = pa.array(cells[3], mask=gaps)
    return pa.table(columns)


def written(path: Path, rows: int) -> Path:
    """Write a table of so many rows, in constant memory."""
    with parquet.ParquetWriter(path, batch(1, 0).schema) as writer:
        for seed, start in enumerate(range(0, rows, PIECE)):
            writer.write_table(batch(min(PIECE, rows - start), seed + 1))
    return path


def trained(folder: Path, name: str) -> Path:
    """Train a run."""
    table = batch(4000, 0)
    x = [np.nan_to_num(column.to_numpy()) for column in table.columns]
    noise = np.random.default_rng(1).normal(size=4000) * 0.3
    y = 2 * x[0] + np.sin(2 * x[1]) + x[2] * x[3] + noise
    table = table.append_column("y", pa.array(y)).append_column("big", pa.array(y > 0))
    settings = {"training.epochs": 5, **RUNS[name]}
    torso.fit(table, {"y": "number", "big": "binary"}, out=folder / name, settings=settings)
    return folder / name


def predicted(run: Path, table: Path, out: Path, how: str) -> dict[str, float]:
    """Answer a table in a process of its own; return seconds, CPU seconds and the peak of memory in MiB."""
    words = [sys.executable, "-m", "torso", "predict", run, table, "-o", out, how]
    started = time.perf_counter()
    child = subprocess.Popen([*map(str, words)], stdout=subprocess.DEVNULL)
    peak = 0.0
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        with suppress(OSError, IndexError):  # it may just have ended
            about = Path(f"/proc/{child.pid}/status").read_text()
            peak = int(about.split("VmHWM:")[1].split()[0]) / 1024
        time.sleep(0.05)
    _, status, usage = ended
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{how} of {table.name} ended with {child.returncode}")
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(peak, 1),
    }


def measured(run: Path, folder: Path, sizes: list[int], *, whole: bool) -> list[dict[str, object]]:
    """Return a line per size of table, streamed, and of the smallest also read as a whole."""
    least = predicted(
        run, written(folder / "least.parquet", PIECE), folder / "o.parquet", "--stream"
    )
    lines: list[dict[str, object]] = [{"rows": PIECE, "stream": True, **least}]
    for rows in sizes:
        table = written(folder / "table.parquet", rows)
        for how in ("--stream", *(["--no-stream"] if whole else [])):
            own = predicted(run, table, folder / "o.parquet", how)
            further = rows - PIECE
            rate = {
                "rows_per_second": round(further / max(own["seconds"] - least["seconds"], 1e-9)),
                "rows_per_cpu_second": round(
                    further / max(own["cpu_seconds"] - least["cpu_seconds"], 1e-9)
                ),
            }
            lines.append({"rows": rows, "stream": how == "--stream", **own, **rate})
            print(run.name, lines[-1], flush=True)
        table.unlink()
    return lines


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", help="rows of the tables")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=[*RUNS])
    parser.add_argument("--whole", action="store_true", help="also read each table as a whole")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "predict_stream.json"
    )
    given = parser.parse_args()
    report = read_report(given.out, {"columns": COLUMNS, "runs": {}})
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in given.runs:
            load = os.getloadavg()[0]
            run, rows = trained(folder, name), given.rows or ROWS[name]
            tables = measured(run, folder, rows, whole=given.whole)
            report["runs"][name] = {
                "command": " ".join(["python", "benchmarks/predict_stream.py", *sys.argv[1:]]),
                "machine": f"{os.cpu_count()} CPUs, {platform.machine()}",
                "priority": Path("/proc/self/autogroup").read_text().strip(),
                "load": [round(load, 1), round(os.getloadavg()[0], 1)],
                "tables": tables,
            }
            write_report(given.out, report)


if __name__ == "__main__":
    main()
