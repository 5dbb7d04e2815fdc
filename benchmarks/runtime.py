"""An exported model without torch: time from the start of a process to its first answer, memory, a row in process.

    python benchmarks/runtime.py [--python LEAN/bin/python]

A run with a picture, a recording, a text, a number and a category, plain models included, is fitted on 60 rows and exported.
Then a Python, best one of an environment of `pip install '.[runtime]'` alone, answers the table's first row in fresh processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reports import write_report

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # tests make the small run
ONCE = """
import re, sys, torso
run = torso.load("model.onnx")
row = {"note": "very red thing", "size": 3.0, "shop": "Cy", "photo": "files/0.png", "sound": "files/0.wav"}
run.predict(row, as_arrow=True)
most = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]  # ru_maxrss counts the parent, too
print(int(most) / 1024, "torch" in sys.modules)
"""
MANY = (
    ONCE.rpartition("print")[0]
    + """
import time
for row in (row, {"size": 3.0, "shop": "Cy"}):
    took = []
    for _ in range(400):
        began = time.perf_counter()
        run.predict(row, as_arrow=True)
        took.append(1000 * (time.perf_counter() - began))
    print(*sorted(took)[::4])
"""
)


def main() -> None:
    """Fit, export, start, ask; print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="that answers")
    parser.add_argument("--starts", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = made(folder)
        starts, memory, loaded = [], [], set()
        for _ in range(asked.starts + 1):  # the first one compiles
            began = time.perf_counter()
            megabytes, torch = python(asked.python, ONCE, folder).split()
            starts.append(time.perf_counter() - began)
            memory.append(float(megabytes))
            loaded.add(torch)
        whole, numbers = (
            [float(each) for each in line.split()]
            for line in python(asked.python, MANY, folder).splitlines()
        )
        size = (folder / "model.onnx").stat().st_size
    results = {
        "command": "python benchmarks/runtime.py --python LEAN/bin/python",
        "machine": f"{platform.system()}, {platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}",
        "torch_loaded": "True" in loaded,
        "export_seconds": round(seconds, 1),
        "file_megabytes": round(size / 1e6, 1),
        "first_answer_seconds": spread(starts[1:]),
        "resident_megabytes": spread(memory),
        "row_milliseconds": {"with_files": spread(whole), "number_and_category": spread(numbers)},
    }
    print(json.dumps(results, indent=1))
    write_report(HERE / "results" / "runtime.json", results)


def made(folder: Path) -> float:
    """Write a run and its export; return the seconds of the export."""
    import torso
    from tests import small_tables

    table = small_tables.make(folder, rows=60)
    settings = {**small_tables.TINY, **small_tables.MEDIA, "blend": "auto", "plain.folds": 2}
    torso.fit(table, small_tables.TARGETS, out=folder / "run", settings=settings, progress=False)
    began = time.perf_counter()
    torso.export(folder / "run", folder / "model.onnx")
    return time.perf_counter() - began


def python(program: str, code: str, folder: Path) -> str:
    """Return what code prints in a fresh process."""
    run = [program, "-W", "ignore", "-c", code]
    paths = os.environ | {"PYTHONPATH": str(HERE.parent / "src")}
    paths.pop("PYTHONDONTWRITEBYTECODE", None)
    paths["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    done = subprocess.run(run, check=False, capture_output=True, text=True, cwd=folder, env=paths)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def spread(values: list[float]) -> dict[str, float]:
    """Return median, least and most."""
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


if __name__ == "__main__":
    main()
