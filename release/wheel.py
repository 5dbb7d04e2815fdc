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


def built(folder: Path) -> Path:
    """Return the wheel of the last commit, built in `folder`."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    seconds = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
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
