"""Time and memory of `inspect` on a CSV of 100,000 rows and 50 columns.

    OMP_NUM_THREADS=1 python benchmarks/inspect_size.py

Each measurement is a process of its own. `inspect` is what `torso inspect TABLE -t TARGET` does without printing:
read the file, judge every column, look for leaks. CPU seconds are those of the whole process without its imports, which
are given beside it. Memory is the growth of the largest resident size over the imports, in units of the table's own
memory: the bytes of the cells as Arrow holds them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from reports import write_report

HERE = Path(__file__).resolve().parent
ROWS = 100_000

CHILD = """
import json, re, sys, time
from torso.inference import inspect_table
from torso.tables import read_table
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
begin, imported = peak(), time.process_time()
table = read_table(sys.argv[1])
read, size = time.process_time(), table.data.nbytes
if sys.argv[2] == "inspect":
    inspect_table(table, ["target"])
done = time.process_time()
print(json.dumps({"imports": imported, "read": read - imported, "inspect": done - read, "cpu": done - imported,
                  "table_bytes": size, "grown_bytes": peak() - begin}))
"""


def table(rows: int) -> pd.DataFrame:
    """Return 50 columns of the usual kinds, some spelled out and with gaps."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(500)])
    columns: dict[str, object] = {"target": rng.choice(["yes", "no"], rows)}
    for number in range(20):
        values = rng.normal(size=rows).round(4).astype(str)
        values[rng.random(rows) < 0.02 * (number % 5)] = ""
        columns[f"number{number}"] = values
    for number in range(5):
        columns[f"count{number}"] = rng.poisson(4 + number, rows)
    for number in range(9):
        columns[f"category{number}"] = rng.choice(words[: 3 + 11 * number], rows)
    for number in range(5):
        days = np.datetime64("2015-01-01") + rng.integers(0, 3000, rows)
        columns[f"date{number}"] = pd.Series(days).dt.strftime(["%Y-%m-%d", "%d.%m.%Y"][number % 2])
    for number in range(4):
        columns[f"price{number}"] = [f"${value:,.2f}" for value in rng.lognormal(5, 1, rows)]
    for number in range(4):
        columns[f"text{number}"] = [" ".join(rng.choice(words, 8)) for _ in range(rows)]
    columns["id"] = [f"C-{number:07d}" for number in rng.permutation(rows)]
    columns["version"] = rng.choice(["1.10", "1.2", "2.0b"], rows)
    return pd.DataFrame(columns)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        frame = table(ROWS)
        frame.to_csv(path, index=False)
        command = [sys.executable, "-c", CHILD, str(path), "inspect"]
        runs = [
            json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(asked.repeats)
        ]
        size = path.stat().st_size
    cpu = [run["cpu"] for run in runs]
    memory = [run["grown_bytes"] / run["table_bytes"] for run in runs]
    report = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/inspect_size.py",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "rows": ROWS,
        "columns": len(frame.columns),
        "csv_bytes": size,
        "cpu_seconds": {"median": float(np.median(cpu)), "all": cpu},
        "memory_of_table": {"median": float(np.median(memory)), "all": memory},
        "runs": runs,
    }
    write_report(HERE / "results" / "inspect_size.json", report)
    print(
        f"{report['columns']} columns: {np.median(cpu):.2f} CPU s, {np.median(memory):.2f} x the table's memory"
    )
    print(json.dumps(runs[0]))


if __name__ == "__main__":
    main()
