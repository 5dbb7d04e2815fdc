"""Masked self-attention: what comes out, and that modalities are told apart."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion, Transformer


def test_the_summary_tokens_come_out():
    for summary in (1, 3):
        fused = Transformer(["a"], 8, summary=summary)({"a": Tokens.vector(torch.randn(2, 8))})
        assert fused.values.shape == (2, summary, 8)
        assert fused.mask.all()


def test_the_same_tokens_from_another_modality_mean_something_else():
    torch.manual_seed(0)
    fusion = Transformer(["a", "b"], 8).eval()
    tokens = Tokens.vector(torch.randn(2, 8))
    assert not torch.allclose(fusion({"a": tokens}).values, fusion({"b": tokens}).values)


def test_only_the_summary_is_computed_in_the_last_block():
    """... and it equals computing everything and taking the summary."""
    torch.manual_seed(0)
    fusion = Transformer(["a"], 8, depth=2).double().eval()
    tokens = Tokens(torch.randn(3, 5, 8, dtype=torch.float64), torch.rand(3, 5) < 0.7)
    expected = fusion({"a": tokens}).values
    together = Tokens(
        torch.cat([fusion.summary.expand(3, 1, 8), tokens.values + fusion.kind[0]], dim=1),
        torch.cat([torch.ones(3, 1, dtype=torch.bool), tokens.mask], dim=1),
    )
    for block in fusion.blocks:
        together = block(together)
    torch.testing.assert_close(fusion.norm(together.values[:, :1]), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("settings", [{"depth": 0}, {"summary": 0}])
def test_a_fusion_that_would_read_nothing_is_refused(settings):
    with pytest.raises(ConfigError, match=f"`{next(iter(settings))}` should be at least 1"):
        Fusion.registry.build({"type": "transformer", **settings}, modalities=["a"], dim=8)
