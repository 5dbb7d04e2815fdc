"""A column of videos through a whole run: as paths, as bytes, with short, missing and broken ones."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

import torso
from tests import small_tables as tables
from tests.encoders.hub import tiny
from tests.videos import SETTINGS, SIDE, crossings
from torso.columns.inputs import Input, VideoInput
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import ConfigError, MissingDependency
from torso.tables.table import read_table


@pytest.fixture(scope="module")
def clips():
    return crossings(64)


@pytest.fixture
def folder(clips, tmp_path):
    """A table of paths, of which one is empty, one leads nowhere and one to a broken file."""
    (tmp_path / "clips").mkdir()
    paths = [f"clips/{row}.mp4" for row in range(len(clips["clip"]))]
    for path, content in zip(paths, clips["clip"], strict=True):
        (tmp_path / path).write_bytes(content)
    (tmp_path / paths[5]).write_bytes(clips["clip"][5][:300])
    paths[3], paths[4] = "", "clips/nowhere.mp4"
    pd.DataFrame({"clip": paths, "way": clips["way"]}).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path


def test_which_way_a_square_goes_is_learnt_from_bytes(clips, tmp_path):
    table = pd.DataFrame(clips)
    out = tmp_path / "run"
    run = torso.fit(table, targets=["way"], out=out, settings={**SETTINGS, "data.cache": None})
    assert run.reports["way"].metrics["accuracy"].value > 0.9
    answers = torso.load(out).predict(table.drop(columns="way"))
    assert (answers["way"] == table["way"]).mean() > 0.9
    one = torso.load(out).predict({"clip": clips["clip"][0]})
    assert one["way"].item() == clips["way"][0]


def test_paths_are_recognised_and_counted_missing_where_they_fail(folder, capsys):
    """Through the command line, with nothing said about the column."""
    table, run = folder / "t.csv", folder / "run"
    assert tables.torso("inspect", table, "-t", "way") == 0
    assert "names of video files such as .mp4" in capsys.readouterr().out
    quick = {key: value for key, value in SETTINGS.items() if key != "inputs"}
    quick |= {"training.epochs": 1, "data.cache": str(folder / "cache"), "inputs.clip.size": SIDE}
    assert tables.torso("fit", table, "-t", "way", "-o", run, *tables.options(quick)) == 0
    skipped = [json.loads(line) for line in (run / "skipped.jsonl").read_text().splitlines()]
    assert [(cell["row"], cell["reason"][:13]) for cell in skipped] == [
        (5, "file not found"[:13]),
        (6, "damaged video"),
    ]
    written = (run / "run.yaml").read_text()
    assert "kind: video" in written and "frames: 8" in written
    answers = folder / "answers.csv"
    assert tables.torso("predict", run, table, "-o", answers) == 0
    assert len(pd.read_csv(answers)) == 64


def test_videos_are_decoded_once_and_kept(folder):
    table = read_table(folder / "t.csv")
    kind, reading = (
        VideoInput(size=16, frames=4),
        Reading(ReadOptions(folder=folder, cache=folder / "cache")),
    )
    first = kind.source(table.column("clip"), reading)
    values, mask = first.batch(np.arange(64))
    assert values.shape == (64, 4, 16, 16, 3) and values.dtype == np.uint8
    assert mask.sum(axis=1).tolist()[3:6] == [0, 0, 0]
    assert set(mask.sum(axis=1).tolist()) == {0, 3, 4}
    assert not values[~mask].any()
    once_more = Reading(ReadOptions(folder=folder, cache=folder / "cache"))
    again = kind.source(table.column("clip"), once_more)
    assert reading.log.decoded["clip"] > 0 and once_more.log.decoded["clip"] == 0
    np.testing.assert_array_equal(again.batch(np.arange(64))[0], values)


@pytest.mark.parametrize("setting", [{"frames": 0}, {"frames": 1025}, {"size": 8}])
def test_a_setting_out_of_range(setting):
    with pytest.raises(
        ConfigError, match=f"`{next(iter(setting))}` should be (from|at least|at most)"
    ):
        Input.registry.build({"type": "video", **setting})


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match=r"pip install 'torso\[video\]'"):
        VideoInput()


def test_a_frozen_backbone_reads_its_own_frames_once(folder):
    pytest.importorskip("transformers", reason="the extra `hub` is not installed")
    answers = []
    for once in ("float32", "never"):
        hub = {"type": "hub", "name": tiny.model("videomae"), "once": once}
        run = torso.fit(
            folder / "t.csv",
            ["way"],
            inputs={"clip": "video"},
            settings={"dim": 8, "training.epochs": 1, "encoders.clip": hub},
        )
        assert (run.config.inputs["clip"]["size"], run.config.inputs["clip"]["frames"]) == (16, 2)
        answers.append(run.predict(folder / "t.csv")["way_probability"])
    np.testing.assert_allclose(*answers, rtol=0, atol=1e-5)
