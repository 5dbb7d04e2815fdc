"""A run whose plain models read numbers, categories, texts and pictures with gaps, for tasks of every family."""

import numpy as np
import pandas as pd

import torso
from tests.small_tables import COLOURS, png
from torso.plain.patterns import met
from torso.runs.blending.half import flat_rows
from torso.tables.table import read_table

TASKS = {"price": "number", "colour": "category", "grade": "ordinal", "labels": "multilabel"}
SETTINGS = {
    "dim": 8,
    "training.epochs": 1,
    "blend": "auto",
    "plain.models": ["linear", "trees", "forest"],
    "plain.folds": 2,
    "inputs.photo.kind": "image",
    "inputs.photo.size": 16,
    "inputs.note.kind": "text",
    "encoders.photo": {"type": "convnet", "width": 4, "stages": 1},
}


def write_table(folder, rows=120):
    """Write `table.csv` with a picture a row, and return its path."""
    draw = np.random.default_rng(0)
    size, shop, colour = draw.normal(size=rows), draw.integers(0, 9, rows), np.arange(rows) % 3
    frame = pd.DataFrame({"size": size, "shop": [f"shop {number}" for number in shop]})
    frame["note"] = [
        f"{'big' if each > 0 else 'small'} house of {row % 5}" for row, each in enumerate(size)
    ]
    frame["photo"] = [f"{row}.png" for row in range(rows)]
    for row in range(rows):
        shade = np.array([*COLOURS.values()][colour[row]]) + draw.integers(-20, 20, 3)
        (folder / f"{row}.png").write_bytes(png(tuple(int(each) for each in shade)))
    frame["price"] = 3 * size + shop + 0.2 * draw.normal(size=rows)
    frame["colour"] = np.array([*COLOURS])[colour]
    frame["grade"] = np.digitize(size, [-1, 0, 1])
    frame["labels"] = [
        ";".join(["big"] * (x > 0) + ["west"] * (s > 5))
        for x, s in zip(size.tolist(), shop.tolist(), strict=True)
    ]
    frame.loc[::7, "size"] = np.nan
    frame.loc[3::11, ["photo", "note"]] = None
    frame.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def fit(folder):
    """Return the run."""
    return torso.fit(
        write_table(folder), TASKS, settings={**SETTINGS, "data.cache": str(folder / "cache")}
    )


def flat_of(run, folder):
    """Return the table in the run's flat view, and its rows that lack only what rows of the fit lacked."""
    table, dataset = read_table(folder / "table.csv"), run.labelled(folder / "table.csv")
    known = met(dataset.sources, np.arange(table.rows), run.plain.patterns)
    return flat_rows(run.plain, run.schema, table, dataset), known
