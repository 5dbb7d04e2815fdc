"""Cells that were read before are read as at first."""

import numpy as np
import pytest

from torso.columns.inputs import CategoryInput, NameInput, NumberInput, TextInput
from torso.columns.known_cells import source_of
from torso.columns.reading import Reading, ReadOptions
from torso.tables import read_table

CELLS = ["12 kg", "7", "red", "Red ", "", None, "many words that a text may hold", "30", "red", "blue", "blue"]  # fmt: skip


def column(cell):
    return read_table({"x": [cell]}).column("x")


def answering():
    return Reading(ReadOptions(in_pieces=True))


@pytest.mark.parametrize("make", [NumberInput, CategoryInput, NameInput, TextInput])
def test_a_known_cell_is_read_as_at_first(make):
    kind = make()
    kind.fit(read_table({"x": CELLS}).column("x"))
    cells = [*CELLS, 1, 1.0, True, 2.5, float("nan"), "1", "true", "new"]
    for _ in range(3):
        for cell in cells:
            log = answering()
            alone = kind.source(column(cell), Reading()).batch(np.arange(1))
            again = source_of(kind, column(cell), log).batch(np.arange(1))
            for expected, own in zip(alone, again, strict=True):
                assert np.array_equal(expected, own)
                assert expected.dtype == own.dtype


def test_what_is_noted_of_a_cell_is_noted_each_time():
    numbers, categories = NumberInput(), CategoryInput()
    numbers.fit(read_table({"x": [1.0, 2.0, 3.0]}).column("x"))
    categories.fit(read_table({"x": ["a", "b", "a"]}).column("x"))
    for _ in range(3):
        reading = answering()
        source_of(numbers, column("soon"), reading)
        source_of(categories, column("c"), reading)
        assert [cell.cell for cell in reading.log.skipped] == ["soon"]
        assert reading.log.unseen["x"][0] == 1


def test_cells_are_kept_while_answering_only():
    kind = NumberInput()
    kind.fit(read_table({"x": [1.0, 2.0, 3.0]}).column("x"))
    first = source_of(kind, column(2.0), Reading())
    kind.fit(read_table({"x": [2.0, 4.0, 6.0]}).column("x"))
    assert source_of(kind, column(2.0), Reading()).values != first.values
    assert source_of(kind, column(2.0), answering()) is source_of(kind, column(2.0), answering())
