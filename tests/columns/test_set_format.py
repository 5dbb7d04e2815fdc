"""Labels in one cell: every spelling is read alike, and names and sentences stay whole."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torso.columns.profile import Profile
from torso.columns.set_format import SetFormat, find_sets
from torso.core.errors import ConfigError, DataError
from torso.tables.table import read_table

TAGS = ["old", "hot", "loud", "red", "wet"]
RNG = np.random.default_rng(0)
DRAWN = [[tag for tag in TAGS if RNG.random() < 0.4] or ["old"] for _ in range(200)]


def column(values):
    return read_table({"x": values}).column("x")


def found(values):
    return find_sets(Profile(column(values)))


LISTS = {
    "JSON": json.dumps,
    "Python": str,
    "tuple": lambda tags: str(tuple(tags)),
    "set": lambda tags: str(dict.fromkeys(tags)).replace(": None", ""),
    "numpy": lambda tags: str(np.array(tags)),
    "Postgres": lambda tags: "{" + ",".join(tags) + "}",
    "bare": lambda tags: f"[{', '.join(tags)}]",
    "angles": lambda tags: "".join(f"<{tag}>" for tag in tags),
}


@pytest.mark.parametrize("write", LISTS.values(), ids=LISTS)
def test_lists_in_any_spelling_are_sets(write):
    texts = [write(tags) for tags in DRAWN]
    assert SetFormat().read(column(texts)) == DRAWN
    assert (found(texts).labels, found(texts).settings) == (5, {})


@pytest.mark.parametrize(
    "mark", ["|", ";", "; ", ", ", ",", "/", " / ", "\n", "、", "；", " & ", "+"]
)
@pytest.mark.parametrize("single", [0.0, 0.9])
def test_labels_between_marks_are_sets(mark, single):
    cells = [[tags[0]] if RNG.random() < single else tags for tags in DRAWN * 4]
    texts = [mark.join(tags) for tags in cells]
    assert found(texts).settings == {"delimiter": mark.strip(" ")}
    assert found(texts).labels == 5
    assert SetFormat(mark.strip(" ")).read(column(texts)) == cells


def test_hashtags_are_sets_and_words_are_not():
    assert found([" ".join(f"#{tag}" for tag in tags) for tags in DRAWN]).settings == {
        "delimiter": " "
    }
    assert found([" ".join(tags) for tags in DRAWN]) is None


def pick(*values):
    return RNG.choice(values)


def number(low, high):
    return int(RNG.integers(low, high))


TOWNS = {"Paris": "France", "Lyon": "France", "Rome": "Italy", "Milan": "Italy", "Bonn": "Germany"}
WHOLE = {
    "towns": lambda: ", ".join(pick(*TOWNS.items())),
    "towns or countries": lambda: ", ".join(pick(*TOWNS.items())[number(0, 2) :]),
    "two names of one thing": lambda: pick("Washed / Wet", "Natural / Dry", "Other"),
    "either": lambda: pick("M", "F", "M/F"),
    "dates": lambda: f"{number(1, 29)}/{number(1, 13)}/2024",
    "decimals": lambda: f"{number(1, 29)},{number(1, 100)}",
    "thousands": lambda: f"{number(1, 29)},{number(100, 1000)}",
    "fractions": lambda: f"{number(1, 10)}/{number(2, 10)}",
    "pairs": lambda: f"{number(1, 10)};{number(1, 10)}",
    "fields": lambda: f"{pick('red', 'blue')}/{pick('large', 'small')}",
    "persons": lambda: f"{pick('Smith', 'Lee', 'Wu')}, {pick('Ann', 'Bob', 'Cy')}",
    "firms": lambda: pick("Smith & Sons", "AT&T", "Lee & Co", "Wu"),
    "sentences": lambda: " ".join(pick("the", "cat", "sat,", "on;", "it") for _ in range(9)),
    "paths": lambda: f"a/{pick('x', 'y')}/{number(0, 400)}.png",
    "mappings": lambda: json.dumps({"a": number(0, 4)}),
    "in brackets": lambda: f"({pick(*TOWNS)})",
    "numbers": lambda: f"[{number(0, 9)}, {number(0, 9)}]",
}


@pytest.mark.parametrize("draw", WHOLE.values(), ids=WHOLE)
def test_names_and_numbers_are_no_sets(draw):
    assert found([draw() for _ in range(300)]) is None


def test_codes_in_lists_of_many_lengths_are_sets():
    lists = [[1, 7, 30][: 1 + row % 3] for row in range(60)]
    assert found(lists).labels == 3
    assert found([[1, 7, 30]] * 60) is None
    assert SetFormat().read(column([[1, 7], [], None])) == [["1", "7"], [], None]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.text(max_size=6), max_size=4), min_size=1), st.sampled_from("|;,"))
def test_a_cell_alone_is_read_as_in_its_column(lists, mark):
    texts = [mark.join(labels) for labels in lists]
    sets = SetFormat(mark).read(column(texts))
    assert sets == [SetFormat(mark).read(column([text]))[0] for text in texts]
    for labels in sets:
        assert labels is None or len(set(labels)) == len(labels)


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_any_text_is_read(text):
    labels = SetFormat().labels(text)
    assert all(label == label.strip() != "" for label in labels)


def test_answers_join_labels_as_they_were():
    assert SetFormat(";").between(column(["a; b", "b; c", "a;c"])) == "; "
    assert SetFormat().between(column(["['a']", "[]"])) is None
    assert SetFormat(",").between(column(["a"])) == ","


def test_a_delimiter_that_cannot_be_and_cells_that_hold_no_labels():
    with pytest.raises(ConfigError, match="should not be empty"):
        SetFormat.of("")
    with pytest.raises(DataError, match=r"row 1, column 'x': expected lists of labels"):
        SetFormat().read(column([b"a"]))


def test_a_named_kind_finds_its_delimiter():
    few = column(["a, b", "c", "d"])
    assert find_sets(Profile(few)) is None
    assert SetFormat.of(None, few) == SetFormat(",")
    assert SetFormat.of(None, column(["a", "b"])) == SetFormat("|")
