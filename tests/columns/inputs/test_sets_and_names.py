"""Sets and names as inputs, by hand-worked numbers."""

import numpy as np
import pytest

from torso.columns.inputs import NameInput, SetInput
from torso.columns.media.files import MediaFiles
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.columns.sources import joined
from torso.tables.table import read_table


def column(values):
    return read_table({"x": values}).column("x")


def batch(kind, values, fit=None, reading=None):
    if fit is not None:
        kind.fit(column(fit))
    rows = np.arange(len(values))
    return kind.source(column(values), reading or Reading()).batch(rows)


def test_a_set_is_the_indices_of_its_labels():
    reading, kind = Reading(), SetInput(length=3)
    values, mask = batch(
        kind,
        ["b; a", "z;b", None, "[]", "c;b;a;a"],
        fit=["a;b", "b", "b;c", "a;b", None],
        reading=reading,
    )
    assert (kind.values, kind.separator) == (["b", "a", "c"], ";")
    assert values[:, 0].tolist() == [[1, 2, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [1, 2, 3]]
    assert mask[:, 0].tolist() == [True, True, False, True, True]
    assert [(cell.row, cell.cell, cell.reason) for cell in reading.log.skipped] == [
        (2, "z", "label unseen in training, or rare")
    ]


def test_lists_and_texts_of_them_are_one_set():
    kind = SetInput()
    kind.fit(column([["a", "b"], ["b"]]))
    expected = batch(kind, [["a", "b"], [], None])
    for values in (["a|b", "[]", None], ["['a', 'b']", "[]", None], ['["a", "b"]', "{}", None]):
        for one, two in zip(batch(kind, values), expected, strict=True):
            np.testing.assert_array_equal(one, two)


def test_the_rarest_labels_are_left_out():
    kind = SetInput(most=1)
    assert batch(kind, ["a|b"], fit=["a|b", "a"])[0][0, 0].tolist() == [1, *[0] * 31]


def test_few_combinations_with_commas_are_a_category_and_a_named_set_finds_its_comma():
    cells = Profile(column(["grey", "white", "grey, white", "white, black", "black"] * 20))
    assert SetInput.recognise(cells) is None
    suggestion = SetInput.suggest(cells, MediaFiles([]))
    assert (suggestion.settings, suggestion.why) == ({"delimiter": ","}, "separated by ','")
    assert SetInput.suggest(Profile(column(["a;b", "b", "a"] * 20)), MediaFiles([])) is None


def test_a_name_is_an_index_and_its_parts():
    kind = NameInput(length=20)
    values, mask = batch(
        kind, ["ann  LEE", "Bo Lee", None, "Ann Lee"], fit=["Ann Lee", "Ann lee", "Bo Lee"]
    )
    assert kind.values == ["ann lee"]
    assert mask[:, 0].tolist() == [True, True, False, True]
    ann, bo, _, again = values[:, 0]
    assert (ann[0], bo[0]) == (1, 0)
    np.testing.assert_array_equal(ann, again)
    assert np.count_nonzero(ann[1:]) == 2 + 7 + 6  # words, groups of three and of four of <ann lee>
    shared = set(ann[1:][ann[1:] > 0]) & set(bo[1:])
    assert len(shared) == 1 + 3 + 2  # lee; " le", "lee", "ee>"; " lee", "lee>"


@pytest.mark.parametrize("kind", [SetInput, NameInput])
def test_columns_share_a_modality_and_a_row_alone_is_the_same(kind):
    cells = ["a|b", None, "b|c", "c", "unseen|a"]
    wide, narrow = kind(length=30), kind(length=20)
    for one in (wide, narrow):
        one.fit(column(cells[:4]))
    source = joined([one.source(column(cells), Reading()) for one in (wide, narrow)])
    values, mask = source.batch(np.arange(5))
    assert (len(source), values.shape[:2], mask.shape) == (5, (5, 2), (5, 2))
    assert source.present().tolist() == [True, False, True, True, True]
    for row, cell in enumerate(cells):
        sources = [one.source(column([cell]), Reading()) for one in (wide, narrow)]
        alone, there = joined(sources).batch(np.arange(1))
        np.testing.assert_array_equal(alone[0], values[row])
        np.testing.assert_array_equal(there[0], mask[row])


@pytest.mark.parametrize("length", [3, 16])
def test_a_name_alone_is_read_as_among_others(length):
    names = [
        "",
        "a",
        "Ana Maria de la Cruz",
        "née 東京",
        "x" * 200,
        "one two three four five",
        "\ud800b",
    ]
    kind = NameInput(length=length)
    kind.values = ["a", "née 東京"]
    together, _ = batch(kind, names)
    for name, expected in zip(names, together, strict=True):
        assert np.array_equal(batch(kind, [name])[0][0], expected)
