"""Sequences with times of their own, and with numbers that are not known."""

import numpy as np
import pytest

from torso.columns.inputs import Input, SequenceInput
from torso.columns.reading import Reading
from torso.core.errors import ConfigError
from torso.tables.table import read_table


def batch(kind, cells, fit=None):
    column = lambda values: read_table({"path": values}).column("path")  # noqa: E731
    kind.fit(column(fit or cells))
    values, mask = kind.source(column(cells), Reading()).batch(np.arange(len(cells)))
    assert values.dtype == np.float32
    assert values.shape[2] == kind.offered()["width"]
    return values, mask


def test_times_count_from_the_rows_first_step_in_typical_rows():
    fit = [[[10, 1.0], [14, 3.0]], [[0, 1.0], [2, 3.0]], [[5, 1.0], [11, 3.0]]]  # 4, 2 and 6 long
    values, mask = batch(SequenceInput(time="first"), [[[100, 1.0], [101, 2.0], [180, 3.0]]], fit)
    np.testing.assert_allclose(values[0], [[0.0, -1.0], [0.25, 0.0], [20.0, 1.0]])
    assert mask.all()


def test_steps_are_put_in_the_order_of_time_before_the_rest_is_cut():
    values, mask = batch(SequenceInput(length=2, time="first"), [[[9, 5.0], [1, 3.0], [3, 4.0]]])
    np.testing.assert_allclose(values[0], [[0.0, -1.0], [1.0, 1.0]], atol=1e-6)
    assert mask.shape == (1, 2)


def test_seconds_since_1970_keep_their_detail():
    values, _ = batch(
        SequenceInput(time="first"), [[[1.7e9, 0.0], [1.7e9 + 0.25, 0.0], [1.7e9 + 1, 0.0]]]
    )
    np.testing.assert_allclose(values[0, :, 0], [0.0, 0.25, 1.0])


def test_events_are_steps_of_nothing_but_a_time():
    values, mask = batch(SequenceInput(time="first", gaps="flag"), [[[1], [3], [2]], None, [[7]]])
    np.testing.assert_allclose(values[0, :, 0], [0.0, 0.5, 1.0])
    assert mask.sum(axis=1).tolist() == [3, 0, 1]


def test_flags_say_which_numbers_are_known():
    cells = [[[1.0, None], [3.0, float("nan")]]]
    values, _ = batch(SequenceInput(gaps="flag"), [*cells, [[1.0, 5.0], [None, 7.0]]])
    np.testing.assert_allclose(values[0, :, 2:], [[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(values[1, :, 1:], [[-1.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    assert np.isfinite(values).all()
    written, _ = batch(SequenceInput(gaps="flag"), ["[[1, null], [3, NaN]]", "[[1, 5], [NaN, 7]]"])
    np.testing.assert_array_equal(written, values)


def test_a_time_has_no_flag():
    kind = SequenceInput(time="first", gaps="flag")
    values, _ = batch(kind, [[[0, 1.0, None], [1, 2.0, 3.0]]])
    assert kind.offered() == {"width": 5, "timed": True}
    np.testing.assert_allclose(values[0, :, 3:], [[1.0, 0.0], [1.0, 1.0]])


def test_without_times_and_flags_nothing_is_added():
    values, _ = batch(SequenceInput(), [[[9, None], [1, 3.0]]])
    np.testing.assert_allclose(values[0], [[1.0, 0.0], [-1.0, 0.0]])


def test_steps_without_a_time_are_noted():
    kind = SequenceInput(time="first")
    column = read_table({"path": [[[0, 1.0]], [[0, 1.0], [None, 2.0]]]}).column("path")
    kind.fit(column)
    reading = Reading()
    kind.source(column, reading)
    assert [(cell.row, cell.reason) for cell in reading.log.skipped] == [
        (2, "not steps that begin with a time")
    ]


def test_rows_of_one_step_have_no_typical_length():
    values, _ = batch(SequenceInput(time="first"), [[[3, 1.0]], [[4, 2.0]]])
    np.testing.assert_allclose(values[:, 0, 0], [0.0, 0.0])


def test_what_it_learned_comes_back():
    kind = SequenceInput(time="first")
    cells = [[[0, 1.0], [4, 2.0]]]
    expected, _ = batch(kind, cells)
    other = SequenceInput(time="first")
    other.restore(kind.state())
    column = read_table({"path": cells}).column("path")
    np.testing.assert_array_equal(other.source(column, Reading()).batch(np.array([0]))[0], expected)


@pytest.mark.parametrize("wrong", [{"time": "last"}, {"gaps": "skip"}])
def test_unknown_choices(wrong):
    with pytest.raises(ConfigError, match=r"`(time|gaps)` should be '"):
        Input.registry.build({"type": "sequence", **wrong})
