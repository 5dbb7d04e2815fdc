"""Texts in the flat view, and their n-grams."""

import time

import numpy as np
import pytest

from torso.columns.inputs import Input
from torso.plain.flat import Cells, Part, TextsFlattener
from torso.plain.flat._characters import CHARACTERS, measure_characters
from torso.plain.flat._grams import character_groups, joined, plain, whole_texts, words
from torso.tables import read_table


def flattened(columns, rows=None):
    """Return a flattener that learnt from all rows, its names, and its share of the flat view."""
    cells, flattener = parts(columns)
    measured = flattener.measure(cells)
    flattener.learn(measured if rows is None else tuple(array[rows] for array in measured))
    return flattener, flattener.piece(measured)


def parts(columns):
    table = read_table(columns)
    kinds = {name: Input.registry.build("text") for name in columns}
    count = len(next(iter(columns.values())))
    cells = Cells({name: table.column(name) for name in columns}, None, np.arange(count))
    return cells, TextsFlattener(Part("texts", "text", kinds))


def per_text(owned, count):
    """Return the numbers of each text as a sorted list."""
    owners, numbers = owned
    return [sorted(numbers[owners == text].tolist()) for text in range(count)]


def test_words_and_pairs_are_those_of_a_split():
    texts = ["Red wine, red WINE", "wine", "", "wine-red", "ÄRGER über  all", "x" * 200, "x" * 199]
    got = per_text(words(joined([plain(text).casefold() for text in texts])), len(texts))
    red, wine = (per_text(words(joined([word])), 1)[0][0] for word in ("red", "wine"))
    assert got[1] == [wine]
    assert got[2] == []
    assert got[0].count(red) == got[0].count(wine) == 2
    assert len(got[0]) == 4 + 3
    pair = (set(got[0]) - {red, wine}).intersection(got[3])
    assert len(pair) == 1  # "wine red", across a dash
    assert len(got[4]) == 3 + 2
    assert got[5] != got[6]


def test_groups_of_characters_stay_within_words():
    texts = ["ab cd", "ab", "a b", "Ab", ""]
    got = per_text(character_groups(joined(texts), (2, 3, 4)), len(texts))
    # " ab", "ab ", " ab ", and " a", "ab", "b "
    assert len(got[1]) == 6
    assert len(got[0]) == 12
    assert set(got[1]) < set(got[0])
    assert len(got[2]) == 2 * 2 + 2
    assert set(got[3]) & set(got[1]) == set(
        per_text(character_groups(joined(["xb"]), (2,)), 1)[0]
    ) & set(got[1])
    assert got[4] == []


def test_whole_texts_are_told_apart_by_all_but_capitals():
    texts = ["red wine", "Red Wine", "", "wine red", "red  wine"]
    owners, numbers = whole_texts(joined([plain(text).casefold() for text in texts]))
    assert owners.tolist() == [0, 1, 3, 4]
    assert len(set(numbers.tolist())) == 2


@pytest.mark.parametrize(
    "reader", [words, whole_texts, lambda texts: character_groups(texts, (3,))]
)
def test_nothing_has_no_grams(reader):
    for texts in ([], [""], ["", ""]):
        owners, numbers = reader(joined(texts))
        assert len(owners) == len(numbers) == 0


def test_numbers_are_spread_over_all_buckets():
    texts = [f"word{number}" for number in range(5000)]
    buckets = words(joined(texts))[1] >> np.uint64(44)
    assert len(np.unique(buckets)) > 4980


def test_weights_have_one_length_a_block():
    flattener, piece = flattened({"text": ["red wine", "red beer", "white wine", None, "red wine"]})
    row, place, weight = piece.entries
    blocks = flattener.grams[place] >> 20
    squares = np.bincount(row * 3 + blocks, weight**2, minlength=15).reshape(5, 3)
    assert np.allclose(squares[0], [1, 2, 1])
    assert not squares[3].any()
    rare = flattener.rarity.max()
    assert np.isclose(rare, np.log(5 / 3) + 1)  # four texts, an n-gram of two


def test_a_word_of_two_columns_is_known_to_both_together():
    columns = {"a": ["steel track", None, "wood"], "b": [None, "steel", "rock"]}
    flattener, piece = flattened(columns)
    assert set((flattener.grams >> 20).tolist()) <= {6, 7, 8}  # none twice in a column of its own
    row = piece.entries[0]
    assert (row == 0).any()
    assert (row == 1).any()
    assert [name for name in flattener.names if name.startswith("All texts")]


