"""An exported run answers as the run does, says what it takes and gives, and refuses what it cannot do."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from tests import small_tables
from tests.exporting.exported import TASKS, exported
from tests.small_tables import TINY
from torso.columns.loader import gather
from torso.core.errors import ConfigError, RunError
from torso.exporting.checking import Checked, compare, judged
from torso.exporting.example import Rows
from torso.exporting.flat_rows import without_tokens
from torso.exporting.onnx_file import CheckedGraph, checked_graph, serialised, session
from torso.exporting.other_files import DESCRIPTION
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject
from torso.plain.patterns import met
from torso.runtime.container import opened, run_digest, stamped
from torso.tables.table import read_table

pytest.importorskip("onnxscript")
onnx, onnx_ir = pytest.importorskip("onnx"), pytest.importorskip("onnx_ir")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with plain models that reads pictures, recordings, texts, numbers and categories; its table is beside it."""
    return torso.load(exported(tmp_path_factory) / "run")


@pytest.fixture(scope="module")
def graph(run):
    """Its graph, which takes long to make, out of its export."""
    whole = opened(run.folder.parent / "model.onnx")
    inputs = {name: InputPort(**port) for name, port in whole.description["inputs"].items()}
    told = whole.description["checked"]
    names = ("subsets", "all_subsets", "rows", "differences")
    return CheckedGraph(
        stamped(whole.content, {}, {}), inputs, Checked(*(told[name] for name in names))
    )


@pytest.fixture
def made_once(graph, monkeypatch):
    monkeypatch.setattr("torso.exporting.writing.checked_graph", lambda subject: graph)


@pytest.fixture
def file(run, made_once, tmp_path):
    path = tmp_path / "model.onnx"
    assert small_tables.torso("export", run.folder, "-o", path) == 0
    return path


def rows_of(run, table, dataset, rows):
    flat = without_tokens(run.plain, run.schema, table, dataset, rows)
    known = met(dataset.sources, rows, run.plain.patterns)
    return Rows(gather(dataset, rows).inputs, flat, known)


def test_answers_are_those_of_the_run(run, file):
    path = run.folder.parent / "table.csv"
    table, dataset = read_table(path), run.labelled(path)
    assert any(task.blends for task in run.plain.tasks.values())
    expected = run.answers(table, dataset).predictions(run.model)
    told = opened(file).description
    ports = {name: InputPort(**port) for name, port in told["inputs"].items()}
    answer = session(file.read_bytes())
    for rows in (np.arange(table.rows), np.array([3])):
        tensors = rows_of(run, table, dataset, rows).tensors(ports)
        given = answer({name: value.numpy() for name, value in tensors.items()})
        for name, port in told["outputs"].items():
            value, details = expected[port["task"]]
            wanted = details[port["detail"]] if port["detail"] else value
            np.testing.assert_allclose(given[name], wanted[rows], atol=1e-4, rtol=1e-4)


def test_the_file_says_what_it_takes_and_gives(run, file):
    told = opened(file).description
    beside = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert told == beside
    sides = {name: port["shape"] for name, port in told["inputs"].items()}
    assert sides["photo"] == ["batch", 16, 16, 3]
    assert sides["sound"] == ["batch", "sound.length", 8]
    assert sides["sound.mask"] == ["batch", "sound.length"]
    assert sides["note"] == ["batch", "note.length"]
    assert sides["plain.dense"] == ["batch", run.plain.view.columns]
    assert {port["task"] for port in told["outputs"].values()} == {*TASKS}
    assert told["run"] == {"name": "run", "digest": run_digest(run.folder)}
    assert told["checked"]["subsets"] == 2 ** len(run.schema.modalities)
    assert told["checked"]["all_subsets"]
    assert told["checked"]["largest"] < 1e-4
    assert {*opened(file).arrays} == {f"view/{name}" for name in run.plain.view.state()[1]}


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "int8"])
def test_a_lighter_graph_tells_what_it_costs(run, graph, made_once, tmp_path, precision, capsys):
    table = run.folder.parent / "table.csv"
    out = tmp_path / "light.onnx"
    words = ["--precision", precision, "--table", table]
    assert small_tables.torso("export", run.folder, "-o", out, *words) == 0
    costs = opened(out).description["costs"]
    assert costs["size"]["lighter"] < costs["size"]["float32"] == len(graph.content)
    whole_numbers = ("visits.low", "visits.high")  # these may step
    largest = max(own for name, own in costs["differences"].items() if name not in whole_numbers)
    assert 0 < largest < 0.5
    assert costs["tasks"].keys() == {*TASKS}
    assert costs["split"] == "test"
    for task, cost in costs["tasks"].items():
        kept = run.report.tasks[task]
        assert cost["metric"] == kept.headline
        assert cost["float32"] == pytest.approx(kept.metrics[kept.headline].value, abs=1e-3)
    assert f"labels: {costs['tasks']['price']['float32']:.4g} in float32" in capsys.readouterr().err


