"""Files that are whole or absent, and JSON that holds whatever comes."""

import json

import numpy as np
import pytest

from torso.core.whole_files import json_text, whole_file, write_whole


def test_a_draft_takes_the_place_of_the_file_only_when_it_is_done(tmp_path):
    write_whole(tmp_path / "a", "old")
    with pytest.raises(OSError, match="full"), whole_file(tmp_path / "a") as draft:
        draft.write_text("ne")
        raise OSError("the disk is full")
    assert (tmp_path / "a").read_text() == "old"
    write_whole(tmp_path / "a", "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a", "new")]


def test_json_of_everything_that_a_report_may_hold(tmp_path):
    value = {
        "numbers": (np.float32("inf"), np.int64(3), float("nan"), [-np.inf, 0.5]),
        "array": np.array([1.0, np.nan]),
        "odd": "\ud800 ü",
    }
    write_whole(tmp_path / "x.json", json_text(value))
    read = json.loads((tmp_path / "x.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert read == {
        "numbers": [None, 3, None, [None, 0.5]],
        "array": [1.0, None],
        "odd": "\ud800 ü",
    }
    assert json_text({"ü": 1}) == '{"ü": 1}'
