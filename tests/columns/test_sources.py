"""Sources: some rows as padded values and a mask, whatever lies behind."""

import numpy as np
import pytest

from torso.columns.sources import ArraySource, ListSource, RaggedSource, TurningSource, joined

LISTS = [np.array([[1, 2], [3, 4]]), None, np.array([[5, 6]]), np.zeros((0, 2), int)]
FLAT = np.array([[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize(
    "source",
    [ListSource(LISTS, (2,), np.dtype(int)), RaggedSource(FLAT, np.array([2, 0, 1, 0]), dtype=int)],
)
def test_rows_of_different_lengths(source):
    assert len(source) == 4
    values, mask = source.batch(np.array([2, 0, 1]))
    np.testing.assert_array_equal(values, [[[5, 6], [0, 0]], [[1, 2], [3, 4]], [[0, 0], [0, 0]]])
    np.testing.assert_array_equal(mask, [[True, False], [True, True], [False, False]])
    for rows in ([1], [3], [1, 3]):  # nothing there at all: still one step
        values, mask = source.batch(np.array(rows))
        assert values.shape == (len(rows), 1, 2)
        assert not mask.any()


def test_rows_of_one_length():
    arrays = [np.ones((3, 2), np.uint8), None]
    source = ListSource(arrays, (2,), np.dtype(np.uint8), fixed=3)
    values, mask = source.batch(np.array([1, 0]))
    assert values.shape == (2, 3, 2)
    assert mask.tolist() == [False, True]
    values, mask = source.batch(np.array([1]))
    assert values.shape == (1, 3, 2)


def test_scalar_columns_are_put_side_by_side():
    one = ArraySource(np.array([[1.0], [2.0]]), np.array([[True], [False]]))
    other = ArraySource(np.array([[3.0, 4.0], [5.0, 6.0]]), np.ones((2, 2), bool))
    values, mask = joined([one, other]).batch(np.array([1, 0, 1]))
    np.testing.assert_array_equal(values, [[2, 5, 6], [1, 3, 4], [2, 5, 6]])
    np.testing.assert_array_equal(mask[0], [False, True, True])
    assert joined([one]) is one


def test_every_pass_shows_each_row_in_another_view():
    rows = 6
    lists = [
        [np.full((view + 1, 2), 10 * row + view) if row != 4 else None for row in range(rows)]
        for view in range(3)
    ]
    source = TurningSource([ListSource(view, (2,), np.dtype(int)) for view in lists])
    assert len(source) == rows
    assert not source.encoded
    assert source.present().tolist() == [True, True, True, True, False, True]
    seen = []
    for turn in range(3):
        source.turn = turn
        values, mask = source.batch(np.array([5, 4, 0, 2]))
        assert mask.sum(1)[1] == 0
        for place, row in ((0, 5), (2, 0), (3, 2)):
            view = int(mask[place].sum()) - 1
            np.testing.assert_array_equal(values[place][mask[place]], 10 * row + view)
        assert not values[~mask].any()
        seen.append((mask.sum(1) - 1)[[0, 2, 3]])
    np.testing.assert_array_equal(
        np.sort(np.stack(seen), axis=0), np.arange(3)[:, None].repeat(3, 1)
    )
