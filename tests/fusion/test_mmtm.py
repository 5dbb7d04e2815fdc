"""Squeeze and excitation across streams: by hand, and gates that begin near one."""

import math

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import MMTM, Fusion


def build(**settings):
    return laws.build({"type": "mmtm", **settings})


@pytest.mark.parametrize("settings", [{}, {"depth": 3, "reduction": 2}, {"reduction": 1000}])
def test_the_layers_row_by_row(settings):
    fusion, tokens = build(**settings), laws.example()
    expected = []
    for row in by_hand.rows(tokens):
        each = fusion.streams.each
        streams = {name: torch.cat([each[name].summary[None], x]) for name, x in row.items()}
        for layer, (squeeze, excite) in enumerate(zip(fusion.squeeze, fusion.excite, strict=True)):
            streams = {n: by_hand.block(each[n].blocks[layer], x) for n, x in streams.items()}
            absent = torch.zeros(laws.DIM, dtype=torch.float64)
            means = [streams[n].mean(0) if n in row else absent for n in laws.LENGTHS]
            joint = by_hand.linear(squeeze, torch.cat(means)).clamp(min=0)
            gates = 2 / (1 + torch.exp(-by_hand.linear(excite, joint)))
            for index, name in enumerate(laws.LENGTHS):
                if name in row:
                    streams[name] = streams[name] * gates[index * laws.DIM : (index + 1) * laws.DIM]
        summaries = [x[0] for x in streams.values()]
        expected.append(
            by_hand.norm(fusion.norm, sum(summaries) / len(summaries)) if summaries else None
        )
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_a_number_by_hand():
    """Means 2 and 4 squeeze to relu(2 + 4 - 5) = 1; the gates are 2 sigmoid(log 3) = 1.5 and 2 sigmoid(0) = 1."""
    fusion = MMTM(["a", "b"], 1, depth=1).double()
    with torch.no_grad():
        fusion.squeeze[0].weight.fill_(1.0)
        fusion.squeeze[0].bias.fill_(-5.0)
        fusion.excite[0].weight.copy_(torch.tensor([[math.log(3)], [0.0]]))
        fusion.excite[0].bias.zero_()
    a = Tokens(torch.tensor([[[1.0], [3.0]]]).double(), torch.tensor([[True, True]]))
    b = Tokens(torch.tensor([[[4.0], [99.0]]]).double(), torch.tensor([[True, False]]))
    gated = fusion._exchange(0, {"a": a, "b": b})
    assert gated["a"].values.flatten().tolist() == pytest.approx([1.5, 4.5])
    assert gated["b"].values[0, 0].item() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 0}, r"`depth` should be at least 1\. Found 0"),
        ({"reduction": 0}, r"`reduction` should be at least 1\. Found 0"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Fusion.registry.build({"type": "mmtm", **settings}, modalities=["a"], dim=8)
