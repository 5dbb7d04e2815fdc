"""Build the wheel of the last commit twice, compare the two byte by byte, and keep it.

    python release/wheel.py [--out dist]

Files of a wheel carry the time of the commit, so whoever builds the same commit with the same setuptools gets the same
bytes. SHA256SUMS beside the wheel says which.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent


def said(*words: str) -> bytes:
    """Return the output of git."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def laid_out(folder: Path) -> str:
    """Put the last commit into `folder` and return its time; without git the files as they lie here, and a fixed time."""
    try:
        archive, seconds = (
            said("archive", "--format=tar", "HEAD"),
            said("log", "-1", "--format=%ct"),
        )
    except (OSError, subprocess.CalledProcessError):
        print("No git: the wheel is that of the files as they lie here.")
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, folder)
        left_out = shutil.ignore_patterns("*.pyc", "*.egg-info")
        shutil.copytree(ROOT / "src", folder / "src", ignore=left_out)
        return "1700000000"
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return seconds.decode().strip()


def built(folder: Path) -> Path:
    """Return the wheel, built in `folder`."""
    seconds = laid_out(folder)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "dist"), str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": seconds},
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def main() -> None:
    """Build, compare, keep."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        wheels = [built(Path(folder)) for folder in (first, second)]
        digests = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
        if digests[0] != digests[1]:
            raise SystemExit(f"Two builds of one commit differ: {digests[0]} and {digests[1]}.")
        out.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheels[0], out)
        (out / "SHA256SUMS").write_text(f"{digests[0]}  {wheels[0].name}\n", encoding="utf-8")
        size = wheels[0].stat().st_size
        print(f"{out / wheels[0].name}: {size / 1e6:.1f} MB, two builds equal, sha256 {digests[0]}")


if __name__ == "__main__":
    main()
