"""What holds for every head: a likelihood, to which a missing label adds exactly nothing."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from torso.core.types import Tokens
from torso.tasks import Head

DIM = 6
ROWS = 8
SETTINGS: list[dict[str, Any]] = [
    {},
    {"hidden": 4},
    {"spread": "row"},
    {"spread": "none"},
    {"quantiles": [0.1, 0.5, 0.6]},
    {"chain": True},
    {"waves": 2},
    {"colours": True},
    {"beams": 3},
    {"smoothing": 0.1, "weights": "balanced", "focal": 2.0},
]
REFUSED = [
    {"type": name, "spread": "none"}
    for name in (
        "number/student",
        "count/negative_binomial",
        "survival/weibull",
        "survival/log_normal",
        "survival/log_logistic",
    )
]
AMONG_THE_BATCH = ["retrieval/contrastive"]
"""Heads whose likelihood of a row is among the rows beside it."""
REFITS_THE_ANSWER = ["survival/hazards"]
"""Heads in which how sure and what cannot be told apart."""


@dataclass(frozen=True)
class Kind:
    """What the data room offers for a kind of target, and labels of that kind.

    Attributes:
        offered: to the constructor.
        draw: complete targets for `ROWS` rows.
        missing: what stands for no label.
        probability: whether predictions are probabilities, or else numbers in the user's unit.
        found: whether predictions are about what the targets say, after a descent.
        answer: shape of a row's prediction where it is not that of its targets.
    """

    offered: dict[str, Any]
    draw: Callable[[], Tensor]
    found: Callable[[Tensor, Tensor], bool]
    missing: float = float("nan")
    probability: bool = True
    answer: tuple[int, ...] | None = None


def likeliest(prediction: Tensor, targets: Tensor) -> bool:
    return torch.equal(prediction.argmax(dim=1), targets)


def middle(prediction: Tensor) -> Tensor:
    """Return the median class."""
    return (prediction.cumsum(dim=1) >= 0.5).int().argmax(dim=1)


def rounded(prediction: Tensor, targets: Tensor) -> bool:
    return torch.equal(prediction.round().to(targets.dtype), targets)


def within(distance: Any) -> Callable[[Tensor, Tensor], bool]:
    return lambda prediction, targets: bool(
        ((prediction - targets).abs() < torch.as_tensor(distance)).all()
    )


def lived_as_long(prediction: Tensor, targets: Tensor) -> bool:
    """Medians are about the times of events, and above most of the others."""
    time, event = targets.unbind(dim=1)
    log_ratio = (prediction / time).log()
    return bool((log_ratio[event == 1].abs() < 1.0).all() and (log_ratio[event == 0] > 0).all())


def draw_times() -> Tensor:
    time = torch.exp(1.0 + 0.8 * torch.randn(ROWS, dtype=torch.float64))
    return torch.stack([time, (torch.arange(ROWS) % 3 > 0).double()], dim=1)


def draw_boxes() -> Tensor:
    """Return two boxes in every row and room for a third; in the first row there is none."""
    boxes = torch.full((ROWS, 3, 5), torch.nan, dtype=torch.float64)
    boxes[:, :2, :2] = 0.6 * torch.rand(ROWS, 2, 2, dtype=torch.float64)
    boxes[:, :2, 2:4] = boxes[:, :2, :2] + 0.2 + 0.2 * torch.rand(ROWS, 2, 2, dtype=torch.float64)
    boxes[:, :2, 4] = torch.randint(3, (ROWS, 2)).double()
    boxes[0, :2] = torch.nan
    boxes[:, :, 4] = boxes[:, :, 4].nan_to_num(-1)
    return boxes


def draw_tokens() -> Tensor:
    """Return up to three of six tokens in every row, and the end, which is the seventh."""
    tokens = torch.randint(6, (ROWS, 5))
    over = torch.arange(5) - torch.randint(1, 4, (ROWS, 1))
    return torch.where(over < 0, tokens, torch.where(over == 0, 6, -1))


def draw_tracks() -> Tensor:
    """Return two tracks over four frames and room for a third; some begin late, and one has a gap."""
    tracks = draw_boxes().unsqueeze(2).repeat(1, 1, 4, 1)
    tracks[..., :4] += 0.02 * torch.arange(4.0, dtype=torch.float64).view(1, 1, 4, 1)
    for row, track, hidden in ((1, 0, [0]), (2, 1, [0, 1]), (3, 0, [2]), (4, 1, [3])):
        tracks[row, track, hidden, :4], tracks[row, track, hidden, 4] = torch.nan, -1.0
    return tracks


def all_followed(prediction: Tensor, targets: Tensor) -> bool:
    """Every true track is among the sure ones, which are as many, and is there where it should be."""
    for proposals, tracks in zip(prediction, targets, strict=True):
        sure, there = proposals[proposals[:, 0, 5] > 0.5], tracks[..., 4] >= 0
        true = there.any(dim=1)
        if len(sure) != true.sum():
            return False
        for track, present in zip(tracks[true], there[true], strict=True):
            right = ((sure[..., 7] > 0.5) == present).all(dim=1)
            close = (sure[:, present, :5] - track[present]).abs().amax(dim=(1, 2)) < 0.05
            if not (right & close).any():
                return False
    return True


def all_found(prediction: Tensor, targets: Tensor) -> bool:
    """Every true box is among those that are likelier than not, which are as many."""
    for proposals, boxes in zip(prediction, targets, strict=True):
        sure, true = proposals[proposals[:, 5] > 0.5], boxes[boxes[:, 4] >= 0]
        if len(sure) != len(true):
            return False
        distances = torch.cdist(sure[:, :5], true, p=torch.inf)
        if len(true) and (distances.amin(dim=0) > 0.05).any():
            return False
    return True


STEPS = 18
"""Steps that a row has at most, two more than those of the input that heads about steps read."""


def draw_tags() -> Tensor:
    """Return codes of three tags, spans of which may touch; behind the last step there is nothing."""
    tags, first = torch.randint(4, (ROWS, STEPS)), torch.randint(2, (ROWS, STEPS)).bool()
    first[:, 1:] |= tags[:, 1:] != tags[:, :-1]
    first[:, 0] = True
    codes = torch.where(tags == 0, 0, 2 * tags - first.long())
    codes[:, GRID:] = -1
    return codes


def all_tagged(prediction: Tensor, targets: Tensor) -> bool:
    return torch.equal(prediction[targets >= 0], targets[targets >= 0])


MEANS, STDS = [50.0, -3.0, 0.0], [20.0, 0.1, 1.0]
SHARES = [0.1, 0.4, 0.3, 0.2]
PICTURE = "photo"
NOTE = "note"
GRID = 16
"""Tokens of the picture that heads about places read."""
KINDS = {
    "category": Kind(
        {"classes": 4, "names": [*"abcd"], "frequencies": SHARES},
        lambda: torch.randint(4, (ROWS,)),
        likeliest,
        missing=-1,
    ),
    "ordinal": Kind(
        {"classes": 4, "frequencies": SHARES},
        lambda: torch.randint(4, (ROWS,)),
        lambda prediction, targets: torch.equal(middle(prediction), targets),
        missing=-1,
    ),
    "binary": Kind({}, lambda: torch.randint(2, (ROWS,)).double(), rounded),
    "multilabel": Kind({"labels": 3}, lambda: torch.randint(2, (ROWS, 3)).double(), rounded),
    "number": Kind(
        {"mean": 50.0, "std": 20.0},
        lambda: 50 + 20 * torch.randn(ROWS, dtype=torch.float64),
        within(4.0),
        probability=False,
    ),
    "vector": Kind(
        {"mean": MEANS, "std": STDS},
        lambda: (
            torch.tensor(MEANS) + torch.tensor(STDS) * torch.randn(ROWS, 3, dtype=torch.float64)
        ),
        within([4.0, 0.02, 0.2]),
        probability=False,
    ),
    "count": Kind(
        {"mean": 5.0}, lambda: torch.randint(12, (ROWS,)).double(), within(0.5), probability=False
    ),
    "survival": Kind(
        {
            "log_mean": 1.0,
            "log_std": 0.8,
            "horizons": [1.0, 5.0],
            "ends": [1.5, 2.5, 4.0],
            "hazards": [0.2, 0.3, 0.3, 0.4],
        },
        draw_times,
        lived_as_long,
        probability=False,
        answer=(),
    ),
    "mask": Kind(
        {"of": PICTURE, "size": [6, 5], "classes": 3},
        lambda: torch.randint(3, (ROWS, 6, 5)),
        lambda prediction, targets: torch.equal(prediction, targets),
        missing=-1,
        probability=False,
    ),
    "boxes": Kind(
        {"of": PICTURE, "classes": 3, "cells": 3},
        draw_boxes,
        all_found,
        probability=False,
        answer=(9, 6),
    ),
    "tags": Kind(
        {"of": PICTURE, "steps": STEPS, "tags": 3, "touching": True},
        draw_tags,
        all_tagged,
        missing=-1,
        probability=False,
    ),
    "caption": Kind(
        {"modalities": [PICTURE, NOTE], "symbols": 7, "length": 5, "usual": 3.0},
        draw_tokens,
        lambda prediction, targets: torch.equal(prediction, targets),
        missing=-1,
        probability=False,
    ),
    "tracks": Kind(
        {"of": PICTURE, "classes": 3, "frames": 4, "keep": 5},
        draw_tracks,
        all_followed,
        probability=False,
        answer=(5, 4, 8),
    ),
    "retrieval": Kind(
        {"between": [PICTURE, NOTE]},
        lambda: torch.arange(ROWS),
        lambda prediction, targets: torch.equal(
            (prediction[:, 0] @ prediction[:, 1].T).argmax(dim=1), targets
        ),
        missing=-1,
        probability=False,
        answer=(2, 64),
    ),
    "map": Kind(
        {"of": PICTURE, "size": [3, 4], "mean": [50.0, -3.0], "std": [20.0, 0.1]},
        lambda: (
            torch.tensor([50.0, -3.0])
            + torch.tensor([20.0, 0.1]) * torch.randn(ROWS, 3, 4, 2, dtype=torch.float64)
        ),
        within([10.0, 0.05]),
        probability=False,
    ),
}


def heads() -> list[dict[str, Any]]:
    """Return a spec of every registered head in each setting that it knows."""
    return [
        {"type": name, **settings}
        for name, part in Head.registry.items()
        for settings in SETTINGS
        if settings.keys() <= inspect.signature(part).parameters.keys()
        and {"type": name, **settings} not in REFUSED
    ]


def kind_of(spec: dict[str, Any]) -> Kind:
    form = Head.registry.find(spec["type"]).form
    assert form in KINDS, f"Give tests/tasks/laws.py an example of the new kind {form!r}."
    return KINDS[form]


def build(spec: dict[str, Any], seed: int = 0) -> Head:
    torch.manual_seed(seed)
    offered = {"token_dim": DIM, **kind_of(spec).offered}
    return Head.registry.build(spec, dim=DIM, **offered).double().eval()


def run(head: Head, features: Tensor) -> Tensor:
    """Return the outputs for `features` and, where the head reads them, tokens that are made of them."""
    if not head.reads_tokens:
        return head(features)
    turned = [features.roll(place, dims=1) * math.cos(place) for place in range(GRID)]
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
    if spec["type"] in AMONG_THE_BATCH:
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
        answer = kind_of(spec).answer
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
            if (
                spec["type"].split("/")[0] != "count"
            ):  # the mean of a rare event lies above its 95 %
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
    for _ in range(200):
        optimizer.zero_grad()
        head.loss(outputs, targets).backward()
        optimizer.step()
    assert head.loss(outputs, targets).item() < before
    assert kind_of(spec).found(head.predict(outputs).detach(), targets)


def assert_calibration_leaves_the_answer(spec: dict[str, Any]) -> None:
    head = build(spec)
    features, targets = example(spec)
    targets[0] = kind_of(spec).missing
    outputs = run(head, features)
    before = head.predict(outputs)
    loss = head.loss(outputs, targets).item()
    head.calibrate(outputs, targets)
    after = head.predict(outputs)
    if spec["type"] in REFITS_THE_ANSWER:
        assert after.isfinite().all()
    elif not kind_of(spec).probability:
        assert torch.equal(after, before)
    elif spec["type"].startswith("ordinal"):
        assert torch.equal(middle(after), middle(before))
    elif targets.dtype == torch.int64:
        assert torch.equal(after.argmax(dim=1), before.argmax(dim=1))
    else:  # surer or less sure, of the same
        assert torch.equal(after.argsort(dim=0), before.argsort(dim=0))
        assert torch.equal(after > 0.5, before > 0.5)
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
