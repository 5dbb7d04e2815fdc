"""`torso report` of the demo: seconds from the command to the file, and its size.

    OMP_NUM_THREADS=1 python benchmarks/html_report.py demo-run/run           # a run that is there
    OMP_NUM_THREADS=1 python benchmarks/html_report.py demo-run/run OTHER     # both on one page

The command runs in a process of its own, its import of torch included; the least of --repeats is told, of wall time and of
CPU time, beside the machine's load. Studies that the runs keep are on the page. Writes results/html_report.json.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reports import write_report

from torso.runs.folder.folder import RunFolder

HERE = Path(__file__).resolve().parent
AIM = {"seconds": 5.0, "megabytes": 1.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "html_report.json")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        pages = [options.runs[:1]] + ([options.runs] if len(options.runs) > 1 else [])
        measured = {
            " ".join(run.name for run in runs): measure(runs, page, options.repeats)
            for runs in pages
        }
    report: dict[str, object] = {
        "command": f"OMP_NUM_THREADS=1 python benchmarks/html_report.py {' '.join(run.name for run in options.runs)} --repeats {options.repeats}",
        "machine": f"{os.cpu_count()} cores, one used, {platform.machine()}",
        "aim": AIM,
        "studies": {run.name: sorted(RunFolder(run).studies()) for run in options.runs},
        "pages": measured,
    }
    write_report(options.out, report)
    print(report)


def measure(runs: list[Path], page: Path, repeats: int) -> dict[str, float]:
    """Return the least seconds of some reports, the size, and the load meanwhile."""
    command = [sys.executable, "-m", "torso", "report", *map(str, runs), "-o", str(page)]
    wall, cpu = [], []
    for _ in range(repeats):
        before, start = used(), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        wall.append(time.perf_counter() - start)
        cpu.append(used() - before)
    return {
        "seconds": round(min(wall), 2),
        "cpu_seconds": round(min(cpu), 2),
        "megabytes": round(page.stat().st_size / 1e6, 3),
        "load": round(os.getloadavg()[0], 1),
    }


def used() -> float:
    """Return CPU seconds of the processes that ended."""
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime


if __name__ == "__main__":
    main()
