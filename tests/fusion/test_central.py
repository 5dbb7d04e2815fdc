"""A central stream beside the others: by hand, and a number."""

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Central, Fusion


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_layers_row_by_row(depth):
    fusion, tokens = laws.build({"type": "central", "depth": depth}), laws.example()
    with torch.no_grad():
        fusion.alpha.copy_(torch.randn_like(fusion.alpha))
    expected = []
    for row in by_hand.rows(tokens):
        each = fusion.streams.each
        streams = {name: torch.cat([each[name].summary[None], x]) for name, x in row.items()}
        central = fusion.start[0]
        for layer, (normalise, *feed, _) in enumerate(fusion.layers):
            streams = {n: by_hand.block(each[n].blocks[layer], x) for n, x in streams.items()}
            central = fusion.alpha[layer, 0] * central
            for index, name in enumerate(laws.LENGTHS):
                if name in row:
                    central = central + fusion.alpha[layer, 1 + index] * streams[name][0]
            central = central + by_hand.feed(feed, by_hand.norm(normalise, central))
        expected.append(by_hand.norm(fusion.norm, central))
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_a_number_by_hand():
    """ModalityStreams that stay what they are, (1, 2) and (10, 20): 0.5 (0, 4) + 2 (1, 2) + 3 (10, 20)."""
    fusion = Central(["a", "b"], 2, depth=1).double().eval()
    fusion.norm = torch.nn.Identity()
    fusion.streams.step = lambda layer, streams: streams
    with torch.no_grad():
        for parameter in fusion.layers.parameters():
            parameter.zero_()
        fusion.start.copy_(torch.tensor([[0.0, 4.0]]))
        fusion.alpha.copy_(torch.tensor([[0.5, 2.0, 3.0]]))
        fusion.streams.each["a"].summary.copy_(torch.tensor([1.0, 2.0]))
        fusion.streams.each["b"].summary.copy_(torch.tensor([10.0, 20.0]))
    values = torch.zeros(2, 2, dtype=torch.float64)
    b = Tokens.vector(values, torch.tensor([True, False]))
    fused = fusion({"a": Tokens.vector(values), "b": b}).values
    assert fused[:, 0].tolist() == [[32.0, 66.0], [2.0, 6.0]]


def test_no_depth_is_refused():
    with pytest.raises(ConfigError, match=r"`depth` should be at least 1\. Found 0"):
        Fusion.registry.build({"type": "central", "depth": 0}, modalities=["a"], dim=8)
