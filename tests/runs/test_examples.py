"""Rows that a run carries: held out, without labels, small, answered as the table's own; and none where nobody wants them."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import torso
from tests.cures.templates import pasted
from tests.small_tables import MEDIA, TARGETS, change, make, plain
from torso.columns.reading import ReadOptions
from torso.core.errors import RunError
from torso.runs.examples.choosing import MOST_BYTES, chosen_rows
from torso.runs.folder.folder import RunFolder
from torso.tables import read_table

QUICK = {"dim": 8, "training.epochs": 1, "folds": 0, "blend": "off", "fusion": "concat"}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder with a table whose numbers have decimal commas and whose rows have gaps, and a run on it."""
    folder = tmp_path_factory.mktemp("examples")

    def gaps(columns):
        columns["size"] = [f"{float(cell):.2f}".replace(".", ",") for cell in columns["size"]]
        columns["photo"][::2] = [""] * len(columns["photo"][::2])

    table = change(make(folder, 40), gaps)
    settings = {**QUICK, **MEDIA, "data.cache": str(folder / "cache")}
    run = torso.fit(table, TARGETS, out=folder / "run", settings=settings)
    return folder, table, run


def test_they_are_held_out_rows_without_labels_and_answered_alike(fitted):
    folder, table, run = fitted
    examples = RunFolder(folder / "run").examples()
    assert examples.rows.column_names == list(run.schema.inputs)
    numbers = [int(name.split()[1]) for name in examples.names]
    assert examples.names == tuple(f"row {number} of table.csv" for number in numbers)
    assert len(numbers) == 5 and {n - 1 for n in numbers} <= set(run.split.split.test)
    assert examples.rows["size"].type == "double" and examples.rows["photo"].type == "large_binary"
    whole = pd.read_csv(table, dtype=str, keep_default_na=False).iloc[[n - 1 for n in numbers]]
    full = sum(cell != "" for cell in whole["photo"])
    test = pd.read_csv(table, dtype=str, keep_default_na=False).iloc[run.split.split.test]
    assert full == min(5, sum(test["photo"] != ""))  # the rows with fewest gaps come first
    expected = run.predict(whole.reset_index(drop=True), root=folder)
    pd.testing.assert_frame_equal(run.predict(examples.rows.to_pandas()), expected)


def test_the_note_names_them_and_its_cure_leaves_them_out(fitted, tmp_path):
    folder, table, run = fitted
    (note,) = [note for note in run.report.notes if "for whoever tries it" in note]
    assert RunFolder(folder / "run").examples().names[-1].split()[1] in note
    (cure,) = pasted(note)
    again = {**QUICK, **MEDIA, "data.cache": str(folder / "cache")}
    settings = [*(f"{key}={value}" for key, value in again.items()), cure]
    bare = torso.fit(table, TARGETS, out=tmp_path / "run", settings=settings)
    assert RunFolder(tmp_path / "run").examples() is None
    assert not any("for whoever tries it" in note for note in bare.report.notes)


def test_they_go_along_when_a_run_is_saved_elsewhere_and_never_mix(fitted, tmp_path):
    folder, _, run = fitted
    run.save(tmp_path / "copy")
    kept = RunFolder(tmp_path / "copy").examples()
    assert kept.rows.equals(RunFolder(folder / "run").examples().rows)
    replace(run, folder=None).save(tmp_path / "copy")
    assert RunFolder(tmp_path / "copy").examples() is None
    (tmp_path / "copy/examples.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RunError, match=r"examples.parquet is damaged: .*It may be deleted"):
        RunFolder(tmp_path / "copy").examples()


def test_large_files_become_small_ones_and_what_stays_large_is_left_out(fitted):
    _, _, run = fitted
    noise = np.random.default_rng(0)
    picture, sound = io.BytesIO(), io.BytesIO()
    pixels = noise.integers(0, 255, (60, 80, 3), np.uint8).repeat(18, 0).repeat(18, 1)
    Image.fromarray(pixels).save(picture, "BMP")
    soundfile.write(sound, noise.normal(0, 0.1, 44_100 * 20), 44_100, "PCM_16", format="WAV")
    table = read_table(
        {
            "photo": [picture.getvalue(), b"x" * 3_000_000, picture.getvalue()],
            "sound": [sound.getvalue(), None, None],
            **{name: plain(3)[name] for name in ("note", "size", "shop")},
        }
    )
    chosen = chosen_rows(table, run.schema, ReadOptions(), range(3))
    assert len(chosen.names) == 3 and chosen.rows.nbytes < MOST_BYTES
    photos, sounds = (chosen.rows[name].to_pylist() for name in ("photo", "sound"))
    assert max(Image.open(io.BytesIO(photos[0])).size) == 640 and photos[1] is None
    assert soundfile.info(io.BytesIO(sounds[0])).duration == pytest.approx(12, abs=0.2)
    huge = read_table({**{name: [None] for name in run.schema.inputs}, "note": ["word " * 600_000]})
    assert chosen_rows(huge, run.schema, ReadOptions(), [0]) is None
