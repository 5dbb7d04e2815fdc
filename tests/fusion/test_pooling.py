"""Sum, mean and maximum of one projected vector per modality, against loops and by hand."""

import pytest
import torch

from tests.fusion import laws
from torso.core.types import Tokens
from torso.fusion import Max, Mean, Sum

POOLS = {
    Sum: sum,
    Mean: lambda values: sum(values) / len(values),
    Max: max,
}


@pytest.mark.parametrize("kind", POOLS, ids=lambda kind: kind.__name__)
def test_component_by_component(kind):
    torch.manual_seed(0)
    fusion, given = kind(list(laws.LENGTHS), laws.DIM).double().eval(), laws.example()
    fused = fusion(given)
    for row in range(laws.BATCH):
        said = []
        for name, modality in given.items():
            present_tokens = modality.values[row][modality.mask[row]]
            if len(present_tokens):
                layer = fusion.project[name]
                said.append((layer.weight @ present_tokens.mean(dim=0) + layer.bias).tolist())
        assert fused.mask[row].item() == bool(said)
        expected = [POOLS[kind](many) for many in zip(*said, strict=True)] or [0.0] * laws.DIM
        assert fused.values[row, 0].tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "expected"), [(Sum, [[4.0, 1.0]]), (Mean, [[2.0, 0.5]]), (Max, [[3.0, 2.0]])]
)
def test_by_hand(kind, expected):
    fusion = kind(["a", "b", "c"], 2)
    with torch.no_grad():
        for _, layer in fusion.project.pairs():
            layer.weight.copy_(torch.eye(2))
    given = {
        "a": Tokens.vector(torch.tensor([[1.0, 2.0]])),
        "b": Tokens.vector(torch.tensor([[3.0, -1.0]])),
        "c": Tokens.vector(torch.tensor([[9.0, 9.0]]), torch.tensor([False])),
    }
    assert fusion(given).values[:, 0].tolist() == expected


def test_only_the_largest_gets_a_gradient():
    fusion = Max(["a", "b"], 1)
    with torch.no_grad():
        for _, layer in fusion.project.pairs():
            layer.weight.fill_(1.0)
    given = {
        name: torch.full((1, 1), size, requires_grad=True)
        for name, size in (("a", 1.0), ("b", 2.0))
    }
    fusion({name: Tokens.vector(values) for name, values in given.items()}).values.sum().backward()
    assert given["a"].grad.item() == 0.0
    assert given["b"].grad.item() == 1.0
