"""An exported model beside the run that it was made of: the same answers, in a process that cannot import torch."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

import torso
from tests import small_tables as tables
from tests.absent import python_without, torso_without
from tests.exporting import exported as made
from tests.small_tables import INPUTS, TINY
from torso.core.errors import ConfigError, DataError, RunError
from torso.core.optional import TRAINING
from torso.runtime.container import opened, stamped

pytest.importorskip("onnxscript", reason="needs torso[export]")
ABSENT = (*TRAINING, "onnx", "onnxscript", "onnx_ir")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of files and gaps, a run of it, and the run's export."""
    folder = tmp_path_factory.mktemp("runtime") / "own"
    shutil.copytree(made.exported(tmp_path_factory), folder)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return torso.load(folder / "run")


@pytest.fixture(scope="module")
def exported(folder):
    return torso.load(folder / "model.onnx")


def assert_alike(own, expected, tolerance=1e-4):
    """Compare all columns of answers: numbers to 1e-4 of their size, all else exactly."""
    assert own.column_names == expected.column_names
    for name in expected.column_names:
        if pa.types.is_floating(expected[name].type):
            largest = np.abs(expected[name].to_numpy()).max()
            difference = np.abs(own[name].to_numpy() - expected[name].to_numpy()).max()
            assert difference <= tolerance * max(1.0, largest), name
        else:
            assert own[name].to_pylist() == expected[name].to_pylist(), name


ANSWERS = """
import sys
import pyarrow as pa
import pyarrow.ipc
import torso

run = torso.load("model.onnx").with_threshold({"loud": 0.3})
told = run.predict("table.csv", as_arrow=True, details=True, keep=["size"], batch_size=7)
with pa.OSFile("answers.arrow", "wb") as file, pa.ipc.new_file(file, told.columns.schema) as out:
    out.write_table(told.columns)
assert run.predict({"note": "very red thing"}, as_arrow=True).num_rows == 1
print(*told.notes, sep="\\n")
print([name for name in %r if name in sys.modules])
"""


def test_answers_without_torch_are_those_of_the_run(folder, run):
    *notes, loaded = python_without(ABSENT, ANSWERS % (TRAINING,), folder=folder).splitlines()
    assert loaded == "[]"
    told = run.with_threshold({"loud": 0.3}).predict(
        folder / "table.csv", as_arrow=True, details=True, keep=["size"]
    )
    with pa.OSFile(str(folder / "answers.arrow")) as file:
        assert_alike(pa.ipc.open_file(file).read_all(), told.columns)
    learnt = [note for note in told.notes if "learnt" in note]  # an export does not know these rows
    assert [note for note in told.notes if note not in learnt] == notes


def test_the_command_line_answers_and_says_what_it_lacks(folder):
    lines = {
        "predict model.onnx table.csv -o answers.csv": (0, "80 rows written to answers.csv"),
        "predict model.onnx table.csv -o other.csv --run run": (0, "80 rows written"),
        "predict run table.csv -o answers.csv": (1, "pip install 'torso[train]'"),
        "fit table.csv -t price -o none": (1, "pip install 'torso[train]'"),
        "evaluate model.onnx table.csv": (1, "torso predict model.onnx TABLE -o answers.csv"),
        "predict none.onnx table.csv -o answers.csv": (1, "does not exist"),
        "predict model.onnx none.csv -o answers.csv": (1, "none.csv"),
        "inspect table.csv -t price": (0, "price"),
    }
    said = torso_without(ABSENT, [line.split() for line in lines], folder=folder)
    for (line, (code, words)), (ended, printed) in zip(lines.items(), said, strict=True):
        assert (ended, words in " ".join(printed.split())) == (code, True), (line, printed)
        assert "Traceback" not in printed
    written = pyarrow.csv.read_csv(folder / "answers.csv")
    assert written.num_rows == 80 and {*made.TASKS} < {*written.column_names}


