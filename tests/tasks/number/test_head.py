"""Gaussian likelihoods in the user's unit."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from torso.core.errors import ConfigError, RunError
from torso.tasks import Head
from torso.tasks._base.recentring import recentring
from torso.tasks.number import Gaussian
from torso.tasks.vector import GaussianVector
from torso.training.checkpoint import load_state

NAN = torch.nan


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_one_number_by_hand():
    head = Gaussian(4, mean=10.0, std=2.0).double()
    outputs, targets = tensor([0.5], [9.0]), tensor(13.0, NAN)
    assert head.predict(outputs).tolist() == [11.0, 28.0]
    assert head.spread(outputs).tolist() == [2.0, 2.0]
    # standardised target 1.5, one off: 1/2 + log sqrt(2 pi)
    assert head.loss(outputs, targets).item() == pytest.approx(0.5 + 0.5 * math.log(2 * math.pi))


@pytest.mark.parametrize("spread", ["learned", "row"])
def test_the_likelihood_is_that_of_torch_distributions(spread):
    """... of the target in its own unit, but for the constant sum of log std."""
    torch.manual_seed(0)
    mean, std = tensor(50.0, -3.0), tensor(20.0, 0.1)
    head = GaussianVector(4, mean.tolist(), std.tolist(), spread=spread).double()
    if spread == "learned":
        torch.nn.init.normal_(head.log_spread)
    outputs = torch.randn(5, 4 if spread == "row" else 2, dtype=torch.float64)
    targets = mean + std * torch.randn(5, 2, dtype=torch.float64)
    log_density = Normal(head.predict(outputs), head.spread(outputs)).log_prob(targets)
    expected = -(log_density + std.log()).sum(dim=1)
    torch.testing.assert_close(head.nll(outputs, targets), expected, rtol=0, atol=1e-5)


def test_without_spread_it_is_the_squared_error():
    head = Gaussian(4, mean=10.0, std=2.0, spread="none").double()
    outputs = tensor([0.5], [0.0])
    assert head.nll(outputs, tensor(13.0, 10.0)).tolist() == [1.0, 0.0]
    assert head.spread(outputs) is None
    assert not [name for name, _ in head.named_parameters() if "spread" in name]


@pytest.mark.parametrize("spread", ["learned", "row", "none"])
def test_another_unit_is_another_unit_and_nothing_else(spread):
    """Fahrenheit for Celsius: the same loss, predictions and spreads converted."""
    torch.manual_seed(0)
    celsius, targets = Gaussian(4, 20.0, 5.0, spread=spread).double(), tensor(12.0, 31.0, NAN)
    fahrenheit = Gaussian(4, 68.0, 9.0, spread=spread).double()
    outputs = torch.randn(3, 2 if spread == "row" else 1, dtype=torch.float64)
    close = {"rtol": 0, "atol": 1e-10}
    one, two = celsius.loss(outputs, targets), fahrenheit.loss(outputs, targets * 1.8 + 32)
    torch.testing.assert_close(one, two, **close)
    predicted = celsius.predict(outputs) * 1.8 + 32
    torch.testing.assert_close(fahrenheit.predict(outputs), predicted, **close)
    if spread != "none":
        expected = celsius.spread(outputs) * 1.8
        torch.testing.assert_close(fahrenheit.spread(outputs), expected, **close)


@pytest.mark.parametrize("spread", ["learned", "row", "none"])
def test_a_partly_missing_vector_is_used_as_far_as_it_goes(spread):
    torch.manual_seed(0)
    head = GaussianVector(4, [0.0, 5.0], [1.0, 2.0], spread=spread).double()
    outputs = torch.randn(3, 4 if spread == "row" else 2, dtype=torch.float64).requires_grad_()
    targets = torch.tensor([[1.0, NAN], [NAN, 4.0], [NAN, NAN]], dtype=torch.float64)
    assert head.labelled(targets).tolist() == [True, True, False]
    head.loss(outputs, targets).backward()
    reached = (outputs.grad != 0).view(3, -1, 2).any(dim=1)
    assert reached.tolist() == [[True, False], [False, True], [False, False]]
    whole = head.nll(outputs, torch.tensor([[1.0, 4.0]] * 3, dtype=torch.float64))
    first = head.nll(outputs, torch.tensor([[1.0, NAN]] * 3, dtype=torch.float64))
    second = head.nll(outputs, torch.tensor([[NAN, 4.0]] * 3, dtype=torch.float64))
    torch.testing.assert_close(first + second, whole)


def test_the_vector_of_one_is_the_number():
    torch.manual_seed(0)
    number, vector = Gaussian(4, 3.0, 2.0).double(), GaussianVector(4, [3.0], [2.0]).double()
    outputs, targets = torch.randn(5, 1, dtype=torch.float64), tensor(1.0, 2.0, NAN, 4.0, 5.0)
    assert torch.equal(number.loss(outputs, targets), vector.loss(outputs, targets.unsqueeze(1)))
    assert torch.equal(number.predict(outputs), vector.predict(outputs).squeeze(1))


def test_calibration_sets_the_spread_to_the_held_out_error():
    torch.manual_seed(0)
    head = GaussianVector(4, [50.0, 0.0], [20.0, 1.0]).double()
    outputs = torch.randn(400, 2, dtype=torch.float64)
    errors = torch.randn(400, 2, dtype=torch.float64) * tensor(7.0, 0.2)
    targets = head.predict(outputs) + errors
    targets[::3, 0] = NAN
    head.calibrate(outputs, targets)
    error = head.predict(outputs) - targets
    rmse = [error[~error[:, k].isnan(), k].square().mean().sqrt().item() for k in (0, 1)]
    assert head.spread(outputs)[0].tolist() == pytest.approx(rmse)
    assert rmse == pytest.approx([7.0, 0.2], rel=0.15)


def test_calibration_of_a_number_with_a_label_per_row():
    head = Gaussian(4, 0.0, 2.0).double()
    head.calibrate(tensor([0.0], [0.0], [0.0]), tensor(3.0, -3.0, NAN))
    assert head.spread(tensor([0.0])).tolist() == pytest.approx([3.0])
    head.calibrate(tensor([0.0]), tensor(99.0))  # one label says nothing about a spread
    assert head.spread(tensor([0.0])).tolist() == pytest.approx([3.0])


@pytest.mark.parametrize("spread", ["row", "none"])
def test_calibration_leaves_other_spreads_alone(spread):
    head = Gaussian(4, spread=spread, recentre=False).double()
    before = {name: value.clone() for name, value in head.state_dict().items()}
    head.calibrate(torch.zeros(3, 2 if spread == "row" else 1), tensor(1.0, 2.0, 3.0))
    assert all(torch.equal(value, before[name]) for name, value in head.state_dict().items())


def test_held_out_rows_move_the_answers():
    head = Gaussian(4, mean=10.0, std=2.0).double()
    rng = np.random.default_rng(0)
    outputs = torch.from_numpy(rng.normal(size=(2000, 1)))
    labels = 10 + 2 * (0.3 * outputs[:, 0] - 0.4 + 0.1 * torch.from_numpy(rng.normal(size=2000)))
    before = head.stated(outputs, factor=1.0)
    head.calibrate(outputs, labels)
    assert head.slope.item() == pytest.approx(0.3, abs=0.01)
    assert head.offset.item() == pytest.approx(-0.4, abs=0.01)
    assert (head.predict(outputs) - labels).square().mean().sqrt() < 0.21
    assert head.spread(outputs)[0].item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(head.stated(outputs, factor=1.0), before)
    head.uncalibrate()
    assert torch.equal(head.stated(outputs), before)


@pytest.mark.parametrize("rows", [2, 5, 60])
def test_few_rows_or_noise_move_answers_little(rows):
    rng = np.random.default_rng(rows)
    answers = torch.from_numpy(rng.normal(size=rows))
    noise = torch.from_numpy(rng.normal(size=rows))
    slope, offset = recentring(answers, 0.8 * answers + 0.6 * noise)
    assert abs(slope - 1) < 0.4 and abs(offset) < 0.2
    slope, _ = recentring(answers, -9 * answers)
    assert slope >= 0
    assert recentring(answers[:1], answers[:1]) == (1.0, 0.0)
    assert recentring(answers, torch.full_like(answers, torch.nan)) == (1.0, 0.0)


def test_weights_of_an_earlier_version_move_no_answer(tmp_path):
    head = Gaussian(4)
    old = {k: v + 1 for k, v in head.state_dict().items() if k not in ("slope", "offset")}
    load_state(head, old, tmp_path)
    assert head.slope.item() == 1 and head.offset.item() == 0 and head.mean.item() == 1
    with pytest.raises(RunError, match="absent"):
        load_state(head, {k: v for k, v in old.items() if k != "mean"}, tmp_path)


def test_a_wild_row_spread_is_bounded():
    head = Gaussian(4, std=2.0, spread="row").double()
    spread = head.spread(tensor([0.0, 1e9], [0.0, -1e9]))
    assert spread.tolist() == pytest.approx([2 * math.exp(6), 2 * math.exp(-6)])


def test_spread_is_checked():
    with pytest.raises(
        ConfigError, match=r"`spread` should be 'learned', 'row' or 'none'\. Found 'x'"
    ):
        Head.registry.build({"type": "number/gaussian", "spread": "x"}, dim=4)
