"""Shared layers that each task bends: film, lora, adapters."""

import pytest
import torch

from tests.sharing.by_hand import TASKS, affine, assert_rows, relu, stirred, tokens
from torso.core.types import Tokens
from torso.sharing import Adapters, FiLM, Hard, LoRA, Sharing


def film(sharing, layer, task, x):
    index = layer * len(sharing.tasks) + task
    return relu((1 + sharing.c[index]) * affine(sharing.layers[layer], 0, x) + sharing.d[index])


def lora(sharing, layer, task, x):
    delta = affine(sharing.b[layer], task, affine(sharing.a[layer], task, x))
    return relu(affine(sharing.layers[layer], 0, x) + sharing.scale * delta)


def adapters(sharing, layer, task, x):
    y = relu(affine(sharing.layers[layer], 0, x))
    return y + affine(sharing.up[layer], task, relu(affine(sharing.down[layer], task, y)))


@pytest.mark.parametrize("tasks", [TASKS, ["alone"]], ids=len)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bend", [film, lora, adapters])
def test_a_task_bends_every_shared_layer(bend, layers, tasks):
    sharing = stirred(bend.__name__, tasks, layers=layers)

    def expected(means, task):
        x = means["shared"]
        for layer in range(layers):
            x = bend(sharing, layer, task, x)
        return x

    assert_rows(sharing, {"shared": tokens()}, expected)


@pytest.mark.parametrize("tasks", [TASKS, ["alone"]], ids=len)
@pytest.mark.parametrize("name", ["film", "lora", "adapters"])
def test_at_first_no_task_bends_anything(name, tasks):
    """The sharing begins as `hard` with the same layers."""
    torch.manual_seed(0)
    sharing = Sharing.registry.build(name, tasks=tasks, dim=4).double()
    hard = Hard(tasks, 4, hidden=[4, 4]).double()
    with torch.no_grad():
        for mine, layer in zip(sharing.layers, hard.layers[::2], strict=True):
            layer.weight.copy_(mine.weights[0][0])
            layer.bias.copy_(mine.biases[0].normal_())
    vectors, expected = sharing({"shared": tokens()}), hard({"shared": tokens()})
    for task in tasks:
        torch.testing.assert_close(vectors[task], expected[task], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["film", "lora", "adapters"])
def test_the_first_steps_of_training_part_the_tasks(name):
    """What is zero at first gets a gradient at once, so that it does not stay there."""
    torch.manual_seed(0)
    sharing = Sharing.registry.build(name, tasks=["a", "b"], dim=4).double()
    descent = torch.optim.SGD(sharing.parameters(), lr=0.05)
    for _ in range(2):
        descent.zero_grad()
        vectors = sharing({"shared": tokens()})
        ((vectors["a"] - 1).square().sum() + vectors["b"].square().sum()).backward()
        descent.step()
    vectors = sharing({"shared": tokens()})
    assert not torch.allclose(vectors["a"], vectors["b"], atol=1e-3)


def by_hand(sharing, **numbers):
    """Return what comes of x = 2 through one layer of width one whose weight is 3 and bias is -1: y = 5."""
    with torch.no_grad():
        sharing.layers[0].weights[0].fill_(3.0)
        sharing.layers[0].biases[0].fill_(-1.0)
        for name, number in numbers.items():
            for parameter in sharing.get_submodule(name).parameters():
                parameter.fill_(number)
    return sharing({"shared": Tokens.vector(torch.full((1, 1), 2.0))})["a"].item()


def test_by_hand():
    assert by_hand(FiLM(["a"], 1, layers=1), c=0.5, d=-2.0) == 1.5 * 5 - 2
    assert (
        by_hand(LoRA(["a"], 1, layers=1, rank=2, alpha=4.0), a=1.0, b=0.5)
        == 5 + 2.0 * (2 + 2) * 0.5
    )
    actual = by_hand(Adapters(["a"], 1, layers=1, bottleneck=1), down=2.0, up=0.25)
    assert actual == 5 + 0.25 * (2 * 5 + 2) + 0.25


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"`rank` should be a whole number from 1 on\. Found 0"):
        LoRA(["a"], 4, rank=0)
    with pytest.raises(ValueError, match=r"`alpha` should be a number above 0\. Found 0"):
        LoRA(["a"], 4, alpha=0)
    with pytest.raises(ValueError, match=r"`bottleneck` should be a whole number from 1 on"):
        Adapters(["a"], 4, bottleneck=0)
