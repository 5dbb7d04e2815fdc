"""A run as the bytes of its files, so that an estimator can be pickled and copied to other processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor

__all__ = ["packed", "unpacked"]


def packed(run: Predictor) -> dict[str, bytes]:
    """Return the run's files by their paths within its folder."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        run.save(folder)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def unpacked(files: Mapping[str, bytes], device: str) -> Predictor:
    """Open the run that `packed` gave, on `device`."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        run = load(folder, device=device, trust_code=True)
    return replace(run, folder=None)
