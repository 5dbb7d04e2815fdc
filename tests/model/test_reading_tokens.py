"""Heads that read the tokens of the encoders beside the vector of their task."""

import pytest
import torch
from torch import nn

from tests import small
from torso.app.profiling import model_costs
from torso.core.tensors import masked_mean
from torso.model import Model, PartSpec
from torso.tasks.number.head import Gaussian


class Reader(Gaussian, form="number"):
    """A Gaussian of the mean of the text's tokens; keeps what it was given."""

    reads_tokens = True

    def __init__(self, dim, token_dim, mean=0.0, std=1.0):
        super().__init__(dim, mean, std)
        self.own = nn.Linear(token_dim, 1)

    def forward(self, features, tokens=None, /):
        self.given = tokens
        return super().forward(features) + self.own(masked_mean(tokens["text"]))


@pytest.fixture(params=["hard", "separate"])
def model(request):
    return build(sharing=request.param, modality_heads=True).eval()


def build(**settings):
    modalities = {
        "text": PartSpec("text", {"type": "transformer", "depth": 1}, {"vocabulary": 7}),
        "numbers": PartSpec("numbers", "periodic", {"columns": 3}),
    }
    tasks = {
        "odd": PartSpec("binary", "logistic", {}),
        "length": PartSpec("number", f"{__name__}:Reader", {}),
    }
    torch.manual_seed(0)
    return Model.build(modalities, tasks, dim=8, **settings).double()


def inputs():
    both = small.batch().inputs
    return {name: both[name] for name in ("text", "numbers")}


def test_a_row_without_the_modality_has_no_tokens_of_it(model):
    given = inputs()
    model(given)
    seen = model.heads["length"].given
    assert list(seen) == ["text", "numbers"]
    for name, tokens in seen.items():
        torch.testing.assert_close(tokens.present, given[name].present)


def test_the_outputs_follow_the_tokens(model):
    before = model(inputs())
    with torch.no_grad():
        model.heads["length"].own.weight.mul_(2.0)
    after = model(inputs())
    there = inputs()["text"].present
    changed = (before["length"] != after["length"]).flatten(1).any(dim=1)
    assert torch.equal(changed, there)
    torch.testing.assert_close(before["odd"], after["odd"])


def test_such_a_head_has_none_above_single_modalities(model):
    assert {task for task, _ in model.unimodal.values()} == {"odd"}


def test_its_gradient_passes_what_a_balancer_looks_at():
    model = build()
    encoded = model.encode(inputs())
    fused = model.fuse(encoded)
    looked_at = model.representation(encoded, fused)
    outputs = model.apply_heads(fused, encoded)
    gradients = torch.autograd.grad(outputs["length"].sum(), looked_at)
    assert all(bool(g.any()) for g in gradients)


def test_its_cost_is_measured(model):
    assert model_costs(model, inputs())["head length"].parameters > 0
