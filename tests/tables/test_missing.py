"""The words that mean "missing" are the same wherever cells are read."""

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.profile import Profile
from torso.columns.reading import Reading, ReadOptions
from torso.tables.missing import says_missing
from torso.tables.table import read_table

WORDS = ["NA", "n/a", "NaN", "null", "None"]
SIGNS = ["?", "-", "--"]


def test_words_are_missing_numbers_in_a_file_and_in_a_frame(tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(["x", *WORDS, "7"]))
    column = read_table(tmp_path / "t.csv").column("x")
    for given in (column, read_table({"x": [*WORDS, "7"]}).column("x")):
        numbers = cells.numbers(given, Reading(ReadOptions(on_error="fail")))
        np.testing.assert_array_equal(numbers, [np.nan] * len(WORDS) + [7.0])


def test_signs_are_never_read_as_missing_unasked():
    assert not any(says_missing(pa.array(SIGNS)).to_pylist())
    assert read_table({"x": [*SIGNS, "7"]}).column("x").values.null_count == 0


def test_a_profile_notes_words_and_signs():
    profile = Profile(read_table({"x": [*WORDS, *SIGNS, "nan bread"]}).column("x"))
    assert profile.values == ["nan bread"]
    assert sorted(profile.markers) == sorted([*WORDS, *SIGNS])
