"""Answers for many rows: in order, without gradients, in the user's unit."""

import math

import torch

from tests import small
from torso.training import answer


def test_answers_stand_in_the_order_of_the_batches():
    model = small.model()
    batches = [small.batch(seed=seed) for seed in range(3)]
    answers = answer(model, batches)
    for task in small.TASKS:
        whole = torch.cat([model(batch.inputs)[task] for batch in batches])
        torch.testing.assert_close(answers.outputs[task], whole.detach())
        assert not answers.outputs[task].requires_grad
        assert torch.equal(
            answers.targets[task].nan_to_num(-7),
            torch.cat([batch.targets[task] for batch in batches]).nan_to_num(-7),
        )


def test_the_mode_of_the_model_is_put_back():
    model = small.model()
    for mode in (True, False):
        model.train(mode)
        answer(model, [small.batch()])
        assert all(module.training is mode for module in model.modules())


def test_losses_are_means_over_labelled_rows_and_nan_without_any():
    model, batch = small.model(), small.batch()
    answers = answer(model, [batch])
    expected, _ = model.losses(model(batch.inputs), batch.targets)
    assert torch.allclose(torch.tensor([*answers.losses(model).values()]).double(), expected)
    batch.targets["ink"][:] = math.nan
    losses = answer(model, [batch]).losses(model)
    assert math.isnan(losses["ink"])
    assert not math.isnan(losses["digit"])


def test_predictions_are_probabilities_values_and_spreads():
    model = small.model()
    predictions = answer(model, [small.batch()]).predictions(model)
    probabilities, details = predictions["digit"]
    assert details == {}
    assert probabilities.shape == (6, 3)
    assert abs(probabilities.sum(axis=1) - 1).max() < 1e-6
    values, details = predictions["ink"]
    assert values.shape == details["spread"].shape == (6,)
    assert (details["spread"] > 0).all()
    assert (details["low"] < values).all()
    assert (values < details["high"]).all()
