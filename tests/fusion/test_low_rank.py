"""Low-rank fusion against the full tensor product that it stands for."""

import pytest
import torch

from tests.fusion import laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, LowRank

NAMES = list(laws.LENGTHS)
DIM = 3


def full_tensor(fusion, factors):
    """Return W `[dim, dim + 1, dim + 1, dim + 1]`: the sum over ranks of outer products of the factors."""
    weights = []
    for layer in factors:
        with_one = torch.cat(
            [layer.weight, layer.bias.unsqueeze(1)], dim=1
        )  # [rank * dim, dim + 1]
        weights.append(with_one.view(fusion.rank, fusion.dim, -1))
    return torch.einsum("roi,roj,rok->oijk", *weights)


@pytest.mark.parametrize("rank", [1, 4])
def test_it_is_tensor_fusion_with_a_tensor_of_low_rank(rank):
    torch.manual_seed(0)
    fusion = LowRank(NAMES, DIM, rank=rank).double().eval()
    with torch.no_grad():
        fusion.bias.normal_()
    given = {
        name: Tokens(modality.values[..., :DIM], modality.mask)
        for name, modality in laws.example().items()
    }
    tensor = full_tensor(fusion, [fusion.factors[name] for name in NAMES])
    fused = fusion(given)
    for row in range(laws.BATCH):
        vectors = []
        for name in NAMES:
            here = given[name].values[row][given[name].mask[row]]
            mean = here.mean(dim=0) if len(here) else torch.zeros(DIM, dtype=torch.float64)
            vectors.append(torch.cat([mean, torch.ones(1, dtype=torch.float64)]))
        product = torch.einsum("i,j,k->ijk", *vectors)  # tensor fusion's (dim + 1)³ numbers
        expected = torch.einsum("oijk,ijk->o", tensor, product) + fusion.bias
        torch.testing.assert_close(fused.values[row, 0], expected, rtol=0, atol=1e-12)


def test_by_hand():
    fusion = LowRank(["a", "b"], 1, rank=2)
    with torch.no_grad():
        for name, weight, bias in (("a", [1.0, 2.0], [0.5, -1.0]), ("b", [3.0, 1.0], [0.0, 1.0])):
            fusion.factors[name].weight.copy_(torch.tensor(weight).unsqueeze(1))
            fusion.factors[name].bias.copy_(torch.tensor(bias))
        fusion.bias.fill_(10.0)
    a, b = (Tokens.vector(torch.tensor([[x]])) for x in (2.0, -1.0))
    # ranks: (1·2 + 0.5)(3·-1 + 0) and (2·2 - 1)(1·-1 + 1)
    assert fusion({"a": a, "b": b}).values.item() == pytest.approx(10 - 7.5 + 0)
    # without b only its constants are left: (2.5)(0) and (3)(1)
    assert fusion({"a": a}).values.item() == pytest.approx(10 + 0 + 3)


def test_factors_start_at_plus_and_minus_one_over_the_ranks():
    torch.manual_seed(0)
    fusion = LowRank([str(index) for index in range(8)], 64, rank=4)
    for _, factor in fusion.factors.pairs():
        assert factor.bias.abs().tolist() == pytest.approx([4 ** (-1 / 16)] * 256)
        assert factor.bias.mean().abs() < 0.3
    nothing = Tokens.vector(torch.zeros(1, 64), torch.tensor([False]))
    constant = fusion({"0": nothing}).values
    assert constant.square().mean().sqrt().item() == pytest.approx(1.0, rel=0.3)


def test_a_rank_below_one_is_refused():
    with pytest.raises(ConfigError, match=r"`rank` should be at least 1\. Found 0"):
        Fusion.registry.build({"type": "low_rank", "rank": 0}, modalities=["a"], dim=2)
