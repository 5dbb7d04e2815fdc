"""A run whose plain models read tokens of frozen encoders: its graph runs these once, and answers as the run does."""

import re
from dataclasses import replace

import pytest
import torch

import torso
from tests import small_tables as tables
from tests.exporting.exported import exported
from tests.serving.live import live, sent
from torso.core.errors import ConfigError
from torso.exporting.checking import compare
from torso.exporting.subject import Subject
from torso.model.ensemble import Ensemble

pytest.importorskip("transformers", reason="needs torso[hub]")
pytest.importorskip("onnxscript", reason="needs torso[export]")
onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with `table.csv`, of files and gaps, a `run`, and `model.onnx`; pretrained encoders read photo and note."""
    return exported(tmp_path_factory)


@pytest.fixture(scope="module")
def run(folder):
    return torso.load(folder / "run")


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


def test_a_row_at_a_limit_of_a_tree_may_fall_on_its_other_side(run, monkeypatch):
    """Tokens of a graph differ in their last digits; here they differ by more, and so does what is allowed."""
    subject = Subject.of(run)
    graph = subject.graph()
    fill, places = graph.filled.forward, [at for own in run.plain.view.encoded for at in own.places]

    def shifted(dense, features):
        filled = fill(dense, features)
        filled[:, places] += 0.01 * torch.sin(10 * filled[:, places])
        return filled

    def answers(feed):
        with torch.no_grad():
            said = graph({name: torch.from_numpy(value) for name, value in feed.items()})
        return {name: value.numpy() for name, value in said.items()}

    def astray(feed):
        return {name: value + 9.0 * (name == "price") for name, value in answers(feed).items()}

    monkeypatch.setattr(graph.filled, "forward", shifted)
    checked = compare(answers, subject, subject.inputs)
    assert not checked.agrees and checked.at_limits == 0
    monkeypatch.setattr("torso.exporting.checking.HAIR", 0.1)
    checked = compare(answers, subject, subject.inputs)
    assert checked.agrees and checked.at_limits > 0
    assert not compare(astray, subject, subject.inputs).agrees


def test_a_frozen_encoder_runs_once_for_all_networks_and_plain_models(folder, run):
    model = onnx.load(folder / "model.onnx")
    convolved = [
        node for node in model.graph.node if node.op_type == "Conv" and "photo" in str(node)
    ]
    assert len(convolved) == 1  # its patches
    subject = Subject.of(run)
    folds = replace(subject, model=Ensemble([subject.model, subject.model]).eval())
    calls, rows = [], subject.sampler.traced()
    for name in ("photo", "note"):
        backbone = folds.model.first.trunks["shared"].encoders[name].backbone
        backbone.register_forward_hook(lambda *_, name=name: calls.append(name))
    with torch.no_grad():
        folds.graph()(rows.tensors(subject.inputs))
    assert calls == ["photo", "note"]


def test_an_export_is_served(folder, run):
    row = {"photo": (folder / "files/3.png").read_bytes(), "note": "very red thing"}
    with live(folder / "model.onnx") as client:
        answer = client.ask("POST", "/predict", {"row": sent(row)}).json["answers"][0]
    asked = {"photo": ["files/3.png"], "note": ["very red thing"]}
    (price,) = run.predict(asked, root=folder)["price"]
    assert answer["tasks"]["price"]["answer"] == pytest.approx(price, rel=1e-4)


def test_an_encoder_without_a_graph_is_refused_with_a_cure_that_works(folder, run):
    """Recordings are read at one length at a time."""
    from tests.encoders.hub import tiny

    table = tables.read(folder / "table.csv")
    some = {name: table[name][:40] for name in ("sound", "size", "price")}

    def fit(encoder):
        settings = {**tables.TINY, "blend": "off", "folds": 0, "inputs.sound.kind": "audio"}
        settings |= {"data.root": [str(folder)], "data.cache": None, "encoders.sound": encoder}
        return torso.fit(some, ["price"], inputs=["sound", "size"], settings=settings)

    with pytest.raises(
        ConfigError, match=r"encoder audio/hub: .*--set encoders\.sound=convnet"
    ) as said:
        Subject.of(fit({"type": "hub", "name": tiny.model("wav2vec2")}))
    cure = re.search(r"--set encoders\.sound=(\w+)", str(said.value))[1]
    assert "sound" in Subject.of(fit(cure)).inputs
