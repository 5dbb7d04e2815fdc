"""The exam's metrics are scikit-learn's, its resamples are honest, and a fold keeps groups whole."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score

from benchmarks.contest.answers import Answers, Store
from benchmarks.contest.entries import entry_of
from benchmarks.contest.own_run import answers_of
from benchmarks.contest.scores import counts_of, figures, main_scores
from benchmarks.contest.shown import lines_of
from benchmarks.contest.tables import Question, labels_of, read_table
from benchmarks.contest.verdict import judge, overview


@pytest.fixture
def table(tmp_path):
    rows = pd.DataFrame(
        {
            "shop": [f"shop {row // 4}" for row in range(80)],
            "price": [str(10.0 * row) for row in range(79)] + [""],
            "open": ["TRUE", "FALSE"] * 40,
            "tags": ["new|red", "", "red", "new"] * 20,
        }
    )
    spec = {
        "inputs": {"shop": "text"},
        "targets": {
            "price": {"kind": "number", "heavy": True},
            "open": {"kind": "binary", "positive": "TRUE"},
            "tags": "multilabel",
        },
        "group": "shop",
    }
    rows[:60].to_csv(tmp_path / "train.csv", index=False)
    rows[60:].to_csv(tmp_path / "test.csv", index=False)
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    (tmp_path / "bars.json").write_text(json.dumps({"targets": {"price": {"main": "r2_log1p"}}}))
    return tmp_path


def drawn(counts):
    return np.repeat(np.arange(counts.shape[1]), counts[0].astype(int))


def test_metrics_on_a_resample_are_those_of_the_rows_repeated():
    random = np.random.default_rng(0)
    counts = counts_of(50, 1, seed=3)
    rows = drawn(counts)
    truth, values = random.gamma(2.0, size=50), random.gamma(2.0, size=50)
    for main, metric in (
        ("r2", r2_score),
        ("r2_log1p", lambda a, b: r2_score(np.log1p(a), np.log1p(b))),
    ):
        question = Question("x", "number", main, heavy=True)
        got = main_scores(question, truth, Answers(values), counts)
        assert got == pytest.approx(metric(truth[rows], values[rows]))
    labels = random.choice(["a", "b"], 50).astype(object)
    scores = random.integers(0, 6, (50, 2)) / 5  # with ties
    answers = Answers(random.choice(["a", "b"], 50), scores, ("a", "b"))
    got = main_scores(Question("x", "binary", "auroc", positive="a"), labels, answers, counts)
    assert got == pytest.approx(roc_auc_score(labels[rows] == "a", scores[rows, 0]))
    got = main_scores(Question("x", "category", "accuracy"), labels, answers, counts)
    assert got == pytest.approx(accuracy_score(labels[rows].astype(str), answers.values[rows]))
    both = figures(Question("x", "binary", "auroc", positive="a"), labels, answers)
    assert both["macro_f1"] == pytest.approx(
        f1_score(labels.astype(str), answers.values, average="macro")
    )


def test_sets_are_scored_by_all_labels_together():
    truth = np.array([frozenset("ab"), None, frozenset("c")], dtype=object)
    answers = Answers(np.array([[1, 0], [1, 1], [1, 0]], dtype=bool), None, ("a", "b"))
    got = main_scores(Question("x", "multilabel", "micro_f1"), truth, answers)
    assert got == pytest.approx(2 * 1 / (3 + 2))  # label c, which no answer has, counts as missed


def test_rows_without_label_do_not_count(table):
    whole = read_table(table)
    question = whole.questions["price"]
    truth = labels_of(question, whole.test["price"])
    assert np.isnan(truth[-1])
    assert question.main == "r2_log1p"
    assert figures(question, truth, Answers(np.nan_to_num(truth)))["r2"] == 1.0


def test_a_fold_keeps_groups_whole_and_takes_nothing_of_the_test_table(table):
    folds = [read_table(table, fold) for fold in range(5)]
    assert sum(len(fold.test) for fold in folds) == 60
    for fold in folds:
        assert not {*fold.train["shop"]} & {*fold.test["shop"]}
    assert {row for fold in folds for row in fold.test["price"]} == {
        *read_table(table).train["price"]
    }


def test_answers_are_written_as_the_training_rows_write_them(table):
    whole = read_table(table)
    frame = pd.DataFrame(
        {
            "open": [True, False],
            "open_probability_true": [0.9, 0.2],
            "open_probability_false": [0.1, 0.8],
            "tags": ["red|new", ""],
            "tags_probability_red": [0.9, 0.1],
        }
    )
    yes = answers_of(whole, whole.questions["open"], frame)
    assert yes.values.tolist() == ["TRUE", "FALSE"]
    assert yes.classes == ("FALSE", "TRUE")
    assert yes.scores[:, 1] == pytest.approx([0.9, 0.2])
    tags = answers_of(whole, whole.questions["tags"], frame)
    assert tags.classes == ("new", "red")
    assert tags.values.tolist() == [[True, True], [False, False]]


def test_the_store_gives_back_what_it_kept(table, tmp_path):
    whole, store = read_table(table), Store(tmp_path / "kept")
    answers = Answers(np.array([[True]]), np.array([[0.5]]), ("a/b",), {"cpu_seconds": 1.5})
    assert not store.has(whole, "me", 0, "a/b?")
    store.save(whole, "me", 0, "a/b?", answers)
    kept = store.load(whole, "me", 0, "a/b?")
    assert (kept.classes, kept.costs) == (("a/b",), {"cpu_seconds": 1.5})
    assert (store.contestants(whole), store.seeds(whole, "me")) == (["me"], [0])


def test_the_verdict_pairs_rows_and_ranks_families(table, tmp_path):
    whole, store = read_table(table), Store(tmp_path / "kept")
    truth = np.nan_to_num(labels_of(whole.questions["price"], whole.test["price"]))
    wrong = truth[np.random.default_rng(0).permutation(len(truth))]
    store.save(whole, "torso", 0, "price", Answers(truth + 1.0))
    store.save(whole, "torso", 1, "price", Answers(truth - 1.0))
    store.save(whole, "linear", 0, "price", Answers(wrong))
    store.save(whole, "linear_log", 0, "price", Answers(truth))
    store.save(whole, "constant", 0, "price", Answers(np.full(len(truth), truth.mean())))
    entry = entry_of(whole, store, "torso", {})
    judge(whole, store, entry, "torso")
    met = entry["targets"]["price"]["against"]["best plain"]
    assert (met["rival"], met["verdict"]) == ("linear_log", "behind")
    assert met["low"] < met["lead"] < met["high"] < 0
    assert sorted(entry["targets"]["price"]["scores"]["torso"]) == ["0", "1"]
    seen = overview({"tables": {"mine": entry}}, "torso")
    assert seen["against"]["best plain"]["behind"] == 1
    # first and second of five, and a shared place where nobody answers
    assert seen["mean_rank"]["all"]["linear"] == pytest.approx((1 + 3 + 3) / 3, abs=1e-3)
    assert seen["mean_rank"]["all"]["torso"] == pytest.approx((2 + 3 + 3) / 3, abs=1e-3)
    assert "failed" not in entry["targets"]["price"]
    assert entry["targets"]["open"]["failed"]  # Torso ran and has no answer
    assert seen["failed"] == 2
    assert all(len(line) <= 100 for line in lines_of("mine", entry, "torso"))


def test_plain_contestants_answer_every_kind(table, tmp_path):
    pytest.importorskip("lightgbm")
    from benchmarks.contest.plain import run_plain

    whole, store = read_table(table), Store(tmp_path / "kept")
    run_plain(whole, store)
    for who in ("constant", "linear", "hgb", "lightgbm"):
        for question in whole.questions.values():
            answers = store.load(whole, who, 0, question.name)
            assert len(answers.values) == len(whole.test), (who, question.name)
    assert store.has(whole, "linear_log", 0, "price")
    assert not store.has(whole, "linear_log", 0, "open")
