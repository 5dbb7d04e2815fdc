"""The labels that `inspect` names are those that are learnt, and come back as they were written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torso.columns.inputs import SetInput
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import read_table
from torso.tasks.multilabel import MultilabelTarget

LABELS = ["old", "hot tub", "red", "TRUE", "2nd"]


def column(values):
    return read_table({"x": values}).column("x")


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 1000),
    st.floats(0.1, 0.9),
    st.sampled_from(["|", "; ", ", ", "/", "\n", str, list]),
)
def test_the_guess_is_learnt(seed, share, form):
    draws = np.random.default_rng(seed).random((50, len(LABELS))) < share
    sets = [[label for label, drawn in zip(LABELS, row, strict=True) if drawn] for row in draws]
    cells = column([form.join(s) if isinstance(form, str) else form(s) for s in sets])
    guess = MultilabelTarget.recognise(Profile(cells))
    if guess is None:
        return
    target, named, entry = MultilabelTarget(**guess.settings), MultilabelTarget(), SetInput()
    for kind in (target, named, entry):
        kind.fit(cells)
    assert target.labels == named.labels == sorted(entry.values)
    assert f"{len(target.labels)} labels" in guess.why
    assert set(target.labels) <= set(LABELS)
    assert MultilabelTarget.suggest(Profile(cells)) == guess.settings
    truth = target.encode(cells, Reading())
    answers = target.columns("x", np.nan_to_num(truth), {})["x"]
    again = target.encode(column(answers.to_pylist()), Reading())
    known = ~np.isnan(truth).any(axis=1) & ~np.isnan(again).any(axis=1)
    np.testing.assert_array_equal(again[known], truth[known])


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        (["b; a", "a; b", "c"], "a; b"),
        (["b;a", "a;b", "c"], "a;b"),
        (["['b', 'a']", "['c']"], '["a", "b"]'),
        ([["b", "a"], ["c"]], ["a", "b"]),
    ],
)
def test_labels_come_back_as_they_were_written(values, answer):
    target = MultilabelTarget()
    target.fit(column(values))
    assert target.columns("x", np.array([[0.9, 0.8, 0.1]]), {})["x"].to_pylist() == [answer]
    other = MultilabelTarget()
    other.restore(target.state())
    assert other.state() == target.state()
    assert other.columns("x", np.array([[0.9, 0.8, 0.1]]), {})["x"].to_pylist() == [answer]


def test_a_run_of_the_first_format_joins_with_its_delimiter():
    target = MultilabelTarget(delimiter=",")
    target.restore({"labels": ["a", "b"], "joined": True})
    assert target.columns("x", np.ones((1, 2)), {})["x"].to_pylist() == ["a,b"]
    assert target.encode(column(["b,a"]), Reading()).tolist() == [[1, 1]]


def test_most_rows_may_have_a_single_label():
    cells = column(["goat"] * 40 + ["cow"] * 50 + ["cow|goat", "cow|sheep", "sheep"] * 3)
    guess = MultilabelTarget.recognise(Profile(cells))
    assert guess is not None and guess.settings == {"delimiter": "|"}


def test_a_common_mark_says_how_to_choose_otherwise():
    cells = column(["goat, cow", "cow", "sheep, cow", "goat", "sheep, goat", "sheep"] * 20)
    assert "choose category" in MultilabelTarget.recognise(Profile(cells)).why


def test_nothing_but_gaps_is_refused():
    with pytest.raises(DataError, match="at least one label"):
        MultilabelTarget().fit(column([None, None]))
