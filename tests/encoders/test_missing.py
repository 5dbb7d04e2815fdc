"""The learned token of an absent modality, and modality dropout."""

import pytest
import torch

from torso.core.tensors import zeroed
from torso.core.types import Features, Tokens
from torso.encoders import MissingToken, ModalityDropout


def tokens_with_gaps():
    mask = torch.tensor([[True, False], [False, False], [True, True], [False, False]])
    values = torch.randn(4, 2, 3, dtype=torch.float64).masked_fill(~mask.unsqueeze(-1), torch.nan)
    return Tokens(values, mask)


def test_only_rows_without_tokens_get_the_missing_token():
    missing, tokens = MissingToken(3).double(), tokens_with_gaps()
    out = missing(tokens)
    assert out.mask.tolist() == [[True, False], [True, False], [True, True], [True, False]]
    assert torch.equal(out.values[1, 0], missing.token)
    assert torch.equal(out.values[3, 0], missing.token)
    assert torch.equal(zeroed(out)[[0, 2]], zeroed(tokens)[[0, 2]])


def test_the_missing_token_learns_from_absent_rows_only():
    missing, tokens = MissingToken(3).double(), tokens_with_gaps()
    zeroed(missing(tokens)).sum().backward()
    assert missing.token.grad.tolist() == [
        2.0,
        2.0,
        2.0,
    ]  # two rows, NaN under masks notwithstanding
    missing.zero_grad()
    full = Tokens(tokens.values[[0, 2]], tokens.mask[[0, 2]])
    zeroed(missing(full)).sum().backward()
    assert missing.token.grad.tolist() == [0.0, 0.0, 0.0]


def inputs(rows=400):
    torch.manual_seed(0)
    return {
        "a": Features(torch.randn(rows, 2), torch.rand(rows) < 0.7),
        "b": Features(torch.randn(rows, 5), torch.rand(rows, 5) < 0.4),
        "c": Features(torch.randn(rows, 2), torch.rand(rows) < 0.3),
    }


def presence(many):
    return torch.stack([one.present for one in many.values()])


def test_dropout_hides_whole_modalities_and_never_all_of_a_row():
    before = inputs()
    after = ModalityDropout(0.9).train()(before)
    had, has = presence(before), presence(after)
    assert not (has & ~had).any()  # nothing appears
    assert has.any(dim=0).equal(had.any(dim=0))  # no row loses its last one
    assert (had & ~has).any()
    kept = has[1]
    assert after["b"].mask[kept].equal(before["b"].mask[kept])  # a modality goes as a whole
    assert all(after[name].values is before[name].values for name in before)


def test_dropout_hides_the_share_it_says():
    full = {
        name: Features(torch.zeros(4000, 1), torch.ones(4000, dtype=torch.bool)) for name in "abcd"
    }
    torch.manual_seed(1)
    hidden = 1 - presence(ModalityDropout(0.25).train()(full)).double().mean().item()
    assert hidden == pytest.approx(0.25, abs=0.01)  # all four of a row: one in 256, then none


def test_each_modality_is_hidden_at_the_stated_rate_and_both_never():
    rows = 8000
    full = {name: Features(torch.zeros(rows, 1), torch.ones(rows, dtype=bool)) for name in "ab"}
    torch.manual_seed(2)
    has = presence(ModalityDropout(0.4).train()(full))
    assert (~has).double().mean(dim=1).tolist() == pytest.approx([0.4 - 0.4**2] * 2, abs=0.02)
    assert has.any(dim=0).all()
    alone = {"a": full["a"]}
    assert presence(ModalityDropout(0.4).train()(alone)).all()


def test_dropout_follows_the_seed():
    before, found = inputs(), []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(presence(ModalityDropout(0.5).train()(before)))
    assert found[0].equal(found[1])
    assert not found[0].equal(found[2])


@pytest.mark.parametrize("dropout", [ModalityDropout(0.5).eval(), ModalityDropout(0.0).train()])
def test_dropout_is_off_in_evaluation_and_at_zero(dropout):
    before = inputs()
    assert dropout(before) is before


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_dropout_refuses_a_share_that_is_none(share):
    with pytest.raises(ValueError, match=r"`share` should be in \[0, 1\)\. Found"):
        ModalityDropout(share)


def test_dropout_of_one_modality_is_none():
    one = {"a": inputs()["a"]}
    assert torch.equal(presence(ModalityDropout(0.9).train()(one)), presence(one))
