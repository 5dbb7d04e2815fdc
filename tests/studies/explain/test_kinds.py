"""Explanations over inputs that are left out as a whole, and over all kinds of answers."""

import numpy as np
import pytest

import torso
from tests.small_tables import TINY


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    rows = range(60)
    return {
        "size": [float(n % 7) for n in rows],
        "where": [rng.normal(size=3).tolist() for _ in rows],
        "labels": [["red", "old"][: n % 3] for n in rows],
        "steps": [rng.normal(size=(4, 2)).tolist() for _ in rows],
        "rank": [["low", "mid", "high"][n % 3] for n in rows],
        "visits": [n % 7 for n in rows],
        "angle": [50.0 * n % 360 for n in rows],
        "tags": [["a", "b", "c"][: 1 + n % 3] for n in rows],
        "point": [[n % 5 + 0.5, n % 3 - 0.5] for n in rows],
    }


@pytest.fixture(scope="module")
def run(table):
    settings = {key: value for key, value in TINY.items() if not key.startswith("inputs")}
    kinds = {"where": "vector", "labels": "set", "steps": "sequence"}
    settings |= {f"inputs.{name}.kind": kind for name, kind in kinds.items()}
    targets = {
        "rank": {"kind": "ordinal", "order": ["low", "mid", "high"]},
        "visits": "count",
        "angle": "angle",
        "tags": "multilabel",
        "point": "vector",
    }
    return torso.fit(table, targets, settings=settings, quality="fast")


@pytest.fixture(scope="module")
def explanation(run, table):
    return torso.explain(run, table, row=5)


def test_every_kind_of_one_number_is_explained(explanation):
    assert list(explanation.tasks) == ["rank", "visits", "angle", "tags"]
    assert any(note.startswith("Not explained: 'point' (vector)") for note in explanation.notes)
    for explained in explanation.tasks.values():
        total = sum(share.share.value for share in explained.modalities)
        assert explained.without + total == pytest.approx(explained.value)
    assert explanation["tags"].unit.startswith("probability of ")
    assert abs(explanation["angle"].without - explanation["angle"].value) <= 180


def test_cells_without_pieces_are_left_out_as_a_whole_and_told(explanation):
    assert [part.piece for part in explanation["rank"].parts] == [""] * 4
    for name, kind in (("where", "vector"), ("labels", "set"), ("steps", "sequence")):
        note = f"{name}: of the kind {kind}, so its cell is left out as a whole."
        assert note in explanation.notes


def test_gradients_reach_all_of_them(run, table):
    explanation = torso.explain(run, table, row=5, method="gradients")
    assert {share.modality for share in explanation["rank"].modalities} == {*run.schema.modalities}
    assert not any("do not tell" in note for note in explanation.notes)
