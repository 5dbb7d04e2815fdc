"""What holds for every head: a likelihood, to which a missing label adds exactly nothing."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from torso.core.types import Tokens
from torso.tasks import Head
from torso.tasks._base.example import NOTE, PICTURE, ROWS, TOKENS, HeadExample, example_of

DIM = 6


def heads() -> list[dict[str, Any]]:
    """Return a spec of every registered head, in each setting in which it asks to be tried."""
    return [
        {"type": name, **settings}
        for name, part in Head.registry.items()
        for settings in ({}, {"hidden": 4}, *part.law_settings)
    ]


def class_of(spec: dict[str, Any]) -> type[Head]:
    return Head.registry.find(spec["type"])


def kind_of(spec: dict[str, Any]) -> HeadExample:
    return example_of(class_of(spec).form).HEAD


def build(spec: dict[str, Any], seed: int = 0) -> Head:
    torch.manual_seed(seed)
    offered = {"token_dim": DIM, **kind_of(spec).offered}
    return Head.registry.build(spec, dim=DIM, **offered).double().eval()


def run(head: Head, features: Tensor) -> Tensor:
    """Return the outputs for `features` and, where the head reads them, tokens that are made of them."""
    if not head.reads_tokens:
        return head(features)
    turned = [features.roll(place, dims=1) * math.cos(place) for place in range(TOKENS)]
    tokens = torch.stack(turned, dim=1)
    given = {PICTURE: tokens, NOTE: tokens[:, 1:3].flip(2)}
    return head(
        features,
        {name: Tokens(one, one.new_ones(one.shape[:2]).bool()) for name, one in given.items()},
    )


def example(spec: dict[str, Any], seed: int = 1) -> tuple[Tensor, Tensor]:
    """Return `(features, targets)`, every row labelled."""
    torch.manual_seed(seed)
    return torch.randn(ROWS, DIM, dtype=torch.float64), kind_of(spec).draw()


def loss_and_gradient(head: Head, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    outputs = outputs.detach().clone().requires_grad_()
    loss = head.loss(outputs, targets)
    (gradient,) = torch.autograd.grad(loss, outputs)
    return loss.detach(), gradient


def assert_the_loss_is_the_mean_over_labelled_rows(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    outputs = run(head, features)
    assert outputs.shape[0] == ROWS
    assert outputs.dtype == torch.float64
    each = head.nll(outputs, targets)
    assert each.shape == (ROWS,)
    assert torch.equal(head.loss(outputs, targets), each.mean())
    assert head.labelled(targets).all()


def assert_a_missing_label_adds_nothing(spec: dict[str, Any]) -> None:
    """Loss and gradient are, bit for bit, those of the batch without that row."""
    head, missing = build(spec), kind_of(spec).missing
    features, targets = example(spec)
    outputs = run(head, features)
    targets[[1, 4]] = missing
    kept = torch.tensor([0, 2, 3, 5, 6, 7])
    assert head.labelled(targets).nonzero().squeeze(1).equal(kept)
    loss, gradient = loss_and_gradient(head, outputs, targets)
    expected, part = loss_and_gradient(head, outputs[kept], targets[kept])
    assert torch.equal(loss, expected)
    assert torch.equal(gradient[kept], part)
    assert not gradient[[1, 4]].any()
    wild = outputs.detach().clone()
    wild[[1, 4]] = 1e30
    assert torch.equal(head.loss(wild, targets), expected)


def assert_parameters_get_nothing_from_unlabelled_rows(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    targets[3] = kind_of(spec).missing
    gradients = []
    for other in (0.0, 1e3):
        head.zero_grad()
        changed = features.clone()
        changed[3] = other
        head.loss(run(head, changed), targets).backward()
        gradients.append([p.grad.clone() for p in head.parameters() if p.grad is not None])
    assert all(torch.equal(one, two) for one, two in zip(*gradients, strict=True))


def assert_no_label_at_all_is_zero(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    targets[:] = kind_of(spec).missing
    loss, gradient = loss_and_gradient(head, run(head, features), targets)
    assert loss.item() == 0.0
    assert not gradient.any()
    head.loss(run(head, features), targets).backward()
    assert all(p.grad is None or not p.grad.any() for p in head.parameters())
    empty = head.loss(run(head, features[:0]), targets[:0])
    assert empty.item() == 0.0


def assert_one_row(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    loss = head.loss(run(head, features[:1]), targets[:1])
    if head.among_batch:
        assert loss.item() == 0.0
        return
    torch.testing.assert_close(loss, head.nll(run(head, features), targets)[0], rtol=0, atol=1e-12)


def assert_predictions(spec: dict[str, Any]) -> None:
    """Probabilities lie in [0, 1]; numbers have the shape of the targets; a spread is positive."""
    head = build(spec)
    features, targets = example(spec)
    outputs = run(head, 1e3 * features)
    prediction, spread = head.predict(outputs), head.spread(outputs)
    answer, details = head.answer(outputs)
    assert torch.equal(answer, prediction)
    assert details.keys() == head.details(outputs).keys()
    assert prediction.isfinite().all()
    if kind_of(spec).probability:
        assert prediction.shape[0] == ROWS
        assert ((prediction >= 0) & (prediction <= 1)).all()
        assert spread is None
    else:
        answer = kind_of(spec).shape
        shape = targets.shape if answer is None else (ROWS, *answer)
        assert prediction.shape == shape
        assert spread is None or (spread.shape == shape and (spread > 0).all())
        assert all(one.shape == shape for one in head.details(outputs).values())


def assert_details(spec: dict[str, Any]) -> None:
    """An interval is around the median; before a refit and after; everything known is finite and named."""
    head = build(spec)
    features, targets = example(spec)
    for _ in range(2):
        outputs = run(head, features)
        details = head.details(outputs)
        assert all(value.isfinite().all() for value in details.values())
        assert ("low" in details) == ("high" in details) == (head.level > 0)
        if head.level:
            assert (details["low"] <= details["high"]).all()
            if head.answer_inside:
                assert (details["low"] <= head.predict(outputs)).all()
                assert (head.predict(outputs) <= details["high"]).all()
        assert ("spread" in details) == (head.spread(outputs) is not None)
        head.calibrate(outputs, targets)


def assert_log_loss_is_the_likelihood(spec: dict[str, Any]) -> None:
    """It is `nll` but for what the label alone says: its unit."""
    head = build(spec)
    features, targets = example(spec)
    one, two = run(head, features), run(head, features.flip(0))
    if head.log_loss(one, targets) is not None:
        losses = [head.log_loss(each, targets) - head.nll(each, targets) for each in (one, two)]
        torch.testing.assert_close(*losses, rtol=0, atol=1e-6)


def assert_training_loss_has_no_say_in_evaluation(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    outputs = run(head, features)
    torch.testing.assert_close(head.loss(outputs, targets), head.nll(outputs, targets).mean())
    head.train()
    torch.manual_seed(2)  # of dropout
    minimised = head.training_loss(outputs, targets)
    assert minimised.shape == (ROWS,)
    torch.manual_seed(2)
    torch.testing.assert_close(head.loss(outputs, targets), minimised.mean())


def assert_descent_finds_the_targets(spec: dict[str, Any]) -> None:
    """Minimising the loss over free outputs leads to the labels: it is a loss of these targets."""
    head = build(spec)
    features, targets = example(spec)
    outputs = run(head, features).detach().requires_grad_()
    before = head.loss(outputs, targets).item()
    optimizer = torch.optim.Adam([outputs], lr=0.1)

    def arrived() -> bool:
        lower = head.loss(outputs, targets).item() < before
        return lower and bool(kind_of(spec).right(head.predict(outputs).detach(), targets))

    for step in range(200):
        if step % 20 == 0 and arrived():
            return
        optimizer.zero_grad()
        head.loss(outputs, targets).backward()
        optimizer.step()
    assert arrived()


def assert_calibration_leaves_the_answer(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    targets[0] = kind_of(spec).missing
    outputs = run(head, features)
    before = head.predict(outputs)
    loss = head.loss(outputs, targets).item()
    head.calibrate(outputs, targets)
    after = head.predict(outputs)
    if head.refits_answer:
        assert after.isfinite().all()
    else:
        decision = kind_of(spec).decision
        assert torch.equal(decision(after), decision(before))
    assert head.loss(outputs, targets).item() <= loss + 1e-12
    state = {name: value.clone() for name, value in head.state_dict().items()}
    head.calibrate(outputs, torch.full_like(targets, kind_of(spec).missing))
    assert all(torch.equal(value, state[name]) for name, value in head.state_dict().items())


def assert_saved_and_loaded(spec: dict[str, Any]) -> None:
    one, two = build(spec), build(spec, seed=9)
    features, targets = example(spec)
    one.calibrate(run(one, features), targets)
    two.load_state_dict(one.state_dict())
    outputs = run(one, features)
    assert torch.equal(run(two, features), outputs)
    assert torch.equal(two.predict(outputs), one.predict(outputs))
    assert torch.equal(two.loss(outputs, targets), one.loss(outputs, targets))


def assert_gradient_everywhere(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    head.loss(run(head, features), targets).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 1e-9 for p in head.parameters())


def assert_half_and_single_precision(spec: dict[str, Any]) -> None:
    """Float32 targets, as the data room gives them, and outputs of an autocast model, widened."""
    head = build(spec)
    features, targets = example(spec)
    expected = head.loss(run(head, features), targets)
    head = head.float()
    narrow = targets.float() if targets.is_floating_point() else targets
    with torch.autocast("cpu", torch.bfloat16):
        outputs = run(head, features.float())
    loss = head.loss(outputs.float(), narrow)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), expected, rtol=0.05, atol=0.05)


def assert_a_statement_taken_back_gives_the_same_answer(spec: dict[str, Any]) -> None:
    """What a head says to plain models and takes back as raw outputs leaves its answer as it is."""
    head = build(spec)
    features, targets = example(spec)
    outputs = run(head, features).detach()
    head.calibrate(outputs, targets)
    response = head.response(targets)
    if response is None:
        return
    before = head.predict(outputs)
    assert response.labelled.tolist() == head.labelled(targets).tolist()
    stated = head.stated(outputs)
    assert stated.shape == (ROWS, response.width)
    raw = head.raw(stated, outputs)
    head.uncalibrate()
    torch.testing.assert_close(head.predict(raw), before)
    head.calibrate(raw, targets)
    assert head.loss(raw, targets).isfinite()
