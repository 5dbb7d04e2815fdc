"""The running mean of weights: by hand, what it leaves alone, and what it costs."""

import pytest
import torch
from torch import nn

from torso.training.average import Average


def model(value=0.0):
    made = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1), nn.Linear(1, 1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(value)
    made[2].requires_grad_(False)
    return made


def fill(made, value):
    with torch.no_grad():
        made[0].weight.fill_(value)


def test_a_mean_by_hand():
    made = model()
    average = Average(made, 0.5)
    weights = []
    for step, value in enumerate([4.0, 8.0, 16.0], start=1):
        fill(made, value)
        average.update(step)
        with average.shown():
            weights.append(made[0].weight.item())
    # decay min(0.5, (1 + step) / (10 + step)): 4, then 1/4 of it and 3/4 of 8, then 4/13 and 9/13 of 16
    assert weights == pytest.approx([4.0, 3 / 12 * 4 + 9 / 12 * 8, 4 / 13 * 7 + 9 / 13 * 16])


def test_what_stands_still_stays_to_the_last_digit_even_infinity():
    made = model(0.1)
    made.register_buffer("ends", torch.tensor([0.3, torch.inf, -torch.inf]))
    average = Average(made, 0.9)
    for step in range(1, 5):
        average.update(step)
    assert torch.equal(average.mean["ends"], made.ends)
    assert torch.equal(average.mean["0.weight"], made[0].weight)


def test_the_models_own_weights_come_back_whatever_happens():
    made = model()
    average = Average(made, 0.9)
    average.update(1)
    fill(made, 5.0)
    with pytest.raises(RuntimeError), average.shown():
        assert made[0].weight.item() == 0.0
        raise RuntimeError
    assert made[0].weight.item() == 5.0


def test_what_is_frozen_or_counts_is_not_averaged_and_statistics_are():
    average = Average(model(), 0.9)
    average.update(1)
    assert set(average.mean) == {
        "0.weight",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
    }


def test_without_decay_nothing_is_kept():
    made = model()
    average = Average(made, 0.0)
    average.update(1)
    assert not average.mean
    fill(made, 3.0)
    with average.shown():
        assert made[0].weight.item() == 3.0


def test_a_restored_mean_goes_on_as_if_never_interrupted():
    made = model()
    whole = Average(made, 0.9)
    for step in (1, 2):
        fill(made, float(step))
        whole.update(step)
    again = Average(made, 0.9)
    again.restore({name: value.clone() for name, value in whole.mean.items()})
    fill(made, 7.0)
    for average in (whole, again):
        average.update(3)
    assert all(torch.equal(whole.mean[name], again.mean[name]) for name in whole.mean)
