"""Install the built wheel into an empty environment of each Python, and use it there.

    python release/wheel.py && python release/pythons.py [--train] [--python PATH ...] [--out FILE.json]

Without `--train` the wheel alone is installed: `pip check`, `torso --version`, `torso inspect` of a table. With it the
extra `train`, too, and a table is fitted and answered. Pythons that this machine lacks are listed as absent.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
SETTINGS = ["--set", "training.epochs=2", "--set", "dim=8", "--set", "folds=0"]
TABLE = "size,town,price\n" + "\n".join(
    f"{row},{'north' if row % 3 else 'south'},{row * 2 + row % 5}" for row in range(80)
)


def pythons() -> dict[str, str]:
    """Return version -> interpreter, of those that are on the path or in pyenv's folder."""
    by_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    known = {}
    for version in VERSIONS:
        for program in (
            shutil.which(f"python{version}"),
            *sorted(map(str, by_pyenv.glob(f"{version}.*/bin/python"))),
        ):
            if program and version_of(program) == version and version not in known:
                known[version] = program
    return known


def version_of(program: str) -> str:
    """Return `3.12` of an interpreter; an empty text if it does not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
    return run.stdout.strip()


def steps(python: Path, wheel: Path, table: Path, *, train: bool) -> list[list[str]]:
    """Return the commands that have to end well."""
    pip = [str(python), "-m", "pip"]
    torso = [str(python), "-m", "torso"]
    install = [*pip, "install", "--quiet", "--disable-pip-version-check"]
    used = [
        [*pip, "check"],
        [*torso, "--version"],
        [*torso, "inspect", str(table), "-t", "price"],
    ]
    if not train:
        return [[*install, str(wheel)], *used]
    run = str(table.with_name("run"))
    return [
        [*install, "torch==2.13.0"],
        [*install, f"{wheel}[train]"],
        *used,
        [*torso, "fit", str(table), "-t", "price", "-t", "town", "-o", run, *SETTINGS],
        [*torso, "predict", run, str(table), "-o", str(table.with_name("answers.csv"))],
    ]


def tried(program: str, wheel: Path, *, train: bool) -> dict[str, Any]:
    """Return seconds, and the first step that failed with the end of its output."""
    began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        table.write_text(TABLE, encoding="utf-8")
        subprocess.run([program, "-m", "venv", f"{folder}/venv"], check=True)
        python = Path(folder) / "venv" / "bin" / "python"
        bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        for step in steps(python, wheel, table, train=train):
            run = subprocess.run(
                step, capture_output=True, text=True, check=False, cwd=folder, env=bare
            )
            if run.returncode:
                shown = shlex.join(["python", *step[1:]]).replace(folder, ".")
                return {"failed": shown, "output": run.stderr[-500:].replace(folder, ".")}
    return {"failed": None, "seconds": round(perf_counter() - began, 1)}


def main() -> None:
    """Try all Pythons and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--python", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    wheels = sorted((ROOT / "dist").glob("*.whl"))
    if not wheels:
        raise SystemExit("dist holds no wheel. Build one: python release/wheel.py")
    known = {version_of(program): program for program in asked.python} or pythons()
    results = {
        version: tried(known[version], wheels[-1], train=asked.train)
        if version in known
        else {"failed": "absent on this machine"}
        for version in VERSIONS
    }
    report = {
        "command": shlex.join(["python", *sys.argv]),
        "machine": platform.platform(),
        "wheel": wheels[-1].name,
        "extra": "train" if asked.train else None,
        "pythons": results,
    }
    print(json.dumps(report, indent=1))
    if asked.out is not None:
        asked.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    broken = [v for v, own in results.items() if v in known and own["failed"]]
    sys.exit(f"Failed with Python {', '.join(broken)}." if broken else 0)


if __name__ == "__main__":
    main()
