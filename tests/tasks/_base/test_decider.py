"""Thresholds, by hand and chosen: numbers worked out, and rules of all kinds."""

import numpy as np
import pytest

from torso.core.errors import ConfigError
from torso.tasks._base.class_weights import class_weights
from torso.tasks._base.decider import best_threshold, corrected
from torso.tasks.binary.deciding import BinaryDecider
from torso.tasks.category.deciding import CategoryDecider
from torso.tasks.multilabel.deciding import MultilabelDecider

SAID = np.array([0.9, 0.6, 0.3])
NAN = np.nan


def test_the_best_threshold_by_hand():
    """1.8 yes are to be expected. F1 of 1, 2, 3 answers: 1.8 / 2.8, 3 / 3.8, 3.6 / 4.8; the second is best."""
    assert best_threshold("f1", SAID, SAID) == pytest.approx(0.45)
    # 0.9 + 0.4 + 0.7 rows right with one answer, 0.9 + 0.6 + 0.7 with two, 1.8 with three
    assert best_threshold("accuracy", SAID, SAID) == pytest.approx(0.45)
    # recalls of yes and no with one answer: 0.5 and 1.1 / 1.2; with two: 1.5 / 1.8 and 0.7 / 1.2
    assert best_threshold("balanced_accuracy", SAID, SAID) == pytest.approx(0.75)
    assert (
        best_threshold("f1", np.array([0.2, 0.2]), np.array([0.2, 0.2])) < 0.2
    )  # equal rows go together


def test_labels_correct_probabilities_as_far_as_there_are_many():
    draw = np.random.default_rng(0)
    logit = draw.normal(size=4000)
    labels = (draw.random(4000) < 1 / (1 + np.exp(-logit))).astype(int)
    shifted = 1 / (1 + np.exp(-(logit + 2)))  # as after class weights of about 7
    said = np.stack([1 - shifted, shifted], axis=1)
    assert corrected(said, labels)[:, 1] == pytest.approx(1 / (1 + np.exp(-logit)), abs=0.03)
    single = corrected(np.array([[0.6, 0.4]]), np.array([1]))[0, 1]
    assert 0.4 < single < 0.65


def test_two_classes_are_decided_alike_as_binary_and_as_category():
    draw = np.random.default_rng(1)
    yes = draw.beta(1, 4, 500)
    labels = (draw.random(500) < yes).astype(int)
    both, names = np.stack([1 - yes, yes], axis=1), ["no", "yes"]
    for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
        binary = BinaryDecider(names).choose(metric, yes, labels.astype(float))
        category = CategoryDecider(names).choose(metric, both, labels)
        assert sum(category.values()) == pytest.approx(1)
        answers = BinaryDecider(names).decide(yes, binary, {})
        assert (CategoryDecider(names).decide(both, category, {}) == answers).mean() > 0.99
    hand = CategoryDecider(names).by_hand({"yes": 0.3})
    assert hand == pytest.approx({"no": 0.7, "yes": 0.3})
    assert np.array_equal(CategoryDecider(names).decide(both, hand, {}) == 1, yes > 0.3)


def test_thresholds_of_classes_answer_rare_ones():
    """Calibrated: balanced accuracy is best where each class has its frequency as its threshold."""
    draw = np.random.default_rng(2)
    frequencies = np.array([0.8, 0.15, 0.05])
    said = draw.dirichlet(8 * frequencies, 3000)
    labels = (said.cumsum(axis=1) < draw.random((3000, 1))).sum(axis=1)
    decider = CategoryDecider(["common", "some", "rare"])
    chosen = decider.choose("balanced_accuracy", said, labels)
    assert [*chosen.values()] == pytest.approx(frequencies, abs=0.03)
    whole = np.ones((1, 3000))
    for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
        limits = decider.choose(metric, said, labels)
        without, with_ = (
            decider.measure(metric, decider.decide(said, own, {}), labels)(whole)[0]
            for own in ({}, limits)
        )
        assert with_ >= without - 0.002
    assert decider.by_hand({"rare": 0.2}) == pytest.approx(
        {"common": 0.4, "some": 0.4, "rare": 0.2}
    )


def test_labels_have_thresholds_of_their_own_and_gaps_count_for_nothing():
    decider = MultilabelDecider(["a", "b"])
    said = np.tile([[0.9, 0.6], [0.6, 0.5], [0.3, 0.2], [0.8, 0.9]], (20, 1))
    truth = np.tile([[1, 1], [1, 1], [0, 0], [NAN, NAN]], (20, 1))
    for metric in ("macro_f1", "micro_f1", "accuracy", "balanced_accuracy"):
        chosen = decider.choose(metric, said, truth)
        assert (chosen["a"] == chosen["b"]) == (metric == "micro_f1")
        answers = decider.decide(said, chosen, {})
        assert decider.measure(metric, answers, truth)(np.ones((1, 80)))[0] == 1.0
    head = np.ones((4, 2), bool)  # labels that the head chooses
    assert decider.decide(said[:4], {"b": 0.5}, {"chosen": head}).T.tolist() == [
        [True] * 4,
        [True, True, False, True],
    ]
    # one yes too many in the only known label: F1 of a is 2 / 3, of b undefined
    known = np.array([[1, NAN], [0, NAN]])
    both = np.ones((2, 2), bool)
    assert decider.measure("macro_f1", both, known)(np.ones((1, 2)))[0] == pytest.approx(2 / 3)


def test_classes_are_named_as_yaml_reads_them():
    assert BinaryDecider(["false", "true"]).by_hand({True: 0.3}) == {"true": 0.3}
    assert BinaryDecider(["1", "2"]).by_hand({1: 0.3}) == {"2": 0.7}
    assert class_weights({True: 3}, ["false", "true"], None) == [1.0, 3.0]


@pytest.mark.parametrize(
    ("decider", "said", "message"),
    [
        (BinaryDecider(["ham", "spam"]), 1.5, "above 0 and below 1, such as 0.3.*Found 1.5"),
        (BinaryDecider(["ham", "spam"]), {"sapm": 0.3}, "'sapm'. Did you mean 'spam'"),
        (BinaryDecider(["ham", "spam"]), {"ham": 0.3, "spam": 0.3}, "one number, that of 'spam'"),
        (
            CategoryDecider(["a", "b", "c"]),
            0.3,
            "should say the class, such as {c: 0.2}. Found 0.3",
        ),
        (CategoryDecider(["a", "b", "c"]), {"a": 0.7, "b": 0.4}, "adds up to 1.1"),
        (MultilabelDecider(["a", "b"]), {"a": "high"}, "Found 'high'"),
        (MultilabelDecider(["a", "b"]), True, "Found True"),
    ],
)
def test_what_is_no_threshold_is_told(decider, said, message):
    with pytest.raises(ConfigError, match=message):
        decider.by_hand(said)
