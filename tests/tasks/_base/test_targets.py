"""What holds for every kind of target, by name."""

import json

import numpy as np
import pytest

from torso.columns.inputs import VideoInput
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import read_table
from torso.tasks.targets import TargetKind, labelled

EXAMPLES = {
    "binary": ["no", None, "yes"],
    "count": [3, None, 0],
    "ordinal": [1, None, 2],
    "survival": [{"x": 2.5, "seen": True}, None, {"x": 4.0, "seen": False}],
    "category": ["a", None, "b"],
    "multilabel": ["a|b", None, "b"],
    "number": [1.5, None, -2.0],
    "vector": [[1.0, 2.0], None, [3.0, 5.0]],
    "mask": [[[0, 1], [1, 1]], None, [[0, 0], [2, 2]]],
    "map": [[[0.5, 1.0]], None, [[2.0, float("nan")]]],
    "retrieval": ["a", None, "b"],
    "tags": [
        {"label": '[[0, 3, "A"], [4, 6, "B"]]', "places": [0, 3, 4, 6]},
        None,
        {"label": "[]", "places": [0, 2]},
    ],
    "caption": ["a red thing", " ", "a blue thing"],
    "boxes": ['[[0.1, 0.2, 0.5, 0.9, "cat"]]', None, "[]"],
    "tracks": ['[[2, 0.1, 0.2, 0.5, 0.9, "cat", 7]]', None, "[]"],
}
PREDICTIONS = {
    "binary": np.array([0.2, 0.9]),
    "count": np.array([0.5, 3.5]),
    "ordinal": np.array([[0.7, 0.3], [0.1, 0.9]]),
    "survival": np.array([1.5, 3.5]),
    "category": np.array([[0.7, 0.3], [0.1, 0.9]]),
    "multilabel": np.array([[0.7, 0.6], [0.1, 0.2]]),
    "number": np.array([1.0, 2.0]),
    "vector": np.array([[1.0, 2.0], [3.0, 4.0]]),
    "mask": np.array([[[0, 1], [1, 2]], [[0, 0], [0, 0]]]),
    "map": np.array([[[[0.5], [1.0]]], [[[2.0], [3.0]]]]),
    "caption": np.array([[97, 98, -1], [99, -1, -1]]),
    "retrieval": np.array([[[0.6, 0.8], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]),
    "tags": np.array([[1, 3], [0, 0]]),
    "boxes": np.array([[[0.1, 0.2, 0.5, 0.9, 0, 0.8]], [[0.1, 0.2, 0.5, 0.9, 0, 0.1]]]),
    "tracks": np.tile([0.1, 0.2, 0.5, 0.9, 0, 0.8, 0.9, 0.6], (2, 1, 8, 1)),
}


SETTINGS = {"survival": {"event": "seen"}, "retrieval": {"between": ["photo", "note"]}}


def built(name):
    kind = TargetKind.registry.build({"type": name, **SETTINGS.get(name, {})})
    if name == "tracks":
        kind.meet("x", {"clip": "video"})
        kind.adopt({"clip": VideoInput()})
    return kind


def column(values):
    return read_table({"x": values}).column("x")


def fitted(name):
    kind = built(name)
    kind.fit(column(EXAMPLES[name]))
    return kind


@pytest.fixture(params=sorted(TargetKind.registry))
def name(request):
    return request.param


def test_every_kind_has_an_example():
    assert sorted(EXAMPLES) == list(TargetKind.registry)


def test_a_missing_label_is_one(name):
    kind = fitted(name)
    targets = kind.encode(column(EXAMPLES[name]), Reading())
    assert labelled(targets).tolist() == [True, False, True]
    none = kind.missing(3)
    assert none.dtype == targets.dtype
    assert none.shape == targets.shape
    assert not labelled(none).any()
    assert not labelled(kind.encode(column([None, None]), Reading())).any()


def test_state_is_json_and_restores(name):
    kind, other = fitted(name), built(name)
    other.restore(json.loads(json.dumps(kind.state(), allow_nan=False)))
    assert other.state() == kind.state()
    assert other.offered() == kind.offered()
    assert other.names == kind.names
    np.testing.assert_array_equal(
        kind.encode(column(EXAMPLES[name]), Reading()),
        other.encode(column(EXAMPLES[name]), Reading()),
    )


def test_answers_are_columns_that_begin_with_the_task(name):
    columns = fitted(name).columns("a.b", PREDICTIONS[name], {})
    assert next(iter(columns)) == ("a.b_photo" if name == "retrieval" else "a.b")
    assert all(len(array) == 2 for array in columns.values())
    assert all(label.startswith("a.b") for label in columns)


def test_a_target_without_labels_is_refused(name):
    with pytest.raises(DataError, match=r"column 'x'.*Leave it out of the targets"):
        built(name).fit(column([None, None]))
