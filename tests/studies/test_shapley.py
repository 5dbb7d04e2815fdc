"""Shapley values: numbers worked by hand, and the axioms."""

import numpy as np
import pytest

from torso.studies.shapley import coalitions, marginals, orders, shapley, standard_error, weight

GLOVES = ("left", "right one", "right two")


def gloves(some):
    """One pair is worth 1: the owner of the only left glove gets 2/3, either right one 1/6 (Shapley 1953)."""
    return float("left" in some and len(some) > 1)


def test_the_game_of_gloves():
    shares = shapley(GLOVES, gloves)
    assert [float(shares[name]) for name in GLOVES] == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_shares_sum_to_the_worth_of_all_and_idle_players_get_nothing():
    rng = np.random.default_rng(0)
    worth = {some: rng.normal(size=3) for some in coalitions("abcd")}
    for some in list(worth):
        worth[some | {"e"}] = worth[some]
    shares = shapley("abcde", worth.__getitem__)
    whole = worth[frozenset("abcde")] - worth[frozenset()]
    assert np.sum(list(shares.values()), axis=0) == pytest.approx(whole)
    assert shares["e"] == pytest.approx(np.zeros(3))


def test_weights_of_all_coalitions_without_a_player_sum_to_one():
    assert sum(weight(len(some), 6) for some in coalitions(range(5))) == pytest.approx(1)


def test_sampled_orders_are_exact_for_sums_and_near_for_the_rest():
    draw = np.random.default_rng(1)
    drawn = orders(range(5), 400, draw)
    assert drawn[1] == drawn[0][::-1]
    added = marginals(drawn, lambda some: float(sum(some)))
    assert all((added[player] == player).all() for player in range(5))
    added = marginals(drawn, lambda some: float(sum(some)) ** 2)
    exact = shapley(range(5), lambda some: float(sum(some)) ** 2)
    for player in range(5):
        error = max(float(standard_error(added[player])), 1e-9)
        assert abs(added[player].mean() - exact[player]) < 4 * error


def test_an_order_alone_has_no_error():
    assert np.isnan(standard_error(np.ones((3, 2)))).all()
