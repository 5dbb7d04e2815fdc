"""What holds for every sharing: one vector per task, trunks that cover the tasks, honest bookkeeping."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests import small
from tests.export_law import assert_exports
from torso.core.errors import ConfigError
from torso.core.types import Batch, Tokens
from torso.model.modality_heads import loss_and_count
from torso.model.model import Model
from torso.sharing import Sharing

DIM = 8


def sharings() -> list[dict[str, Any]]:
    """Return a spec of every registered sharing, by default and in each of its `law_settings`."""
    return [
        {"type": name, **settings}
        for name, part in Sharing.registry.items()
        for settings in ({}, *part.law_settings)
    ]


def build(
    spec: dict[str, Any], tasks: Sequence[str] = tuple(small.TASKS), dim: int = DIM
) -> Sharing:
    torch.manual_seed(0)
    return Sharing.registry.build(spec, tasks=tasks, dim=dim).double().eval()


def fused(batch: int = 4) -> Tokens:
    """Return fused tokens of which row 0 has none and others have garbage under their mask."""
    torch.manual_seed(1)
    mask = torch.tensor([[False, False], [True, True], [True, False], [False, True]])
    values = torch.randn(batch, 2, DIM, dtype=torch.float64)
    return Tokens(values.masked_fill(~mask.unsqueeze(-1), torch.nan), mask)


def vectors(sharing: Sharing, tokens: Tokens) -> dict[str, torch.Tensor]:
    """Return every task's vector, had every trunk given the same tokens."""
    actual: dict[str, torch.Tensor] = sharing(dict.fromkeys(sharing.trunks(), tokens))
    return actual


def assert_can_be_traced(spec: dict[str, Any]) -> None:
    """`torch.export` traces the sharing, or its class says why not."""
    sharing, tokens = build(spec).float(), fused()
    tokens = Tokens(tokens.values.float(), tokens.mask)
    assert_exports(sharing, dict.fromkeys(sharing.trunks(), tokens), reason=sharing.not_exportable)


def assert_one_vector_per_task(spec: dict[str, Any]) -> None:
    sharing = build(spec)
    actual = vectors(sharing, fused())
    assert set(actual) == set(small.TASKS)
    for vector in actual.values():
        assert vector.shape == (4, sharing.width)
        assert vector.dtype == torch.float64
        assert vector.isfinite().all()  # a row without tokens, and garbage under the mask


def assert_every_task_reads_a_trunk(spec: dict[str, Any]) -> None:
    for tasks in (list(small.TASKS), ["one"], ["", "a.b", "items", "type"]):
        trunks = build(spec, tasks).trunks()
        assert {task for some in trunks.values() for task in some} == set(tasks)
        assert all(len(set(some)) == len(some) > 0 for some in trunks.values())


def assert_shared_parameters_are_those_of_several_tasks(spec: dict[str, Any]) -> None:
    """Shared and private parameters partition the model; a private one never gets another task's gradient.

    After a step of training, since parts that begin by doing nothing leave some parameters without gradient
    in the first; and in training, since a choice in evaluation may leave out what others chose.
    """
    for tasks in (small.TASKS, {"odd": "binary"}):
        model, rows = small.model(tasks=tasks, sharing=spec), small.batch(tasks=tasks, rows=12)
        shared = {id(parameter) for parameter in model.shared_parameters()}
        assert len(list(model.shared_parameters())) == len(shared)  # each once
        named = {name for name, p in model.named_parameters() if id(p) in shared}
        assert several(reached(model, rows)) <= named  # in evaluation, before any step
        step(model.train(), rows)
        actual = reached(model, rows)
        assert set(actual) == {name for name, _ in model.named_parameters()}
        assert several(actual) == named
        step(model, rows)
        assert several(reached(model.eval(), rows)) <= named


def reached(model: Model, rows: Batch) -> Counter[str]:
    """Return parameter name -> how many tasks' losses reach it in one pass."""
    losses, _ = model.losses(model(rows.inputs), rows.targets)
    named = dict(model.named_parameters())
    count: Counter[str] = Counter()
    for loss in losses:
        gradients = torch.autograd.grad(
            loss, [*named.values()], retain_graph=True, allow_unused=True
        )
        pairs = zip(named, gradients, strict=True)
        count.update(name for name, gradient in pairs if gradient is not None and gradient.any())
    return count


def several(actual: Counter[str]) -> set[str]:
    return {name for name, count in actual.items() if count > 1}


def step(model: Model, rows: Batch) -> None:
    """Descend a little along the gradient of the sum of the losses."""
    losses, _ = model.losses(model(rows.inputs), rows.targets)
    parameters = [*model.parameters()]
    actual = torch.autograd.grad(losses.sum(), parameters, allow_unused=True)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, actual, strict=True):
            if gradient is not None:
                parameter -= 0.01 * gradient / gradient.norm().clamp(min=1e-9)