def test_scores_need_the_rows_that_the_run_held_out(run, made_once, tmp_path):
    other = small_tables.write(tmp_path / "other.csv", small_tables.plain(rows=80, seed=5))
    with pytest.raises(
        ConfigError, match="does not hold the rows that the run held out: other cells"
    ):
        torso.export(run, tmp_path / "m.onnx", precision="int8", table=other)
    with pytest.raises(ConfigError, match=r"`precision` should be one of .*Found 'int4'"):
        torso.export(run, tmp_path / "m.onnx", precision="int4")
    with pytest.raises(ConfigError, match=r"`precision` 'int8' is for files that end with \.onnx"):
        torso.export(run, tmp_path / "m.pt2", precision="int8")
    assert [path.name for path in tmp_path.iterdir()] == ["other.csv"]


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """A run of two networks, one for each fold, that reads numbers and names."""
    settings = {**TINY, "folds": 2, "blend": "auto", "plain.models": ["linear", "trees"]}
    table = {
        name: column
        for name, column in small_tables.plain(60).items()
        if name not in ("note", "colour")
    }
    folder = tmp_path_factory.mktemp("folds")
    return torso.fit(table, ["loud", "price"], out=folder / "run", settings=settings)


def test_networks_of_several_folds_are_one_graph(folds, tmp_path):
    torso.export(folds, tmp_path / "model.onnx")
    answers = torso.load(tmp_path / "model.onnx")
    rows = {"size": [4.0, None, 7.5, None], "shop": ["Ann", "Bob", None, None]}
    given, expected = (each.predict(rows, details=True).columns for each in (answers, folds))
    pd.testing.assert_frame_equal(given, expected, rtol=1e-4, atol=1e-4, check_dtype=False)
    first = folds.model.first
    with torch.no_grad():
        batch = Subject.of(folds).sampler.traced()
        assert not torch.allclose(
            first(batch.features)["price"], folds.model(batch.features)["price"], atol=1e-3
        )


def test_a_graph_that_no_file_of_onnx_holds_is_refused(graph, monkeypatch):
    model = onnx_ir.from_proto(onnx.load_from_string(graph.content))
    assert len(serialised(model)) == pytest.approx(len(graph.content), rel=0.01)
    monkeypatch.setattr("torso.exporting.onnx_file._MOST", 1000)
    with pytest.raises(ConfigError, match=r"holds 2 GB at most\. Found .* GB\..*ends with \.pt2"):
        serialised(model)


def test_weights_alone(run, tmp_path):
    from safetensors import safe_open

    out = tmp_path / "weights.safetensors"
    assert small_tables.torso("export", run.folder, "-o", out) == 0
    with safe_open(out, "pt") as held:
        told = json.loads(held.metadata()["torso"])
        state = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118
    assert told["run"]["digest"] == run_digest(run.folder)
    assert all(torch.equal(state[name], own) for name, own in run.model.state_dict().items())


def test_a_graph_that_answers_otherwise_is_refused(run, graph):
    subject, answer = Subject.of(run), session(graph.content)

    def astray(feed):
        return {**answer(feed), "price": answer(feed)["price"] + 1.0}

    checked = compare(astray, subject, graph.inputs)
    with pytest.raises(
        ConfigError, match=r"answers 'price' otherwise than the run: its prediction"
    ):
        judged(checked, subject)
    assert not replace(checked, differences={"price": float("nan")}).agrees


def test_a_part_that_cannot_be_exported_is_named_with_its_reason(run, monkeypatch):
    kind = type(run.model.heads["price"])
    monkeypatch.setattr(kind, "not_exportable", "it looks into the rows")
    with pytest.raises(
        ConfigError, match=r"head number/gaussian: it looks into the rows\. Its weights can"
    ):
        Subject.of(run)
    monkeypatch.setattr(kind, "not_exportable", "")
    monkeypatch.setattr(kind, "not_in_onnx", "it needs Bessel functions")
    with pytest.raises(ConfigError, match=r"Bessel functions\. A traced program can: .*\.pt2"):
        checked_graph(Subject.of(run))


def test_a_place_that_cannot_be_written_is_told_before_the_work(run, tmp_path):
    taken = tmp_path / "taken.json"
    taken.write_text("{}")
    (tmp_path / "folder.onnx").mkdir()
    wrong = {
        "taken.onnx": r"taken\.json' exists\. Name another file, or replace it: --overwrite",
        "folder.onnx": "is a folder",
        "absent/m.onnx": "does not exist",
        "m.h5": r"should end with \.onnx, \.pt2, \.safetensors",
    }
    for name, words in wrong.items():
        with pytest.raises(ConfigError, match=words):
            torso.export(run, tmp_path / name)
    with pytest.raises(RunError, match=r"schema\.json"):
        torso.export(tmp_path, tmp_path / "m.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.onnx", "taken.json"]
    weights = tmp_path / "taken.safetensors"
    weights.write_bytes(b"")
    torso.export(run, weights, overwrite=True)
    assert weights.stat().st_size > 1000


def test_a_traced_program_of_networks_and_plain_models(folds, tmp_path):
    run, out = folds, tmp_path / "model.pt2"
    assert any(task.blends for task in run.plain.tasks.values())
    made = torso.export(run, out)
    assert made.checked.agrees
    extra = {DESCRIPTION: ""}
    program = torch.export.load(out, extra_files=extra).module()
    assert json.loads(extra[DESCRIPTION])["run"]["digest"] == run_digest(run.folder)
    subject = Subject.of(run)
    rows = subject.sampler.traced()
    said, expected = program(rows.tensors(made.inputs)), subject.eager(rows)
    assert said.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(said[name], value, atol=1e-4, rtol=1e-4)
