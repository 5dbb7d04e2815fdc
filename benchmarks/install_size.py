"""Bytes on disk and packages that `pip install .` adds to torch.

    python benchmarks/install_size.py

In a fresh virtual environment, torch is installed first, then Torso as a user would; what torch brings itself does not
count. Bytes are those of the files, with the `__pycache__` that pip writes. For each dependency stands what would go
with it: the packages that nothing else asks for.
"""

from __future__ import annotations

import argparse
import json
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
import json, re, sys
from importlib.metadata import distributions
plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
def needs(dist):
    for line in dist.requires or ():
        marker = line.partition(";")[2]
        if "extra" not in marker:
            yield plain(re.match(r"[\w.-]+", line)[0])
def size(dist):
    paths = {file.locate().resolve() for file in dist.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file())
print(json.dumps({plain(dist.name): {"version": dist.version, "bytes": size(dist), "needs": sorted(set(needs(dist)))}
                  for dist in distributions()}))
"""

Packages = dict[str, dict]


def packages(python: Path) -> Packages:
    """Return the packages that an environment holds."""
    done = subprocess.run([python, "-c", PACKAGES], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def on_disk(folder: Path) -> int:
    """Return the bytes of all files under a folder; a link is none."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def leaving(name: str, everything: Packages, roots: set[str]) -> set[str]:
    """Return the packages that would not be installed if Torso did not ask for `name`."""
    kept, ahead = set(), [*(roots - {"torso"}), "torso"]
    while ahead:
        each = ahead.pop()
        if each in kept or each not in everything:
            continue
        kept.add(each)
        wants = everything[each]["needs"]
        ahead += [want for want in wants if not (each == "torso" and want == name)]
    return set(everything) - kept


def main() -> None:
    """Install, measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", default="torch==2.13.0", help="what pip installs first")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        venv, sources = Path(folder) / "venv", Path(folder) / "sources"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        python = venv / "bin" / "python"
        pip = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, asked.torch], check=True)
        before, bytes_before = packages(python), on_disk(venv)
        sources.mkdir()
        for name in SOURCES:  # a build within the tree would leave files there
            path = PROJECT / name
            (shutil.copytree if path.is_dir() else shutil.copy)(path, sources / name)
        subprocess.run([*pip, sources], check=True)
        after, bytes_after = packages(python), on_disk(venv)
    added = {name: after[name] for name in sorted(set(after) - set(before))}
    results = {
        "bytes_before": bytes_before,
        "bytes_after": bytes_after,
        "added_megabytes": round((bytes_after - bytes_before) / 1e6, 1),
        "added_packages": len(added),
        "packages": {
            name: {"version": each["version"], "megabytes": round(each["bytes"] / 1e6, 1)}
            for name, each in sorted(added.items(), key=lambda item: -item[1]["bytes"])
        },
        "without": {
            name: {
                "megabytes": round(sum(after[each]["bytes"] for each in gone) / 1e6, 1),
                "packages": sorted(gone),
            }
            for name in after["torso"]["needs"]
            if (gone := leaving(name, after, set(before)))
        },
    }
    print(json.dumps(results, indent=1))
    write_report(HERE / "results" / "install_size.json", results)


if __name__ == "__main__":
    main()
