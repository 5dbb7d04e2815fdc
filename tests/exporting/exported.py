"""A run with frozen encoders, plain models, and its export, which several modules read: made once for all processes."""

import numpy as np
import pytest

import torso
from tests import small_tables
from tests.shared import shared
from tests.small_tables import INPUTS, MEDIA, TINY

__all__ = ["TASKS", "exported"]

TASKS = {
    "colour": "category",
    "loud": "binary",
    "price": "number",
    "visits": "count",
    "heading": "angle",
}


def exported(factory):
    """Return a folder with `table.csv`, of files and gaps, a `run` of it, and `model.onnx`; nobody may change it."""
    pytest.importorskip("transformers", reason="needs torso[hub]")
    return shared(factory, "exported", _make)


def _make(folder):
    table, draws = small_tables.make(folder, rows=80), np.random.default_rng(0)

    def edit(columns):
        for name in INPUTS:
            columns[name] = [cell if draws.random() < 0.8 else "" for cell in columns[name]]
        columns["visits"] = draws.poisson(3.0, 80).tolist()
        columns["heading"] = draws.integers(0, 360, 80).tolist()

    small_tables.change(table, edit)
    from tests.encoders.hub import tiny

    hub = {kind: str(tiny.save(kind, folder / kind)) for kind in ("vit", "bert")}
    settings = {**TINY, **MEDIA, "data.cache": None, "blend": "auto", "inputs.note.kind": "text"}
    settings["encoders.photo"] = {"type": "hub", "name": hub["vit"]}
    settings["encoders.note"] = {"type": "hub", "name": hub["bert"], "keep": "all"}
    settings |= {"plain.folds": 2, "plain.models": ["linear", "trees"]}
    torso.fit(table, TASKS, out=folder / "run", settings=settings)
    torso.export(folder / "run", folder / "model.onnx")
