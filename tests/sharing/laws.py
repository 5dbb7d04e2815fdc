"""What holds for every sharing: one vector per task, trunks that cover the tasks, honest bookkeeping."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from tests import small
from torso.sharing import Sharing
from torso.types import Tokens

DIM = 8
SETTINGS: list[dict[str, Any]] = [{}, {"hidden": [5]}, {"hidden": [5, 7]}]


def sharings() -> list[dict[str, Any]]:
    """Return a spec of every registered sharing in each setting that it knows."""
    return [
        {"type": name, **settings}
        for name, part in Sharing.registry.items()
        for settings in SETTINGS
        if settings.keys() <= inspect.signature(part).parameters.keys()
    ]


def build(spec: dict[str, Any], tasks: Sequence[str] = tuple(small.TASKS)) -> Sharing:
    torch.manual_seed(0)
    return Sharing.registry.build(spec, tasks=tasks, dim=DIM).double().eval()


def fused(batch: int = 4) -> Tokens:
    """Return fused tokens of which row 0 has none and others have garbage under their mask."""
    torch.manual_seed(1)
    mask = torch.tensor([[False, False], [True, True], [True, False], [False, True]])
    values = torch.randn(batch, 2, DIM, dtype=torch.float64)
    return Tokens(values.masked_fill(~mask.unsqueeze(-1), torch.nan), mask)


def vectors(sharing: Sharing, tokens: Tokens) -> dict[str, torch.Tensor]:
    """Return every task's vector, had every trunk given the same tokens."""
    found: dict[str, torch.Tensor] = sharing(dict.fromkeys(sharing.trunks(), tokens))
    return found


def assert_one_vector_per_task(spec: dict[str, Any]) -> None:
    sharing = build(spec)
    found = vectors(sharing, fused())
    assert set(found) == set(small.TASKS)
    for vector in found.values():
        assert vector.shape == (4, sharing.width)
        assert vector.dtype == torch.float64
        assert vector.isfinite().all()  # a row without tokens, and garbage under the mask


def assert_every_task_reads_a_trunk(spec: dict[str, Any]) -> None:
    for tasks in (list(small.TASKS), ["one"], ["", "a.b", "items", "type"]):
        trunks = build(spec, tasks).trunks()
        assert {task for some in trunks.values() for task in some} == set(tasks)
        assert all(len(set(some)) == len(some) > 0 for some in trunks.values())


def assert_shared_parameters_are_those_of_several_tasks(spec: dict[str, Any]) -> None:
    """What the model calls shared is exactly what gets gradient from more than one task."""
    for tasks in (small.TASKS, {"odd": "binary"}):
        model, rows = small.model(tasks=tasks, sharing=spec), small.batch(tasks=tasks, rows=12)
        reached = Counter(name for task in tasks for name in small.gradients(model, rows, task))
        assert set(reached) == {name for name, _ in model.named_parameters()}
        shared = {id(parameter) for parameter in model.shared_parameters()}
        named = {name for name, p in model.named_parameters() if id(p) in shared}
        assert named == {name for name, count in reached.items() if count > 1}
        assert len(list(model.shared_parameters())) == len(shared)  # each once


def assert_rows_are_independent(spec: dict[str, Any]) -> None:
    sharing, tokens = build(spec), fused()
    expected = vectors(sharing, tokens)
    order = torch.tensor([3, 1, 0, 2])
    moved = vectors(sharing, Tokens(tokens.values[order], tokens.mask[order]))
    for task, vector in moved.items():
        torch.testing.assert_close(vector, expected[task][order], rtol=0, atol=1e-12)


def assert_saved_and_loaded(spec: dict[str, Any]) -> None:
    one, tokens = build(spec), fused()
    torch.manual_seed(9)
    two = Sharing.registry.build(spec, tasks=list(small.TASKS), dim=DIM).double().eval()
    two.load_state_dict(one.state_dict())
    expected = vectors(one, tokens)
    assert all(torch.equal(v, expected[task]) for task, v in vectors(two, tokens).items())


def assert_needs_a_task(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"`tasks` should name at least one task"):
        build(spec, [])


def assert_autocast(spec: dict[str, Any]) -> None:
    sharing, tokens = build(spec).float(), fused()
    with torch.autocast("cpu", torch.bfloat16):
        found = vectors(sharing, Tokens(tokens.values.bfloat16(), tokens.mask))
    assert all(vector.isfinite().all() for vector in found.values())
