"""The honest comparison: a number worked by hand, whole groups, and rows that lack a label."""

import math

import numpy as np
import pytest

from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.tune.compared import BETTER, EVEN, UNTESTED, WORSE, Unseen, compared


def held_out(probabilities, labels, *, groups=None, split="test", task="loud"):
    truth = np.asarray(labels, float)
    answers = TaskAnswers(
        "binary", truth, np.asarray(probabilities, float), baseline={"frequency": 0.5, "labels": 2}
    )
    return HeldOut(split, np.arange(len(truth)), len(truth), {task: answers}, groups)


def test_a_gain_worked_by_hand():
    labels = [1.0, 1.0, 0.0, 0.0] * 5
    default, tuned = held_out([0.5] * 20, labels), held_out([0.8, 0.8, 0.2, 0.2] * 5, labels)
    unseen = compared(default, tuned, ("loud",), 0)
    assert unseen.gain.value == pytest.approx(100 * (1 - 0.5 / 0.8))  # perplexity 1/0.8, not 1/0.5
    assert unseen.verdict == BETTER
    assert compared(tuned, default, ("loud",), 0).verdict == WORSE
    assert compared(default, default, ("loud",), 0).verdict == EVEN
    assert Unseen.from_dict(unseen.to_dict()) == unseen


def test_rows_without_a_label_count_for_nothing():
    labels = [1.0, math.nan, 1.0]
    unseen = compared(
        held_out([0.5, 0.5, 0.5], labels), held_out([0.8, 0.1, 0.8], labels), ("loud",), 0
    )
    assert unseen.gain.value == pytest.approx(37.5)


def test_five_labels_prove_nothing():
    labels = [1.0] * 5 + [math.nan] * 95
    unseen = compared(held_out([0.5] * 100, labels), held_out([0.8] * 100, labels), ("loud",), 0)
    assert unseen.gain.low > 0
    assert (unseen.fewest, unseen.verdict) == (5, EVEN)


def test_one_group_of_rows_is_no_evidence():
    groups, labels = np.zeros(40, int), [1.0] * 40
    unseen = compared(
        held_out([0.5] * 40, labels, groups=groups), held_out([0.8] * 40, labels), ("loud",), 0
    )
    assert unseen.verdict == UNTESTED


def test_rows_that_the_search_saw_prove_nothing():
    seen = held_out([0.5] * 4, [1.0] * 4, split="validation")
    assert compared(seen, seen, ("loud",), 0).verdict == UNTESTED
    assert compared(None, None, ("loud",), 0).verdict == UNTESTED
