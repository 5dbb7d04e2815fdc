"""Free settings: draws lie inside, and the draws that stand for a value give it back."""

import optuna
import pytest

from torso.studies.tune.dimensions import Choice, Simplex, Span, Steps

DIMENSIONS = [
    Span(1e-4, 1e-2, log=True),
    Span(0.0, 0.5),
    Span(2, 8, whole=True),
    Steps((32, 64, 128)),
    Choice(("gated", {"type": "late", "hidden": 8}, None, True)),
    Simplex(("digit", "ink", "pen")),
]


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=str)
def test_a_drawn_value_is_drawn_again_by_its_numbers(dimension):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        drawn = dimension.draw("x", study.ask())
        numbers = dimension.numbers("x", drawn)
        again = dimension.draw("x", optuna.trial.FixedTrial(numbers))
        if not isinstance(dimension, Simplex):
            assert again == drawn
            continue
        # weights are rounded, and a common factor of them does not matter
        pairs = zip(again["weights"].values(), drawn["weights"].values(), strict=True)
        assert all(ours == pytest.approx(theirs, rel=0.02) for ours, theirs in pairs)


def test_weights_have_mean_1_and_keep_their_ratio():
    simplex = Simplex(("a", "b"))
    numbers = {"weight of a": 0.5, "weight of b": -0.5}
    drawn = simplex.draw("balancing", optuna.trial.FixedTrial(numbers))
    assert drawn == {"type": "fixed", "weights": {"a": 1.46, "b": 0.538}}  # 2e/(e+1), 2/(e+1)
    assert simplex.numbers("balancing", {"type": "famo"}) is None
    assert simplex.numbers("balancing", {"type": "fixed", "weights": {"a": 0.0}}) is None
    equal = {"weight of a": 0.0, "weight of b": 0.0}
    assert simplex.numbers("balancing", "equal") == equal
    assert simplex.numbers("balancing", {"type": "fixed", "weights": [3, 3]}) == equal


def test_a_value_outside_has_no_numbers_and_a_span_can_be_widened():
    span = Span(1e-4, 1e-2, log=True)
    assert span.numbers("x", 0.05) is None
    assert span.holding(0.05) == Span(1e-4, 0.05, log=True)
    assert span.holding(0.0) == span  # no logarithm
    assert span.holding(None) == span
    assert Steps((32, 64)).numbers("x", 48) is None
    assert Choice(("a", "b")).numbers("x", "c") is None
