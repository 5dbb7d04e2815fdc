"""Run folders that the first layout of the code wrote (before rooms moved) load and answer as they did then.

`first_format/` holds such a run, its table and the answers that it gave.
"""

from pathlib import Path

import pandas as pd
import pytest

import torso

FOLDER = Path(__file__).parent / "first_format"


@pytest.fixture(scope="module")
def run():
    return torso.load(FOLDER / "run", device="cpu")


def test_answers_are_the_same(run):
    expected = pd.read_csv(FOLDER / "answers.csv")
    answers = run.predict(FOLDER / "table.csv")
    words = expected.select_dtypes(exclude="number").columns
    assert list(answers) == list(expected)
    assert answers[words].astype(str).equals(expected[words].astype(str))
    numbers = expected.columns.difference(words)
    pd.testing.assert_frame_equal(
        answers[numbers].astype(float), expected[numbers].astype(float), rtol=1e-4
    )


def test_its_report_can_be_read(run):
    scores = run.scores()
    assert set(scores["task"]) == {"price", "kind", "stars"}
    assert scores["value"].notna().any()
    assert run.report.curves == ()  # they were not stored then
    assert "stars" in repr(run)
