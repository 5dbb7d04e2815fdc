"""One network that learns the answers of a run: of folds and plain models, on labelled rows and others."""

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import ConfigError, RunError
from torso.training import Listener

ROWS = 160
SETTINGS = {
    **TINY,
    "dim": 16,
    "training.epochs": 10,
    "training.lr": 0.03,
    "folds": 2,
    "blend": "auto",
    "plain.models": ["linear"],
}


@pytest.fixture(scope="module")
def table():
    return tables.plain(ROWS)


@pytest.fixture(scope="module")
def teacher(table):
    return torso.fit(table, TARGETS, settings=SETTINGS)


@pytest.fixture(scope="module")
def student(teacher, table):
    return torso.distill(teacher, table)


def test_it_is_one_network_with_the_teachers_kept_rows(teacher, student):
    assert student.report.training.networks == 1
    assert student.plain is None
    np.testing.assert_array_equal(student.split.split.test, teacher.split.split.test)
    note = next(note for note in student.report.notes if note.startswith("Distilled"))
    assert f"on the same {len(teacher.split.split.test)} kept rows, the run itself reaches" in note
    value = teacher.reports["price"].metrics["r2"].value
    assert f"price R² {value:.3f}" in note


def test_it_answers_nearly_as_the_teacher_does(teacher, student, table):
    theirs, ours = teacher.predict(table), student.predict(table)
    assert np.corrcoef(theirs["price"], ours["price"])[0, 1] > 0.95
    assert (theirs["colour"] == ours["colour"]).mean() > 0.95


def test_labels_are_drawn_by_what_the_teacher_states(teacher, table):
    from torso.runs.distill import _prepare

    prepared, draws = _prepare(teacher, table, (), Listener())
    rows, kept = prepared.split.split.train, prepared.split.split.validation
    first = {task: labels.copy() for task, labels in draws.labels.items()}
    total = np.zeros(ROWS)
    for _ in range(200):
        draws.epoch_done(None)
        total += draws.labels["price"]
    said = draws.said["price"]
    off = (total[rows] / 200 - said.value[rows]) / (said.details["spread"][rows] / np.sqrt(200))
    assert np.abs(off).max() < 5
    assert prepared.parts["training"].dataset.targets["price"] is draws.labels["price"]
    np.testing.assert_array_equal(first["price"][kept], draws.labels["price"][kept])
    assert set(np.unique(draws.labels["colour"])) <= {0, 1, 2}


def test_rows_without_labels_will_do(teacher, tmp_path):
    bare = {name: cells for name, cells in tables.plain(80, seed=3).items() if name not in TARGETS}
    small = torso.distill(teacher, bare, out=tmp_path / "small")
    assert any("agrees with answers drawn" in " ".join(n.split()) for n in small.report.notes)
    again = torso.load(tmp_path / "small").predict(bare)
    np.testing.assert_allclose(small.predict(bare)["price"], again["price"], rtol=1e-5)
    with pytest.raises(RunError):
        torso.distill(teacher, bare, out=tmp_path / "small")


def test_other_kinds_are_refused(table):
    counted = {**table, "price": [int(price) for price in table["price"]]}
    run = torso.fit(counted, {"price": "count"}, settings={**TINY, "inputs.note": None})
    with pytest.raises(ConfigError, match=r"Found {'price': 'count'}"):
        torso.distill(run, counted)
