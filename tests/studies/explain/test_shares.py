"""Shares of parts within modalities, on games whose values are known."""

import numpy as np
import pytest

from torso.evaluation.estimate import Estimate
from torso.studies.explain.deletion import Deletion, deletion_tests
from torso.studies.explain.detail import FINE
from torso.studies.explain.shares import shares_of


class Game:
    """A row whose answer is any function of the parts that are there."""

    detail = FINE

    def __init__(self, blocks, worth):
        self.blocks = blocks
        self.parts = [None] * sum(map(len, blocks.values()))
        self._worth = worth

    def ask(self, coalitions):
        list(coalitions)

    def worth(self, coalition):
        return np.array([self._worth(coalition)], np.float64)


def shares(game):
    found = shares_of(game)
    modalities = {name: float(share[0]) for name, (share, _) in found.modalities.items()}
    return modalities, [float(share[0]) for share, _ in found.parts], found


def test_owen_values_worked_by_hand():
    """Parts 0 and 1 are one modality, 2 another; 0 and 2 together are worth 1: half each, nothing for 1."""
    game = Game({"a": (0, 1), "b": (2,)}, lambda some: {0, 2} <= some)
    modalities, parts, _ = shares(game)
    assert modalities == pytest.approx({"a": 0.5, "b": 0.5})
    assert parts == pytest.approx([0.5, 0.0, 0.5])


@pytest.mark.parametrize("modalities", [2, 8])
def test_sampled_shares_are_exact_for_sums_and_sum_up(modalities):
    blocks = {f"m{n}": tuple(range(10 * n, 10 * n + 10)) for n in range(modalities)}
    value = np.random.default_rng(0).normal(size=10 * modalities)
    by_modality, parts, found = shares(Game(blocks, lambda some: value[list(some)].sum()))
    assert parts == pytest.approx(value)
    for name, own in blocks.items():
        assert by_modality[name] == pytest.approx(value[list(own)].sum())
    squared = Game(blocks, lambda some: value[list(some)].sum() ** 2)
    by_modality, parts, found = shares(squared)
    assert sum(by_modality.values()) == pytest.approx(value.sum() ** 2)
    for name, own in blocks.items():
        assert sum(parts[n] for n in own) == pytest.approx(by_modality[name])
    assert all((error > 0).all() for _, error in found.parts)


def test_an_order_by_importance_passes_and_a_reversed_one_fails():
    value = np.arange(20.0)
    game = Game({"a": tuple(range(20))}, lambda some: value[list(some)].sum())
    (right,) = deletion_tests(game, value[:, None], [1.0])
    (wrong,) = deletion_tests(game, -value[:, None], [1.0])
    assert right.passed and right.beaten == 1 and "passed" in right.words()
    assert not wrong.passed and "slower than in random orders" in wrong.words()
    falling = Game({"a": tuple(range(20))}, lambda some: -value[list(some)].sum())
    (risen,) = deletion_tests(falling, value[:, None], [-1.0])
    assert risen.lead == right.lead


def test_parts_that_change_nothing_fail_the_test():
    game = Game({"a": (0, 1, 2)}, lambda some: 0.3)
    (test,) = deletion_tests(game, np.zeros((3, 1)), [1.0])
    assert not test.passed and "no faster than in random orders" in test.words()
    assert deletion_tests(Game({"a": (0,)}, len), np.ones((1, 1)), [1.0]) == [None]


def test_a_deletion_test_of_two_parts_says_how_little_it_tells():
    few = Deletion((0.0, 0.5, 1.0), (0.9, 0.4, 0.2), (0.9, 0.6, 0.2), Estimate(0.1, 0.05, 0.2), 0.5)
    assert few.passed and few.words().endswith(
        "Of 2 parts there are but 2 orders: chance alone often passes."
    )
    steps = tuple(n / 4 for n in range(5))
    many = Deletion(steps, steps, steps, Estimate(0.1, 0.05, 0.2), 1.0)
    assert "chance alone" not in many.words()
