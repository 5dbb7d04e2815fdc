"""Mixup: off it is nothing, on it blends what both rows have, and a missing label adds nothing."""

import pytest
import torch

from tests import small
from tests.training.test_trainer import Ear, trainer
from torso.balancing import Balancer
from torso.core.types import Tokens
from torso.model.trunk import Encoded
from torso.training import TrainingConfig
from torso.training.mixup import Mix

NAN = float("nan")


def encoded(values, mask, present=None):
    """Return one trunk with one modality, its tokens one number wide."""
    mask = torch.tensor(mask)
    tokens = Tokens(torch.tensor(values, dtype=torch.float64).unsqueeze(-1), mask)
    there = mask.any(dim=1) if present is None else torch.tensor(present)
    return Encoded({"all": {"text": tokens}}, {"text": there})


def test_off_nothing_is_drawn_and_nothing_is_mixed(monkeypatch):
    before = torch.get_rng_state()
    assert Mix.draw(0.0, 9) is None
    assert torch.equal(torch.get_rng_state(), before)
    monkeypatch.setattr(Mix, "tokens", None)
    trainer(TrainingConfig(epochs=1, mixup=0.0)).run()


def test_shares_are_a_rows_own_for_the_greater_part():
    torch.manual_seed(0)
    mixes = [Mix.draw(0.4, 5) for _ in range(200)]
    assert all(0.5 <= mix.share <= 1.0 for mix in mixes)
    assert all(sorted(mix.partners.tolist()) == [0, 1, 2, 3, 4] for mix in mixes)
    assert 0.7 < sum(mix.share for mix in mixes) / 200 < 0.95
    torch.manual_seed(0)
    assert Mix.draw(0.4, 5).share == mixes[0].share


def test_tokens_by_hand():
    """Both have the first token, one has the second, and what neither has may be anything."""
    batch = encoded([[1.0, 2.0, NAN], [5.0, NAN, NAN]], [[True, True, False], [True, False, False]])
    out, mix = Mix(0.75, torch.tensor([1, 0])).tokens(batch)
    tokens = out.tokens["all"]["text"]
    assert tokens.values[0, :2, 0].tolist() == [0.75 * 1 + 0.25 * 5, 2.0]
    assert tokens.values[1, 0, 0].item() == 0.75 * 5 + 0.25 * 1
    assert torch.equal(tokens.mask, batch.tokens["all"]["text"].mask)
    assert mix.partners.tolist() == [1, 0]


def test_what_stands_for_a_missing_modality_is_not_mixed():
    batch = encoded([[1.0], [9.0], [3.0]], [[True], [True], [True]], present=[True, False, True])
    out, mix = Mix(0.75, torch.tensor([1, 2, 0])).tokens(batch)
    assert out.tokens["all"]["text"].values.flatten().tolist() == [1.0, 9.0, 0.75 * 3 + 0.25 * 1]
    assert mix.partners.tolist() == [0, 1, 0]  # who got nothing is his own partner


def test_garbage_under_a_mask_reaches_no_gradient():
    values = torch.tensor([[[1.0], [NAN]], [[5.0], [NAN]]], requires_grad=True)
    tokens = Tokens(values, torch.tensor([[True, False], [True, False]]))
    given = Encoded({"all": {"text": tokens}}, {"text": torch.tensor([True, True])})
    out, _ = Mix(0.75, torch.tensor([1, 0])).tokens(given)
    out.tokens["all"]["text"].values[:, 0].square().sum().backward()
    assert values.grad.isfinite().all()


@pytest.fixture
def mixed():
    """Return a model above three modalities with gaps, a batch, its mixed tokens, and the mix."""
    model = small.model(modality_heads=True)
    batch = small.batch(rows=8)
    out, mix = Mix(0.7, torch.tensor([4, 5, 6, 7, 0, 1, 2, 3])).tokens(model.encode(batch.inputs))
    outputs = {**model.apply_heads(model.fuse(out), out), **model.unimodal_outputs(out)}
    own, _ = model.losses(outputs, batch.targets, out.present)
    return model, batch, out, mix, outputs, own


def test_the_loss_is_a_share_of_both_labels(mixed):
    model, batch, out, mix, outputs, own = mixed
    found = mix.losses(model, own, outputs, batch.targets, out.present)
    for place, (task, head) in enumerate(model.heads.pairs()):
        each = [head.loss(outputs[task], y[task]) for y in (batch.targets, _of(mix, batch))]
        torch.testing.assert_close(found[place], 0.7 * each[0] + 0.3 * each[1])
    for place, (name, (task, modality)) in enumerate(
        model.unimodal.items(), start=len(model.tasks)
    ):
        there = out.present[modality]
        rows, head = there & there[mix.partners], model.modality_heads.head(name)
        theirs = head.loss(outputs[name][rows], _of(mix, batch)[task][rows])
        torch.testing.assert_close(found[place], 0.7 * own[place] + 0.3 * theirs)


def test_a_missing_label_of_the_partner_adds_nothing(mixed):
    model, batch, out, mix, outputs, own = mixed
    none = {task: _unlabelled(target) for task, target in batch.targets.items()}
    torch.testing.assert_close(mix.losses(model, own, outputs, none, out.present), 0.7 * own)


def test_a_row_mixed_with_itself_is_a_row(mixed):
    model, batch, out, _, outputs, own = mixed
    alone = Mix(0.6, torch.arange(8))
    found = alone.losses(model, own, outputs, batch.targets, out.present)
    torch.testing.assert_close(found, own)
    same, _ = alone.tokens(out)
    for trunk, modalities in out.tokens.items():
        for name, tokens in modalities.items():
            torch.testing.assert_close(same.tokens[trunk][name].values, tokens.values)


def _of(mix, batch):
    return {task: target[mix.partners] for task, target in batch.targets.items()}


def _unlabelled(target):
    return torch.full_like(target, torch.nan if target.is_floating_point() else -1)


def test_training_mixes_every_step_and_evaluation_none(monkeypatch):
    calls, tokens = [], Mix.tokens

    def counted(mix, given):
        calls.append(mix.share)
        return tokens(mix, given)

    monkeypatch.setattr(Mix, "tokens", counted)
    ear = Ear()
    trainer(TrainingConfig(epochs=2, mixup=0.5), ear).run()
    assert len(calls) == ear.steps == 6
    assert len(set(calls)) == 6


def test_it_learns_mixed_and_a_balancer_that_looks_twice_sees_one_mix(monkeypatch):
    ear, seen = Ear(), []
    tokens = Mix.tokens
    monkeypatch.setattr(Mix, "tokens", lambda mix, x: (seen.append(mix.share), tokens(mix, x))[1])
    balancer = Balancer.registry.build({"type": "famo"}, tasks=["sign", "sum"])
    trainer(
        TrainingConfig(epochs=12, lr=0.02, patience=12, mixup=0.2), ear, balancer=balancer
    ).run()
    assert seen[::2] == seen[1::2]  # before and after the step
    first, last = ear.epochs[0].validation, ear.epochs[-1].validation
    assert last["sign"] < 0.8 * first["sign"]
