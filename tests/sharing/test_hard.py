"""Everything below the heads is shared."""

import pytest
import torch

from tests import small
from torso.core.types import Tokens
from torso.sharing import Hard


def test_the_vector_is_the_mean_of_the_tokens_through_relu_layers():
    sharing = Hard(["a", "b"], 2, hidden=[2])
    with torch.no_grad():
        sharing.layers[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
        sharing.layers[0].bias.copy_(torch.tensor([0.5, 0.0]))
    tokens = Tokens(torch.tensor([[[1.0, 2.0], [3.0, 6.0]]]), torch.ones(1, 2, dtype=torch.bool))
    vectors = sharing({"shared": tokens})
    assert vectors["a"].tolist() == [[2.5, 0.0]]
    assert vectors["b"] is vectors["a"]
    assert Hard(["a"], 2)({"shared": tokens})["a"].tolist() == [[2.0, 4.0]]


@pytest.mark.parametrize(("hidden", "width"), [((), 8), ((5,), 5), ((5, 3), 3)])
def test_the_width_is_that_of_the_last_layer(hidden, width):
    assert Hard(["a"], 8, hidden=hidden).width == width


def test_every_parameter_below_the_heads_serves_every_task():
    model, rows = small.model(sharing="hard"), small.batch(rows=12)
    reached = [set(small.gradients(model, rows, task)) for task in small.TASKS]
    heads = {name for name, _ in model.named_parameters() if name.startswith("heads.")}
    assert set.intersection(*reached) == {name for name, _ in model.named_parameters()} - heads
