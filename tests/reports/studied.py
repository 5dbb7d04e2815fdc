"""A run that holds every study, really made, on a table whose names and cells would like to be markup."""

from __future__ import annotations

from pathlib import Path

import pytest

import torso
from tests.shared import shared
from tests.small_tables import MEDIA, change, make

__all__ = ["EVIL", "QUICK", "studied"]

EVIL = "</script><img src=x onerror=alert(1)>"
QUICK = {"dim": 8, "training.epochs": 2, "folds": 0, "blend": "off", "fusion": "concat"}


def _make_evil(columns: dict[str, list[str]]) -> None:
    columns["shop"] = [f"{EVIL}{cell}" for cell in columns["shop"]]
    columns["note"] = [f"{cell} {EVIL}" for cell in columns["note"]]
    columns[f"size {EVIL}"] = columns.pop("size")


def studied(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the run, its table beside it; the page reads it, and whoever writes copies it."""
    return shared(factory, "studied", _make) / "run"


def _make(folder: Path) -> None:
    """Fit a run with pictures and recordings in a folder, and make all of its studies."""
    rows = change(make(folder, 60), _make_evil)
    settings = {**QUICK, **MEDIA, "data.cache": str(folder / "cache"), "data.split.test": 0.3}
    run = torso.fit(rows, ["colour", "loud", "price"], out=folder / "run", settings=settings)
    torso.importance(run, rows, rows=30, repeats=1)
    torso.robustness(run, rows, levels=(0.0, 1.0))
    torso.slices(run, rows, by=["shop"])
    torso.mistakes(run)
    torso.certificate(run, rows, without=["photo"])
    torso.explain(run, rows, row=[3, 5])
    torso.seeds(run, rows, 2, workers=1)
    torso.baselines(run, rows, workers=1)
    torso.tune(run, table=rows, trials=3, objectives=["colour", "loud"])
    torso.advise(run, rows, seeds=1)
