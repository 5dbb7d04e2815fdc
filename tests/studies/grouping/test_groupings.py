"""Groupings: exact against all partitions, greedy near it, singletons chosen, few models without evidence."""

from time import process_time

import numpy as np
import pytest

from torso.core.errors import ConfigError
from torso.studies.grouping import groupings, shrunk
from torso.studies.grouping.exact import best_partitions, subset_values
from torso.studies.grouping.greedy import good_partitions, partition_value

BELL = [1, 1, 2, 5, 15, 52, 203, 877]


def partitions(tasks):
    if not tasks:
        yield []
        return
    first, *rest = tasks
    for partition in partitions(rest):
        yield [[first], *partition]
        for at, group in enumerate(partition):
            yield [*partition[:at], [first, *group], *partition[at + 1 :]]


@pytest.mark.parametrize("count", range(1, 8))
def test_exact_equals_the_best_of_all_partitions(count):
    gain = np.random.default_rng(count).normal(size=(count, count))
    every = list(partitions(list(range(count))))
    assert len(every) == BELL[count]
    for number, (partition, value) in best_partitions(gain).items():
        assert len(partition) == number
        assert sorted(task for group in partition for task in group) == list(range(count))
        of_number = [partition_value(gain, own) for own in every if len(own) == number]
        assert value == pytest.approx(max(of_number))
        assert partition_value(gain, partition) == pytest.approx(value)


def test_a_subset_is_worth_the_mean_gains_of_its_tasks():
    gain = np.array([[9, 1, 2], [3, 9, 4], [5, 6, 9.0]])
    # {0, 1}: 3 + 1. {0, 1, 2}: (3 + 5) / 2 + (1 + 6) / 2 + (2 + 4) / 2.
    assert subset_values(gain).tolist() == [0, 0, 0, 4, 0, 7, 10, 10.5]


def test_greedy_is_near_exact_and_finds_planted_groups():
    reached = []
    for seed in range(20):
        gain = np.random.default_rng(seed).normal(size=(7, 7))
        exact = max(value for _, value in best_partitions(gain).values())
        reached.append(max(value for _, value in good_partitions(gain).values()) / exact)
    assert min(reached) > 0.8 and np.mean(reached) > 0.97
    family = np.arange(30) % 5
    gain = np.where(family[:, None] == family, 0.8, -0.3)
    best = groupings([f"t{n}" for n in range(30)], gain)[0]
    assert {frozenset(group) for group in best.groups} == {
        frozenset(f"t{n}" for n in range(30) if n % 5 == own) for own in range(5)
    }


def test_twelve_tasks_are_quick():
    gain = np.random.default_rng(0).normal(size=(12, 12))
    assert len(groupings(list("abcdefghijkl"), gain)) == 12


def test_a_hundred_tasks_take_seconds():
    family = np.arange(100) % 4
    gain = np.where(family[:, None] == family, 0.6, -0.3)
    began = process_time()
    best = groupings([f"t{n}" for n in range(100)], gain)[0]
    assert process_time() - began < 20
    assert {frozenset(group) for group in best.groups} == {
        frozenset(f"t{n}" for n in range(100) if n % 4 == own) for own in range(4)
    }


def test_single_tasks_where_all_harm_each_other():
    best = groupings(list("abc"), np.full((3, 3), -0.5))[0]
    assert best.groups == (("a",), ("b",), ("c",)) and best.gain == 0


def test_one_model_without_evidence():
    unknown = np.full((4, 4), np.nan)
    assert len(groupings(list("abcd"), unknown)[0].groups) == 1
    noise = np.full((4, 4), 2.0)
    assert len(groupings(list("abcd"), np.full((4, 4), -0.1), noise)[0].groups) == 1


def test_a_budget_of_models_holds():
    gain = np.full((5, 5), -0.9)
    assert max(len(own.groups) for own in groupings(list("abcde"), gain, most_models=2)) == 2


def test_noise_shrinks():
    assert shrunk(np.array([0.5]), np.array([0.5])).tolist() == [0.25]
    assert shrunk(np.array([0.5, np.nan]), np.array([0.0, np.nan])).tolist() == [0.5, 0.0]
    assert shrunk(np.array([0.0]), np.array([0.0])).tolist() == [0.0]


def test_order_of_tasks_changes_no_grouping():
    gain = np.random.default_rng(3).normal(size=(6, 6))
    order = np.random.default_rng(4).permutation(6)
    names = list("abcdef")
    first = groupings(names, gain)[0]
    second = groupings([names[task] for task in order], gain[np.ix_(order, order)])[0]
    assert {frozenset(own) for own in first.groups} == {frozenset(own) for own in second.groups}


@pytest.mark.parametrize(
    ("gain", "most", "message"),
    [
        (np.zeros((2, 3)), None, r"`gain` should be \[tasks, tasks\] = \[2, 2\]"),
        (np.zeros((2, 2)), 0, "`most_models` should be 1 or more. Found 0."),
    ],
)
def test_refusals(gain, most, message):
    with pytest.raises(ConfigError, match=message):
        groupings(["a", "b"], gain, most_models=most)
