"""An exported run answers as the run does, says what it takes and gives, and refuses what it cannot do."""

import json

import numpy as np
import pytest

import torso
from tests import small_tables
from tests.small_tables import MEDIA, TARGETS, TINY
from torso.columns.loader import gather
from torso.core.errors import ConfigError, RunError
from torso.exporting.graph import as_tensors
from torso.exporting.onnx_file import session
from torso.exporting.ports import InputPort
from torso.runtime.container import opened, run_digest
from torso.tables.table import read_table

pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that reads pictures, recordings, texts, numbers and categories, in a folder with its table."""
    folder = tmp_path_factory.mktemp("run")
    table = small_tables.make(folder)
    settings = {**TINY, **MEDIA, "data.cache": str(folder / "cache")}
    return torso.fit(table, TARGETS, out=folder / "run", settings=settings)


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    assert small_tables.torso("export", run.folder, "-o", path) == 0
    return path


def test_answers_are_those_of_the_run(run, file):
    path = run.folder.parent / "table.csv"
    table, dataset = read_table(path), run.labelled(path)
    expected = run.answers(table, dataset).predictions(run.model)
    told = opened(file).description
    ports = {name: InputPort(**port) for name, port in told["inputs"].items()}
    answer = session(file.read_bytes())
    for rows in (np.arange(table.rows), np.array([3])):
        features = gather(dataset, rows).inputs
        feed = {name: each.numpy() for name, each in as_tensors(features, ports).items()}
        given = answer(feed)
        for name, port in told["outputs"].items():
            value, details = expected[port["task"]]
            wanted = details[port["detail"]] if port["detail"] else value
            np.testing.assert_allclose(given[name], wanted[rows], atol=1e-4, rtol=1e-4)


def test_the_file_says_what_it_takes_and_gives(run, file):
    told = opened(file).description
    assert told == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    sides = {name: port["shape"] for name, port in told["inputs"].items()}
    assert sides["photo"] == ["batch", 16, 16, 3]
    assert sides["sound"] == ["batch", "sound.length", 8]
    assert sides["sound.mask"] == ["batch", "sound.length"]
    assert sides["note"] == ["batch", "note.length"]
    assert list(told["outputs"])[:3] == ["colour", "loud", "price"]
    assert told["run"] == {"name": "run", "digest": run_digest(run.folder)}
    assert told["checked"]["subsets"] == 2 ** len(run.schema.modalities)
    assert told["checked"]["all_subsets"]
    assert told["checked"]["largest"] < 1e-4


def test_a_place_that_cannot_be_written_is_told_before_the_work(run, file, tmp_path):
    before = file.read_bytes()
    with pytest.raises(
        ConfigError, match=r"exists\. Name another file, or replace it: --overwrite"
    ):
        torso.export(run, file)
    assert file.read_bytes() == before
    (tmp_path / "folder.onnx").mkdir()
    wrong = {"folder.onnx": "is a folder", "absent/m.onnx": "does not exist", "m.h5": "end with"}
    for name, words in wrong.items():
        with pytest.raises(ConfigError, match=words):
            torso.export(run, tmp_path / name)
    with pytest.raises(RunError, match=r"no run|not a run|schema\.json"):
        torso.export(tmp_path, tmp_path / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.onnx"]
