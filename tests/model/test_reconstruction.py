"""Tasks whose labels are inputs: what is hidden is restored from the others."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import torso
from tests import small_tables as tables
from tests.pictures import SIDE, png, write
from torso.core.errors import DataError
from torso.tables.table import read_table
from torso.tasks.map import MapTarget

SETTINGS = {
    "dim": 16,
    "training.epochs": 12,
    "training.batch_size": 16,
    "training.lr": 1e-2,
    "training.patience": 40,
}
INPUTS = {"size": {"kind": "number", "modality": "size"}, "shape": "vector", "note": "text"}
TARGETS = {
    "size again": {"column": "size"},
    "shape again": {"column": "shape"},
    "colour again": {"kind": "category", "column": "note"},
}


def table(rows=96, seed=0):
    """Return a size, a shape that follows from it, and a note that says on which side of the middle it is."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(1, 9, rows)
    return {
        "size": size.tolist(),
        "shape": [[2 * value, 10 - value] for value in size],
        "note": [["small", "large"][int(value > 5)] for value in size],
    }


def fit(**settings):
    return torso.fit(table(), TARGETS, inputs=INPUTS, settings={**SETTINGS, **settings})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    fitted = fit(**{"training.modality_dropout": 0.4})
    fitted.save(tmp_path_factory.mktemp("again") / "run")
    return fitted


def test_the_kind_is_that_of_the_column(run):
    kinds = {name: spec["kind"] for name, spec in run.config.targets.items()}
    assert kinds == {"size again": "number", "shape again": "vector", "colour again": "category"}
    assert run.schema.restored == {
        "size again": "size",
        "shape again": "shape",
        "colour again": "note",
    }


def test_what_is_missing_is_restored_from_the_others(run):
    new = table(seed=1)
    for name, report in run.evaluate(new, resamples=100).items():
        assert report.verdict() == "better", name
    gaps = {**new, "size": [None] * len(new["size"])}
    answers = run.predict(gaps)
    assert np.corrcoef(answers["size again"], new["size"])[0, 1] > 0.9
    held = (answers["size again_low"] <= new["size"]) & (new["size"] <= answers["size again_high"])
    assert held.mean() > 0.7  # calibrated without the size itself


def test_what_is_there_has_no_say_in_its_own_restoration(run):
    new = table(seed=1)
    other = {**new, "size": new["size"][::-1]}
    first, second = run.predict(new), run.predict(other)
    pd.testing.assert_series_equal(first["size again"], second["size again"])
    assert not first["colour again_probability"].equals(second["colour again_probability"])


def test_a_row_with_nothing_else_is_answered(run):
    answers = run.predict({"size": 3.0, "shape": None, "note": None})
    assert np.isfinite(answers["size again"]).all()


def test_without_hiding_it_is_an_autoencoder():
    run = fit(**{"training.epochs": 1})
    assert run.model.restored == {}
    new = table(seed=1)
    first, second = (
        run.predict(rows)["size again"] for rows in (new, {**new, "size": new["size"][::-1]})
    )
    assert not first.equals(second)


def squares(rows=48, seed=0):
    """Return pictures with a bright left or right half, and words that say which."""
    rng = np.random.default_rng(seed)
    right = rng.integers(2, size=rows)
    photos = np.full((rows, SIDE, SIDE, 3), 20, np.uint8)
    for photo, side in zip(photos, right, strict=True):
        photo[:, side * SIDE // 2 : (side + 1) * SIDE // 2, 0] = 240
    return photos, [["on the left", "on the right"][side] for side in right]


def test_pictures_are_restored_from_words(tmp_path):
    photos, words = squares()
    paths = write(tmp_path, "photos", photos)
    grey = png(photos[0, ..., 0])
    (tmp_path / paths[0]).write_bytes(grey)  # read as the input reads it
    rows = tables.write(tmp_path / "table.csv", {"photo": paths, "note": words})
    target = {"kind": "map", "column": "photo", "colours": True, "size": SIDE}
    run = torso.fit(
        rows,
        {"again": target},
        inputs={"photo": {"kind": "image", "size": SIDE}, "note": "text"},
        settings={
            **SETTINGS,
            "training.epochs": 16,
            "training.batch_size": 8,
            "training.modality_dropout": 0.4,
            "encoders.photo": {"stride": 2, "width": 8, "stages": 1},
            "data.cache": str(tmp_path / "cache"),
        },
    )
    assert not run.skipped
    answers = run.predict(
        [{"photo": None, "note": word} for word in ("on the left", "on the right")]
    )
    left, right = (
        np.asarray(Image.open(io.BytesIO(picture)))[..., 0] for picture in answers["again"]
    )
    assert left.shape == (SIDE, SIDE)
    half = SIDE // 2
    assert left[:, :half].mean() > left[:, half:].mean() + 100
    assert right[:, half:].mean() > right[:, :half].mean() + 100


def test_pictures_are_square_and_need_a_pixel_that_differs():
    with pytest.raises(ValueError, match="one number where `colours`"):
        MapTarget(colours=True, size=[4, 8])
    same = [png(np.zeros((SIDE, SIDE, 3), np.uint8))] * 2
    kind = MapTarget(colours=True, size=SIDE)
    with pytest.raises(DataError, match="Found 0 everywhere"):
        kind.fit(read_table({"x": same}).column("x"))
