"""Feedback: pass by pass, what one pass is, and that nothing is fed to what is missing."""

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion


def build(**settings):
    return laws.build({"type": "progressive", **settings})


@pytest.mark.parametrize("inner", ["concat", {"type": "transformer", "summary": 3}])
def test_three_passes_one_by_one(inner):
    fusion, tokens = build(inner=inner, passes=3), laws.example()
    names, fed = list(laws.LENGTHS), laws.example()
    for _ in range(2):
        fused = fusion.inner(fed)
        code = torch.stack(
            [
                x[kept].mean(0) if kept.any() else 0 * x[0]
                for x, kept in zip(fused.values, fused.mask, strict=True)
            ]
        )
        told = by_hand.linear(fusion.feedback, by_hand.norm(fusion.norm, code))
        for index, name in enumerate(names):
            part = told[:, None, index * laws.DIM : (index + 1) * laws.DIM]
            fed[name] = Tokens(tokens[name].values + part, tokens[name].mask)
    expected, actual = fusion.inner(fed), fusion(by_hand.garbled(tokens))
    assert torch.equal(actual.mask, expected.mask)
    torch.testing.assert_close(actual.values, expected.values, rtol=0, atol=1e-10)


def test_one_pass_is_the_inner_fusion_and_so_is_no_feedback():
    tokens = laws.example()
    alone = build(passes=1)
    assert not hasattr(alone, "feedback")
    assert torch.equal(alone(tokens).values, alone.inner(tokens).values)
    silent = build(passes=3)
    with torch.no_grad():
        silent.feedback.weight.zero_()
        silent.feedback.bias.zero_()
    assert torch.equal(silent(tokens).values, silent.inner(tokens).values)


def test_a_number_by_hand():
    """`sum` of 1 and 2 is 3, normalised to (-1, 1) beside 5; fed back with weights 1 and 10."""
    fusion = build_sum()
    a, b = (Tokens.vector(torch.tensor([v], dtype=torch.float64)) for v in ([1.0, 1.0], [2.0, 4.0]))
    fused = fusion({"a": a, "b": b})
    assert fused.values[0, 0].tolist() == pytest.approx([3 - 11, 5 + 11], abs=1e-4)


class Added(Fusion, name=""):
    """The plainest inner fusion."""

    def forward(self, tokens, /):
        return Tokens(sum(modality.values for modality in tokens.values()), tokens["a"].mask)


def build_sum():
    fusion = Fusion.registry.build("progressive", modalities=["a", "b"], dim=2).double()
    fusion.inner = Added(["a", "b"], 2)
    with torch.no_grad():
        fusion.feedback.weight.copy_(torch.cat([torch.eye(2), 10 * torch.eye(2)]))
        fusion.feedback.bias.zero_()
    return fusion


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"passes": 0}, r"`passes` should be at least 1\. Found 0"),
        ({"inner": "concatt"}, r"Unknown fusion 'concatt'\. Did you mean 'concat'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Fusion.registry.build({"type": "progressive", **settings}, modalities=["a"], dim=8)
