"""ModalityStreams of blocks: what leads them, and that a modality without a key is a modality that all rows lack."""

import torch

from torso.core.tensors import zeroed
from torso.core.types import Tokens
from torso.fusion._modality_streams import ModalityStreams, with_summary

MASK = torch.tensor([[True, False], [False, False]])


def tokens():
    torch.manual_seed(1)
    return Tokens(torch.randn(2, 2, 4, dtype=torch.float64), MASK)


def streams(depth=2):
    torch.manual_seed(0)
    return ModalityStreams(["a", "b.c"], 4, depth=depth).double().eval()


def test_a_token_leads_the_rows_that_have_any():
    some = tokens()
    actual = with_summary(
        Tokens(some.values.masked_fill(~MASK.unsqueeze(-1), torch.nan), MASK), torch.ones(4)
    )
    assert actual.mask.tolist() == [[True, True, False], [False, False, False]]
    assert torch.equal(actual.values[0, 0], torch.ones(4))
    assert torch.equal(actual.values[:, 1:], zeroed(some))


def test_after_the_last_layer_only_summaries_are_there_and_they_are_the_same():
    many, given = streams(), {"a": tokens(), "b.c": tokens()}
    first = many.step(0, many.start(given))
    assert first["a"].values.shape == (2, 3, 4)
    short, whole = many.step(1, first), many.step(1, first, whole=True)
    assert short["a"].values.shape == (2, 1, 4)
    torch.testing.assert_close(
        many.summaries(short).values, many.summaries(whole).values, rtol=0, atol=1e-12
    )


def test_summaries_are_zero_where_there_is_none():
    many = streams(depth=1)
    actual = many.summaries(many.step(0, many.start({"b.c": tokens()})))
    assert actual.mask.tolist() == [[False, True], [False, False]]
    assert actual.values[0, 1].any()
    assert not actual.values[~actual.mask].any()