def assert_penalties_are_of_training_only(spec: dict[str, Any]) -> None:
    model, rows = small.model(sharing=spec), small.batch()
    for train in (False, True):
        model.train(train)
        twin = deepcopy(model)
        torch.manual_seed(0)
        losses, _ = twin.losses(twin(rows.inputs), rows.targets)
        torch.manual_seed(0)
        outputs = model(rows.inputs)
        plain = [
            loss_and_count(head, outputs[t], rows.targets[t])[0] for t, head in model.heads.pairs()
        ]
        owed = model.sharing.penalties(dict(model.trunks.pairs())) if train else {}
        assert owed.keys() <= set(model.tasks)
        extra = [owed.get(task, torch.zeros(())).item() for task in model.tasks]
        assert min(extra) >= 0.0
        expected = torch.stack(plain) + torch.tensor(extra, dtype=torch.float64)
        torch.testing.assert_close(losses, expected, rtol=0, atol=1e-9)


def assert_mixing_says_shares(spec: dict[str, Any]) -> None:
    for tasks in (list(small.TASKS), ["one"]):
        sharing = build(spec, tasks).train()
        vectors(sharing, fused())
        before = {name: value.clone() for name, value in sharing.state_dict().items()}
        vectors(sharing.eval(), fused())  # only training is noted
        assert all(torch.equal(value, before[n]) for n, value in sharing.state_dict().items())
        mixing = sharing.mixing()
        assert set(mixing) in (set(), set(tasks))
        for row in mixing.values():
            assert all(0.0 <= share <= 1.0 for share in row.values())
            assert sum(row.values()) == pytest.approx(1.0)


def assert_many_tasks(spec: dict[str, Any]) -> None:
    """32 tasks: vectors of sane size, live gradients, and costs that grow as the formula says."""
    numbers, products = {}, {}
    for count in (8, 16, 32):
        sharing = build(spec, [f"task_{index}" for index in range(count)], dim=32).train()
        tokens = Tokens(torch.randn(8, 2, 32).double(), torch.ones(8, 2, dtype=torch.bool))
        with FlopCounterMode(display=False) as counter:
            actual = torch.stack([*vectors(sharing, tokens).values()])
        numbers[count] = sum(parameter.numel() for parameter in sharing.parameters())
        products[count] = counter.get_total_flops()
        assert 0.05 < actual.square().mean().sqrt() < 5.0
    steps = 4.01 if sharing.pairwise else 2.01
    for cost in (numbers, products):
        assert cost[32] - cost[16] <= steps * (cost[16] - cost[8])
    parameters = [*sharing.parameters()]
    if parameters:
        for gradient in torch.autograd.grad(actual.square().mean(), parameters):
            assert gradient.isfinite().all()


def assert_settings_are_checked(spec: dict[str, Any]) -> None:
    part = Sharing.registry.find(spec["type"])
    wrong: dict[type, Any] = {int: 0, float: -1.0, str: "nonsense"}
    for name, setting in inspect.signature(part).parameters.items():
        bad = [0] if name == "hidden" else wrong.get(type(setting.default))
        if bad is not None:
            with pytest.raises(ConfigError, match=f"Parameter `{name}` should .* Found "):
                build({"type": spec["type"], name: bad})


def assert_rows_are_independent(spec: dict[str, Any]) -> None:
    sharing, tokens = build(spec), fused()
    expected = vectors(sharing, tokens)
    order = torch.tensor([3, 1, 0, 2])
    moved = vectors(sharing, Tokens(tokens.values[order], tokens.mask[order]))
    for task, vector in moved.items():
        torch.testing.assert_close(vector, expected[task][order], rtol=0, atol=1e-12)


def assert_saved_and_loaded(spec: dict[str, Any]) -> None:
    saved, tokens = build(spec), fused()
    torch.manual_seed(9)
    loaded = Sharing.registry.build(spec, tasks=list(small.TASKS), dim=DIM).double().eval()
    loaded.load_state_dict(saved.state_dict())
    expected = vectors(saved, tokens)
    assert all(torch.equal(v, expected[task]) for task, v in vectors(loaded, tokens).items())


def assert_needs_a_task(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"`tasks` should name at least one task"):
        build(spec, [])


def assert_autocast(spec: dict[str, Any]) -> None:
    sharing, tokens = build(spec).float(), fused()
    with torch.autocast("cpu", torch.bfloat16):
        actual = vectors(sharing, Tokens(tokens.values.bfloat16(), tokens.mask))
    assert all(vector.isfinite().all() for vector in actual.values())
