"""ModalityStreams that exchange through a few tokens: by hand, and that nothing else crosses."""

import pytest
import torch

from tests.fusion import by_hand, laws
from torso.core.errors import ConfigError
from torso.core.types import Tokens
from torso.fusion import Fusion


def build(**settings):
    return laws.build({"type": "bottleneck", **settings})


@pytest.mark.parametrize(
    "settings", [{}, {"num": 1}, {"depth": 4, "start": 1}, {"depth": 3, "start": 1}]
)
def test_the_layers_row_by_row(settings):
    fusion, tokens = build(**settings), laws.example()
    depth, start = settings.get("depth", 2), settings.get("start", 0)
    expected = []
    for row in by_hand.rows(tokens):
        each = fusion.streams.each
        streams = {name: torch.cat([each[name].summary[None], x]) for name, x in row.items()}
        shared = fusion.shared
        for layer in range(depth):
            copies = []
            for name, x in streams.items():
                if layer < start:
                    streams[name] = by_hand.block(each[name].blocks[layer], x)
                else:
                    both = by_hand.block(each[name].blocks[layer], torch.cat([x, shared]))
                    streams[name] = both[: len(x)]
                    copies.append(both[len(x) :])
            if copies:
                shared = sum(copies) / len(copies)
        summaries = [x[0] for x in streams.values()]
        expected.append(
            by_hand.norm(fusion.norm, sum(summaries) / len(summaries)) if summaries else None
        )
    by_hand.assert_equal(fusion(by_hand.garbled(tokens)), expected)


def test_modalities_see_each_other_only_through_the_shared_tokens():
    """With what is written there detached, the stream of one modality has no gradient to another."""
    fusion, tokens = build(), laws.complete()
    text = tokens["text"].values.requires_grad_()
    exchange = fusion._exchange

    def cut(streams):
        own, shared = exchange(streams)
        return own, shared.detach()

    def image_only(streams):
        return Tokens(streams["image"].values[:, :1], streams["image"].mask[:, :1])

    fusion.streams.summaries = image_only
    (gradient,) = torch.autograd.grad(fusion(tokens).values.sin().sum(), text)
    assert gradient.abs().amin(dim=(1, 2)).all()
    fusion._exchange = cut
    assert torch.autograd.grad(fusion(tokens).values.sin().sum(), text, allow_unused=True) == (
        None,
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 1}, r"`start` should be from 0 to `depth` - 2.* Found start = 0, depth = 1"),
        ({"start": 1}, r"Found start = 1, depth = 2"),
        ({"start": -1}, r"`start` should be at least 0\. Found -1"),
        ({"num": 0}, r"`num` should be at least 1\. Found 0"),
    ],
)
def test_settings_without_an_exchange_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Fusion.registry.build({"type": "bottleneck", **settings}, modalities=["a"], dim=8)
