"""Bytes on disk and packages that `pip install .` adds to torch.

    python benchmarks/install_size.py

In a fresh virtual environment, torch is installed first, then Torso as a user would; what torch brings itself does not
count. Bytes are those of files, with the `__pycache__` that pip writes, whose share is given. For each dependency stands
what would go with it: it, and the packages that nothing else asks for. At last the libraries for learning are taken off,
as docs/machine.md has it for a machine that only answers.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from reports import write_report

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
SOURCES = ("src", "pyproject.toml", "README.md", "LICENSE")

# Run by the new environment's own Python: its packages, their bytes, what each asks for.
PACKAGES = r"""
import json, re
from importlib.metadata import distributions
plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
def needs(dist):
    asked = [line for line in dist.requires or () if "extra" not in line.partition(";")[2]]
    return sorted({plain(re.match(r"[\w.-]+", line)[0]) for line in asked})
def size(dist, ending=""):
    paths = {file.locate().resolve() for file in dist.files or () if str(file).endswith(ending)}
    return sum(path.stat().st_size for path in paths if path.is_file())
print(json.dumps({plain(dist.name): {"version": dist.version, "bytes": size(dist), "compiled": size(dist, ".pyc"),
                                     "needs": needs(dist)} for dist in distributions()}))
"""

Packages = dict[str, dict]


def main() -> None:
    """Install, measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", default="torch==2.13.0", help="what pip installs first")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        venv, sources = Path(folder) / "venv", Path(folder) / "sources"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        python = venv / "bin" / "python"
        pip(python, "install", asked.torch)
        torch, bytes_of_torch = packages(python), on_disk(venv)
        copy_sources(sources)
        pip(python, "install", str(sources))
        core, bytes_of_core = packages(python), on_disk(venv)
        pip(python, "uninstall", "--yes", *only_for_learning())
        bytes_for_answers, for_answers = on_disk(venv), packages(python)
    added = {name: core[name] for name in core if name not in torch}
    results = {
        "command": "python benchmarks/install_size.py",
        "machine": f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}",
        "torch": asked.torch,
        "added": {
            "megabytes": megabytes(bytes_of_core - bytes_of_torch),
            "of_them_compiled": megabytes(sum(each["compiled"] for each in added.values())),
            "packages": len(added),
        },
        "added_to_answer_only": {
            "megabytes": megabytes(bytes_for_answers - bytes_of_torch),
            "packages": len(set(for_answers) - set(torch)),
        },
        "packages": {
            f"{name} {each['version']}": megabytes(each["bytes"])
            for name, each in sorted(added.items(), key=lambda item: -item[1]["bytes"])
        },
        "without": {
            name: {
                "megabytes": megabytes(sum(core[each]["bytes"] for each in gone)),
                "packages": sorted(gone),
            }
            for name in core["torso"]["needs"]
            if (gone := leaving(name, core, set(torch)))
        },
    }
    print(json.dumps(results, indent=1))
    write_report(HERE / "results" / "install_size.json", results)


def pip(python: Path, *words: str) -> None:
    """Run pip in an environment."""
    subprocess.run([python, "-m", "pip", "--quiet", *words], check=True)


def packages(python: Path) -> Packages:
    """Return the packages that an environment holds."""
    done = subprocess.run([python, "-c", PACKAGES], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def on_disk(folder: Path) -> int:
    """Return the bytes of all files under a folder; a link is none."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def copy_sources(folder: Path) -> None:
    """Copy what pip builds from: a build within the tree would leave files there."""
    folder.mkdir()
    for name in SOURCES:
        path = PROJECT / name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / name)


def only_for_learning() -> list[str]:
    """Return the packages that the page takes off where runs only answer."""
    page = (PROJECT / "docs" / "machine.md").read_text(encoding="utf-8")
    return shlex.split(re.search(r"^pip uninstall --yes (.+)$", page, re.MULTILINE)[1])


def leaving(name: str, everything: Packages, kept_anyway: set[str]) -> set[str]:
    """Return the packages that would not be installed if Torso did not ask for `name`."""
    kept, ahead = set(), [*kept_anyway, "torso"]
    while ahead:
        each = ahead.pop()
        if each not in kept and each in everything:
            kept.add(each)
            wants = everything[each]["needs"]
            ahead += [want for want in wants if (each, want) != ("torso", name)]
    return set(everything) - kept


def megabytes(count: float) -> float:
    return round(count / 1e6, 1)


if __name__ == "__main__":
    main()
