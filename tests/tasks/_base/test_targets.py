"""What holds for every kind of target, by name."""

import json

import numpy as np
import pytest

from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import read_table
from torso.tasks import Target, labelled
from torso.tasks._base.example import example_of
from torso.tasks._base.numbers import constant


def built(name):
    return example_of(name).TARGET.build(name)


def labels(name, *, blank=False):
    return example_of(name).TARGET.labels(blank=blank)


def fitted(name):
    kind = built(name)
    kind.fit(labels(name))
    return kind


@pytest.fixture(params=sorted(Target.registry))
def name(request):
    return request.param


def test_a_missing_label_is_one(name):
    kind = fitted(name)
    targets = kind.encode(labels(name), Reading())
    assert labelled(targets).tolist() == [True, False, True]
    none = kind.missing(3)
    assert none.dtype == targets.dtype
    assert none.shape == targets.shape
    assert not labelled(none).any()
    assert not labelled(kind.encode(labels(name, blank=True), Reading())).any()


def test_state_is_json_and_restores(name):
    kind, other = fitted(name), built(name)
    other.restore(json.loads(json.dumps(kind.state(), allow_nan=False)))
    assert other.state() == kind.state()
    assert other.offered() == kind.offered()
    assert other.names == kind.names
    np.testing.assert_array_equal(
        kind.encode(labels(name), Reading()),
        other.encode(labels(name), Reading()),
    )


def test_answers_are_columns_that_begin_with_the_task(name):
    columns = fitted(name).columns("a.b", example_of(name).TARGET.prediction, {})
    assert columns

    assert all(len(array) == 2 for array in columns.values())
    assert all(label.startswith("a.b") for label in columns)


def test_a_target_without_labels_is_refused(name):
    with pytest.raises(DataError, match=r"column 'x'.*Leave it out of the targets"):
        built(name).fit(labels(name, blank=True))


def test_a_number_target_of_dates_says_how_to_make_numbers():
    column = read_table({"day": ["17.05.2024", "18.05.2024"]}).column("day")
    with pytest.raises(DataError, match=r"Found no number, but '17.05.2024'. Make numbers of its"):
        raise constant(column, np.array([]))
