"""The words that mean "missing" are the same wherever cells are read."""

import numpy as np
import pyarrow as pa
import pytest

import torso
from torso.columns import cells
from torso.columns.profile import Profile
from torso.columns.reading import Reading, ReadOptions
from torso.inference import inspect_table
from torso.tables.missing import says_missing
from torso.tables.table import read_table

WORDS = ["NA", "n/a", "NaN", "null", "None"]
SIGNS = ["?", "-", "--"]


def test_a_row_alone_misses_what_it_misses_in_a_table():
    row = {"padded": " x ", "blank": "  ", "sign": " ? ", "gap": float("nan"), "code": -999}
    for missing in ((), ("?", "-999"), ()):  # kept cells know no texts of the table before
        alone, many = (read_table([row] * rows, missing=missing) for rows in (1, 9))
        assert alone.data.to_pylist() == many.data.to_pylist()[:1]


def test_words_are_missing_numbers_in_a_file_and_in_a_frame(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["x", *WORDS, "7"]))
    column = read_table(tmp_path / "t.csv").column("x")
    for given in (column, read_table({"x": [*WORDS, "7"]}).column("x")):
        numbers = cells.numbers(given, Reading(ReadOptions(on_error="fail")))
        np.testing.assert_array_equal(numbers, [np.nan] * len(WORDS) + [7.0])


def test_signs_are_never_read_as_missing_unasked():
    assert not any(says_missing(pa.array(SIGNS)).to_pylist())
    assert read_table({"x": [*SIGNS, "7"]}).column("x").values.null_count == 0


def values(texts):
    return Profile(read_table({"x": texts}).column("x"))


def test_signs_and_words_unlike_the_others_are_missing():
    profile = values([*WORDS, *SIGNS, *["Nan bread", "Naan"] * 9])
    assert set(profile.values) == {"None", "Nan bread", "Naan"}  # written like the others
    assert sorted(profile.signs) == sorted({*WORDS, *SIGNS} - {"None"})
    assert profile.markers == ["None"]


@pytest.mark.parametrize(
    "texts,missing",
    [
        (["Low", "High"] * 9 + ["None"] * 4, ()),
        (["None", "Some", "Much"] * 9, ()),
        (["none", "mild", "severe"] * 9, ()),
        (["US", "FR", "DE"] * 9 + ["NA"] * 5, ()),
        (["red", "blue"] * 9 + ["None"] * 4, ("None",)),
        (["red", "blue"] * 9 + ["NA"] * 4, ("NA",)),
        (["YES", "NO"] * 9 + ["NULL"] * 3, ("NULL",)),
        (["Adult", "Juvenile"] * 9 + ["?"] * 2, ("?",)),
        (["Adult", "Juvenile"] + ["?"] * 20, ()),  # most cells: a value of its own
        (["+"] * 9 + ["-"] * 5, ()),  # a test's result
        (["A1", "B2", "C3"] * 9 + ["none"] * 20, ("none",)),
        (["Köln", "Bonn"] * 9 + ["–"] * 2 + ["n.a."], ("–", "n.a.")),
        (["好", "坏"] * 9 + ["-"] * 2, ("-",)),
    ],
)
def test_a_sign_is_missing_where_it_is_rare_and_foreign(texts, missing):
    assert values(texts).signs == missing


def test_an_input_and_a_target_read_the_signs_as_missing(tmp_path):
    rng = np.random.default_rng(0)
    age = rng.choice(["Adult", "Juvenile", "?"], 120, p=[0.6, 0.3, 0.1])
    drinks = rng.choice(["None", "Some", "Much"], 120)
    run = torso.fit(
        {"age": age, "drinks": drinks, "y": rng.normal(size=120)},
        ["age", "drinks"],
        settings={"training.epochs": 1},
    )
    assert run.schema.targets["age"].names == ["Adult", "Juvenile"]
    assert run.schema.targets["drinks"].names == ["Much", "None", "Some"]
    assert run.config.targets["age"]["missing"] == ["?"]
    told = inspect_table(read_table({"age": age, "y": range(120)}), ["age"])[0].warnings
    assert "--set 'targets.age.missing=[]' --set targets.age.kind=category" in told[0]
    run = torso.fit(
        {"age": age, "y": rng.normal(size=120)},
        ["age"],
        settings={"training.epochs": 1, "targets.age.missing": [], "targets.age.kind": "category"},
    )
    assert run.schema.targets["age"].names == ["?", "Adult", "Juvenile"]
