"""Size of the images of `docker/`: their pip steps run in a fresh environment, which then answers by an exported model.

    python benchmarks/image_size.py --model model.onnx --table table.csv
    python benchmarks/image_size.py --image torch --model demo-run/run --table table.csv

There is no Docker where this runs: the steps of `docker/IMAGE.Dockerfile` that make `/torso` are run with another folder in its
place. The size of the base (Debian slim with Python) is not in the figures. Needs a package index.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from reports import read_report, write_report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
COPIED = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE")


def steps(dockerfile: Path) -> list[str]:
    """Return the commands of the first stage that make the environment."""
    first = dockerfile.read_text(encoding="utf-8").split("\nFROM ")[1]
    runs = [line.removeprefix("RUN ") for line in first.splitlines() if line.startswith("RUN ")]
    return [line for line in runs if not line.startswith("apt-get")]


def variables(dockerfile: Path) -> dict[str, str]:
    """Return the build arguments with their defaults."""
    lines = dockerfile.read_text(encoding="utf-8").splitlines()
    pairs = [line.removeprefix("ARG ").split("=", 1) for line in lines if line.startswith("ARG ")]
    return {name: value.strip('"') for name, value in pairs}


def megabytes(folder: Path) -> int:
    """Return the size of a folder as `du` counts it."""
    counted = subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True)
    return int(counted.stdout.split()[0])


def built(image: str, model: Path, table: Path) -> tuple[dict[str, int], str]:
    """Return the megabytes after each step, and the first line that the environment says of the table."""
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        source, torso = Path(folder) / "source", Path(folder) / "torso"
        (source / "docker").mkdir(parents=True)
        for name in COPIED:
            shutil.copy(ROOT / name, source)
        left_out = shutil.ignore_patterns("*.pyc", "*.egg-info")
        shutil.copytree(ROOT / "src", source / "src", ignore=left_out)
        shutil.copy(ROOT / "docker" / "slim.py", source / "docker")
        own = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        dockerfile = ROOT / "docker" / f"{image}.Dockerfile"
        own = {**variables(dockerfile), **own}  # $TORCH may name another build
        for step in steps(dockerfile):
            here = step.replace("/torso", str(torso), 1)
            subprocess.run(here, shell=True, cwd=source, env=own, check=True)
            sizes[step] = megabytes(torso)
        program = torso / "bin" / "torso"
        answer = [
            program,
            "predict",
            model.resolve(),
            table.resolve(),
            "-o",
            source / "answers.csv",
        ]
        said = subprocess.run(answer, env=own, check=True, capture_output=True, text=True)
        subprocess.run([program, "serve", model.resolve(), "--check"], env=own, check=True)
    return sizes, (said.stdout + said.stderr).splitlines()[0].split(" to ")[0]


def main() -> None:
    """Build, measure, and write the image's figures beside those of the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", choices=["runtime", "torch"], default="runtime")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "image_size.json")
    asked = parser.parse_args()
    sizes, said = built(asked.image, asked.model, asked.table)
    report = read_report(asked.out, {"about": __doc__.splitlines()[0]})
    report[asked.image] = {
        "command": shlex.join(["python", "benchmarks/image_size.py", *sys.argv[1:]]),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "torch": os.environ.get("TORCH", "as the Dockerfile says"),
        "megabytes_after_step": sizes,
        "megabytes": [*sizes.values()][-1],
        "answered": said,
    }
    write_report(asked.out, report)
    print(report[asked.image])


if __name__ == "__main__":
    main()
