"""What a user holds after a fit: answers in order, in every form; saved, loaded, moved."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pandas as pd
import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import INPUTS, MEDIA, TARGETS, TINY, write
from torso.core.errors import DataError
from torso.runs.predicting.prediction import Prediction
from torso.runs.predicting.predictor import MOVED, Predictor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predictor")
    table = tables.make(folder)
    settings = {**TINY, **MEDIA, "data.cache": str(folder / "cache")}
    torso.fit(table, TARGETS, out=folder / "run", settings=settings)
    return folder


@pytest.fixture
def run(folder):
    return torso.load(folder / "run", device="cpu")


@pytest.fixture
def table(folder):
    return folder / "table.csv"


def test_columns_of_the_answers(run, table):
    answers = run.predict(table)
    assert list(answers) == [
        "colour",
        "colour_probability",
        *(f"colour_probability_{name}" for name in ("blue", "green", "red")),
        "loud",
        "loud_probability",
        "loud_probability_no",
        "loud_probability_yes",
        "price",
        "price_spread",
        "price_low",
        "price_high",
    ]
    shares = answers[[f"colour_probability_{name}" for name in ("blue", "green", "red")]]
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(shares.max(axis=1), answers["colour_probability"])
    assert (answers["price_spread"] > 0).all()


def test_a_row_is_answered_alike_alone_in_any_order_and_in_any_batch(run, table, monkeypatch):
    frame, root = pd.read_csv(table), table.parent
    whole = run.predict(frame, root=root)
    order = np.random.default_rng(0).permutation(40)
    mixed = run.predict(frame.iloc[order], root=root)
    assert list(mixed.index) == list(order)
    rtol = 1e-3  # another batch may be computed by another kernel
    pd.testing.assert_frame_equal(mixed.loc[range(40)], whole, rtol=rtol, check_index_type=False)
    small = run.predict(frame, root=root, batch_size=7)
    pd.testing.assert_frame_equal(small, whole, rtol=rtol)
    monkeypatch.setattr("torso.runs.predicting.answering.PIECE", 9)
    pd.testing.assert_frame_equal(run.predict(frame, root=root), whole, rtol=rtol)
    row = frame.iloc[5].to_dict()
    one = run.predict(row, root=root)
    assert len(one) == 1
    assert one["price"][0] == pytest.approx(whole["price"][5], rel=rtol)


def test_targets_are_not_needed_and_not_read(run, table):
    frame = pd.read_csv(table)
    expected = run.predict(frame, root=table.parent)
    pd.testing.assert_frame_equal(run.predict(frame[INPUTS], root=table.parent), expected)
    frame["price"] = "not a number"
    pd.testing.assert_frame_equal(run.predict(frame, root=table.parent), expected)


def test_kept_columns_come_first(run, table):
    answers = run.predict(table, keep=["photo", "size"])
    assert list(answers)[:3] == ["photo", "size", "colour"]
    assert answers["photo"][39] == "files/39.png"
    with pytest.raises(DataError, match="Did you mean 'photo'"):
        run.predict(table, keep=["phot"])


def test_evaluate_equals_a_count_by_hand(run, table):
    reports = run.evaluate(table, resamples=20)
    answers, truth = run.predict(table), pd.read_csv(table)
    accuracy = (answers["colour"] == truth["colour"]).mean()
    assert reports["colour"].metrics["accuracy"].value == pytest.approx(accuracy)
    error = (answers["price"] - truth["price"]).abs().mean()
    assert reports["price"].metrics["mae"].value == pytest.approx(error, rel=1e-5)
    assert reports["loud"].rows == 40


def test_evaluate_with_some_targets_only(run, table):
    frame = pd.read_csv(table).drop(columns=["price"])
    reports = run.evaluate(frame, root=table.parent, resamples=0)
    assert (reports["price"].labels, reports["loud"].labels) == (0, 40)


def test_saving_and_loading_change_nothing(run, table, tmp_path):
    run.save(tmp_path / "copy")
    other = torso.load(tmp_path / "copy")
    pd.testing.assert_frame_equal(other.predict(table), run.predict(table))
    assert other.metrics == run.metrics
    assert other.baselines == run.baselines
    assert str(other.reports) == str(run.reports)
    assert other.schema.state() == run.schema.state()


def test_loading_does_not_touch_the_callers_randomness(folder):
    import torch

    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    torso.load(folder / "run")
    assert torch.rand(1) == expected


def test_code_is_imported_only_for_a_trusted_run(tmp_path, monkeypatch):
    (tmp_path / "mine_for_a_test.py").write_text(
        "from torso.fusion.concat import Concat\n\n\nclass Mine(Concat):\n    '''Mine.'''\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings = {**TINY, "fusion": "mine_for_a_test:Mine"}
    torso.fit(tables.plain(), TARGETS, out=tmp_path / "run", settings=settings)
    with pytest.raises(ValueError, match="trust_code=True"):
        torso.load(tmp_path / "run")
    assert len(torso.load(tmp_path / "run", trust_code=True).predict(tables.plain())) == 40


def test_a_unit_is_the_users(tmp_path):
    columns = tables.plain()
    columns["price"] = [1e6 + 1e4 * row for row in range(40)]
    run = torso.fit(write(tmp_path / "t.csv", columns), ["price"], settings=TINY)
    answers = run.predict(columns)
    assert 1e6 < answers["price"].mean() < 1.4e6
    assert 1e4 < answers["price_spread"].mean() < 1e6


def test_types_of_the_classes_are_those_of_the_labels():
    columns = tables.plain()
    columns["colour"] = [row % 3 for row in range(40)]
    columns["loud"] = [row % 2 == 0 for row in range(40)]
    answers = torso.fit(columns, ["colour", "loud"], settings=TINY).predict(columns)
    assert answers["colour"].dtype == np.int64
    assert answers["loud"].dtype == bool
    assert {"colour_probability_0", "loud_probability_true"} <= set(answers)


def test_a_run_never_changes(run, tmp_path):
    with pytest.raises(FrozenInstanceError):
        run.folder = tmp_path
    copy = run.save(tmp_path / "copy")
    assert (copy.folder, run.folder.name) == (tmp_path / "copy", "run")


def test_eight_threads_get_what_each_gets_alone(run, table):
    """Each asks about other rows, of which other files cannot be read."""
    whole = pd.read_csv(table)

    def asked(number):
        frame = whole.iloc[number : number + 20 + number].reset_index(drop=True)
        frame.loc[number % 5, "photo"] = f"files/gone{number}.png"
        answers = run.predict(frame, root=table.parent, details=True)
        judged = run.evaluate(frame, root=table.parent, resamples=2, details=True)
        assert judged.skipped == answers.skipped
        return answers, judged

    alone = [asked(number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = [*pool.map(asked, [*range(8)] * 2)]
    for number, (answers, judged) in enumerate(together):
        expected, reports = alone[number % 8]
        pd.testing.assert_frame_equal(answers.columns, expected.columns)
        assert [cell.cell for cell in answers.skipped] == [f"files/gone{number % 8}.png"]
        assert answers.skipped == expected.skipped and answers.notes == expected.notes
        assert str(judged.reports) == str(reports.reports)


def test_old_spellings_say_the_new_ones_which_exist(run):
    held = {field.name for kind in (Prediction, Predictor) for field in fields(kind)}
    for old, new in MOVED.items():
        with pytest.raises(AttributeError) as error:
            getattr(run, old)
        assert f"It is `{new}`." in str(error.value)
        last = new.rpartition(".")[2]
        assert last in held or hasattr(torso.Searcher if "Searcher" in new else Predictor, last)
    with pytest.raises(AttributeError, match="'reprots'"):
        _ = run.reprots
