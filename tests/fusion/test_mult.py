"""All directed pairs: by hand, what a missing source or target leaves, and one modality."""

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion


def build(**settings):
    return laws.build({"type": "mult", **settings})


@pytest.mark.parametrize("settings", [{}, {"depth": 2, "self_depth": 2, "heads": 2}])
def test_all_pairs_row_by_row(settings):
    fusion, tokens = build(**settings), laws.example()
    names, expected = list(laws.LENGTHS), []
    for row in by_hand.rows(tokens):
        each = fusion.streams.each
        start = {name: torch.cat([each[name].summary[None], x]) for name, x in row.items()}
        summaries = []
        for target in names:
            if target not in row:
                summaries.append(torch.zeros(laws.DIM, dtype=torch.float64))
                continue
            seen = []
            for source in names:
                if source == target:
                    continue
                x = start[target]
                for block in fusion.cross[target][source]:
                    x = by_hand.cross(block, x, start[source]) if source in row else x
                seen.append(x)
            x = by_hand.linear(fusion.join[target], torch.cat(seen, dim=1))
            for block in each[target].blocks:
                x = by_hand.block(block, x)
            summaries.append(x[0])
        mixed = by_hand.norm(fusion.norm, by_hand.linear(fusion.mix, torch.cat(summaries)))
        expected.append(mixed if row else None)
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_a_pair_reads_in_one_direction_only():
    """Without the way back, what is read from the text is not told to it."""
    fusion, tokens = build(), laws.complete()
    image, text = (tokens[name].values.requires_grad_() for name in ("image", "text"))
    streams = fusion.streams.start(tokens)
    crossed = fusion._crossed("image", "text", streams)
    assert crossed.shape == (laws.BATCH, 2, laws.DIM)  # a summary and one token of the image
    other = fusion._crossed("a.b", "text", streams).sin().sum()
    assert torch.autograd.grad(other, image, allow_unused=True, retain_graph=True) == (None,)
    assert torch.autograd.grad(crossed.sin().sum(), text)[0].abs().amin(dim=2).all()


def test_one_modality_is_self_attention_alone():
    torch.manual_seed(0)
    fusion = Fusion.registry.build("mult", modalities=["text"], dim=8).double().eval()
    x = torch.randn(1, 3, 8, dtype=torch.float64)
    stream = fusion.streams.each["text"]
    read = by_hand.block(stream.blocks[0], torch.cat([stream.summary[None], x[0]]))[0]
    expected = by_hand.norm(fusion.norm, by_hand.linear(fusion.mix, read))
    fused = fusion({"text": Tokens(x, torch.ones(1, 3, dtype=torch.bool))})
    by_hand.assert_equal(fused, [expected])


@pytest.mark.parametrize("settings", [{"depth": 0}, {"self_depth": 0}])
def test_no_depth_is_refused(settings):
    with pytest.raises(ConfigError, match=f"`{next(iter(settings))}` should be at least 1"):
        Fusion.registry.build({"type": "mult", **settings}, modalities=["a"], dim=8)
