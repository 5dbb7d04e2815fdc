"""A run whose plain models read tokens of frozen encoders: its graph runs these once, and answers as the run does."""

import json

import numpy as np
import pyarrow as pa
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.absent import torso_without
from tests.serving.live import live, sent
from torso.core.optional import TRAINING
from torso.exporting.subject import Subject
from torso.runtime.container import opened

pytest.importorskip("transformers", reason="needs torso[hub]")
pytest.importorskip("onnxscript", reason="needs torso[export]")
onnx = pytest.importorskip("onnx")
INPUTS, TASKS = ["photo", "note", "size"], ["colour", "price"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with `table.csv`, of files and gaps, a `run` of two networks, and `model.onnx`."""
    from tests.encoders.hub import tiny

    folder = tmp_path_factory.mktemp("encoded")
    table, draws = tables.make(folder, rows=60), np.random.default_rng(0)

    def edit(columns):
        for name in INPUTS:
            columns[name] = [cell if draws.random() < 0.8 else "" for cell in columns[name]]

    tables.change(table, edit)
    settings = {
        **tables.TINY,
        "inputs.photo.kind": "image",
        "inputs.note.kind": "text",
        "encoders.photo": {"type": "hub", "name": tiny.model("vit")},
        "encoders.note": {"type": "hub", "name": tiny.model("bert"), "keep": "all"},
        "data.cache": str(folder / "cache"),
        "blend": "auto",
        "folds": 2,
        "plain.folds": 2,
        "plain.models": ["linear", "trees", "forest"],
    }
    torso.fit(table, TASKS, inputs=INPUTS, out=folder / "run", settings=settings)
    torso.export(folder / "run", folder / "model.onnx")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return torso.load(folder / "run")


def assert_alike(own, expected):
    assert own.column_names == expected.column_names
    for name in expected.column_names:
        if pa.types.is_floating(expected[name].type):
            given, wanted = own[name].to_numpy(), expected[name].to_numpy()
            np.testing.assert_allclose(given, wanted, rtol=1e-4, atol=1e-4)
        else:
            assert own[name].to_pylist() == expected[name].to_pylist(), name


def test_the_graph_answers_as_the_run_for_every_subset(folder, run):
    assert all(task.share > 0 for task in run.plain.tasks.values())
    assert [own.modality for own in run.plain.view.encoded] == ["photo", "note"]
    told = opened(folder / "model.onnx").description["checked"]
    assert (told["subsets"], told["all_subsets"]) == (8, True)
    assert told["largest"] < 1e-4
    exported, table = torso.load(folder / "model.onnx"), pa.table(tables.read(folder / "table.csv"))
    for absent in ([], ["photo"], ["note", "size"]):
        rows = table.drop_columns([*absent, *TASKS])
        assert_alike(*(each.predict(rows, root=folder, as_arrow=True) for each in (exported, run)))


def test_plain_models_read_the_tokens_of_the_graph(folder, run):
    """Without them, answers of plain models would be those of a gap."""
    subject = Subject.of(run)
    graph, rows = subject.graph(), subject.sampler.traced()
    feed = rows.tensors(subject.inputs)
    places = [place for own in run.plain.view.encoded for place in own.places]
    assert feed["plain.dense"][:, places].isnan().all()
    with torch.no_grad():
        said = graph(feed)
        graph.filled = None
        hollow = graph(feed)
    expected = subject.eager(rows)
    torch.testing.assert_close(said["price"], expected["price"], rtol=1e-4, atol=1e-4)
    assert (hollow["price"] - expected["price"]).abs().max() > 1e-2


def test_a_frozen_encoder_runs_once_for_all_networks_and_plain_models(folder, run):
    assert len(run.model.members) == 2
    model = onnx.load(folder / "model.onnx")
    assert [node.op_type for node in model.graph.node].count("Conv") == 1  # the patches of photo


def test_a_machine_without_torch_answers_and_serves_it(folder, run):
    lines = ["predict model.onnx table.csv -o answers.csv", "serve model.onnx --check"]
    said = torso_without(TRAINING, [line.split() for line in lines], folder=folder)
    assert [code for code, _ in said] == [0, 0], said
    expected = run.predict(folder / "table.csv")
    written = pa.csv.read_csv(folder / "answers.csv")
    np.testing.assert_allclose(written["price"].to_numpy(), expected["price"], rtol=1e-4)
    row = {"photo": (folder / "files/3.png").read_bytes(), "note": "very red thing"}
    with live(folder / "model.onnx") as client:
        answer = client.ask("POST", "/predict", {"row": sent(row)}).json["answers"][0]
    asked = {"photo": ["files/3.png"], "note": ["very red thing"]}
    (price,) = run.predict(asked, root=folder)["price"]
    assert answer["tasks"]["price"]["answer"] == pytest.approx(price, rel=1e-4), json.dumps(answer)