def test_any_row_and_any_gap_is_answered_alike(folder, run, exported):
    table = pa.table(tables.read(folder / "table.csv"))
    for absent in ([], INPUTS[:1], INPUTS[1:3], INPUTS[1:]):
        some = table.drop_columns([*absent, *made.TASKS]).slice(3, 9)
        answers = [each.predict(some, root=folder, as_arrow=True) for each in (exported, run)]
        assert_alike(*answers)
    row = {"note": "very red thing", "size": 3.0}
    assert_alike(*(each.predict(row, as_arrow=True) for each in (exported, run)))
    with pytest.raises(DataError, match=r"lacks|no column|needs the columns"):
        exported.predict({"other": [1]})


def test_threads_share_a_run_and_an_export(folder, run, exported):
    rows = pa.table(tables.read(folder / "table.csv")).select(INPUTS).to_pylist()[:8]
    for each in (run, exported):
        alone = [each.predict(row, root=folder, as_arrow=True) for row in rows]
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(each.predict, row, root=folder, as_arrow=True) for row in rows * 8]
        for ask, expected in zip(asked, alone * 8, strict=True):
            assert_alike(ask.result(), expected, 1e-6)


def test_an_export_looks_like_its_run_and_says_what_it_is_not(run, exported):
    assert exported.flat is not None  # the plain models take part
    assert exported.report.tasks.keys() == run.report.tasks.keys()
    assert repr(exported).splitlines()[1:] == repr(run).splitlines()[1:]
    assert exported.scores().equals(run.scores())
    with pytest.raises(AttributeError, match=r"'evaluate'.*torso\.load\(RUN\)"):
        exported.evaluate  # noqa: B018
    with pytest.raises(AttributeError):
        exported.report = run.report


def test_an_export_of_another_run_is_refused(folder, tmp_path):
    other = {"size": [*range(40)], "price": [*range(40)]}
    torso.fit(other, ["price"], out=tmp_path / "run", settings={**TINY, "blend": "off"})
    said = tables.torso(
        "predict",
        folder / "model.onnx",
        folder / "table.csv",
        "-o",
        tmp_path / "a.csv",
        "--run",
        tmp_path / "run",
    )
    assert said == 1 and not (tmp_path / "a.csv").exists()
    with pytest.raises(ConfigError, match="auto or cpu"):
        torso.load(folder / "model.onnx", device="cuda")


def changed(told, *path, to):
    """Return a description with another value at a path."""
    told = json.loads(json.dumps(told))
    inner = told
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return told


POISON = {
    ("schema",): [None, {}, {"inputs": {}, "targets": {}}, "x"],
    ("schema", "inputs", "size", "kind"): ["os:system", "nosuch", 3],
    ("schema", "vocabulary"): [None, []],
    ("config",): [None, {"inputs": 1}, []],
    ("report",): [None, {"tasks": 3}, []],
    ("decisions",): [None, {"loud": {"evil": 1}}, 3],
    ("run",): [None, {}],
    ("inputs",): [None, [], {"photo": {}}, {"photo": {"modality": "nosuch", "part": "values"}}],
    ("inputs", "note", "least"): [1 << 40, "x"],
    ("outputs",): [None, {}, {"price": {"task": "price", "detail": ""}}],
    ("plain",): [3, {"view": {}}, {"view": {"blocks": {}}, "patterns": []}],
}


def test_a_poisoned_description_is_refused_and_runs_no_code(folder, tmp_path):
    """Whoever makes a file by hand can make its digest, too."""
    whole = opened(folder / "model.onnx")
    for path, values in POISON.items():
        for value in values:
            told = changed(whole.description, *path, to=value)
            (tmp_path / "model.onnx").write_bytes(stamped(whole.content, told, whole.arrays))
            with pytest.raises((RunError, ConfigError)) as refused:
                torso.load(tmp_path / "model.onnx")
            assert "\n" not in str(refused.value), (path, value)
    graph = whole.content.replace(b"price", b"prise")
    (tmp_path / "model.onnx").write_bytes(stamped(graph, whole.description, whole.arrays))
    with pytest.raises(RunError):
        torso.load(tmp_path / "model.onnx")