def test_lengths_and_first_numbers():
    texts = ["1,200 ft", "3.5 m", "no number", None, "1,5 or 2", "12.345.678", "9" * 400]
    flattener, piece = flattened({"text": texts})
    facts = dict(zip(flattener.names, piece.dense.T, strict=True))
    assert np.array_equal(
        facts["First number of text"][:6],
        np.array([1200, 3.5, np.nan, np.nan, 1.5, 12.345], np.float32),
        equal_nan=True,
    )
    assert np.isfinite(facts["First number of text"][6])
    assert facts["Last number of text"][[0, 4]].tolist() == [1200, 2]
    assert facts["Largest number of text"][4] == 2
    assert np.array_equal(facts["Numbers of text"][:5], [1, 1, 0, np.nan, 2], equal_nan=True)
    assert facts["Length of text"][0] == 8
    assert facts["Words of text"][2] == 2
    assert np.isnan(facts["Length of text"][3])
    assert piece.gaps.tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_odd_texts_do_no_harm():
    texts = [
        "\ud800 half a pair",
        "\x00\x01",
        "👍🏽 👍🏽",
        "ﬁne ﬁne",
        "…",
        "a" * 5000,
        "\u202e",
        "日本語",
    ]
    flattener, piece = flattened({"text": texts * 2})
    assert np.isfinite(piece.entries[2]).all()
    assert flattener.width > 0


def test_empty_columns_and_single_rows():
    for texts in ([None, None], [None], ["red"], ["red", None]):
        flattener, piece = flattened({"a": texts, "b": texts[::-1]})
        assert piece.dense.shape == (len(texts), len(flattener.names))
        assert not np.isinf(piece.dense).any()


def test_components_follow_the_words():
    texts = ["oak wood barrel", "steel tank"] * 20
    _, piece = flattened({"text": texts})
    first = piece.dense[:, 2:]
    apart = np.abs(first[0] - first[1])
    assert apart.max() > 1
    assert np.allclose(first[0], first[2])


def test_a_long_text_is_read_up_to_a_limit():
    text = "word " * 100_000
    flattener, _ = flattened({"text": [text, text]})
    start = time.process_time()
    flattener.measure(parts({"text": [text] * 50})[0])
    assert time.process_time() - start < 5


def by_character(text):
    """Return the measures of a text, a character at a time."""
    count = {
        "Capitals": sum(map(str.isupper, text)),
        "Small letters": sum(map(str.islower, text)),
        "Digits": sum(map(str.isdigit, text)),
        "Signs": sum(not (letter.isalnum() or letter.isspace()) for letter in text),
    }
    shares = {name: value / max(len(text), 1) for name, value in count.items()}
    marks = {"Calls": text.count("!") + text.count("?"), "Stops": text.count(".") + text.count(",")}
    return {**shares, **marks, "Mean word": len(text) / max(len(text.split()), 1)}


def test_characters_are_those_that_python_tells_apart():
    texts = [
        "Dr. O'Neill, 1,200 ft!?",
        "",
        "ÄRGER über Straße",
        "\u4e2d\u6587",
        " \t",
        "x\ud800",
        "£90 (468)",
    ]
    for text, measures in zip(texts, measure_characters(texts), strict=True):
        wanted = by_character(text.replace("\ud800", "\u4e2d"))
        assert dict(zip(CHARACTERS, measures.tolist(), strict=True)) == pytest.approx(wanted)
    assert measure_characters([]).shape == (0, len(CHARACTERS))


def test_characters_of_each_column_are_told_and_gaps_stay_gaps():
    flattener, piece = flattened({"a": ["AB", None, "ab"], "b": ["12", "x!", None]})
    facts = dict(zip(flattener.names, piece.dense.T, strict=True))
    names = np.array(flattener.names)[flattener.for_trees].tolist()
    assert "Capitals of a" in names
    assert {"Last number of b", "Numbers of b"} <= {*names}
    assert not {"First number of b", "Length of a", "All texts component 1"} & {*names}
    assert np.array_equal(facts["Capitals of a"], [1, np.nan, 0], equal_nan=True)
    assert np.array_equal(facts["Calls of b"], [0, 1, np.nan], equal_nan=True)


def test_a_run_of_before_reads_no_characters():
    cells, flattener = parts({"text": ["red wine 5", "red 2 beer!", None]})
    measured = flattener.measure(cells)
    flattener.learn(measured)
    every = flattener.piece(measured).dense.shape[1]
    values, arrays = flattener.learnt()
    del values["spelt"]
    before = TextsFlattener(flattener.part)
    before.restore(values, arrays)
    before.width = flattener.width
    assert before.piece(measured).dense.shape[1] == every - len(CHARACTERS) - 3
