"""The state of an optimizer as tensors and plain values: moments, counts, and values of its groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from torso.core.errors import RunError
from torso.training.optimizers._optimizer import ELSEWHERE

__all__ = ["optimizer_state", "restore_optimizer"]

_GROUP = "group"
"""Begins the keys of values that are kept in a group of parameters."""


def optimizer_state(
    optimizer: torch.optim.Optimizer,
) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Return the tensors of an optimizer's state, and its plain values, by `PARAMETER.NAME`.

    Raises:
        RunError: it keeps anything else.
    """
    tensors: dict[str, Tensor] = {}
    plain: dict[str, object] = {}
    for key, value in _kept(optimizer):
        if isinstance(value, Tensor):
            tensors[key] = value
        elif isinstance(value, int | float | str | None) or _is_plain_list(value):
            plain[key] = value
        else:
            raise RunError(
                f"The optimizer {type(optimizer).__name__} keeps a {type(value).__name__}, {key!r}, which no checkpoint holds. "
                "Choose another (training.optimizer), or train without a folder: torso.fit(..., out=None)."
            )
    return tensors, plain


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, object]
) -> None:
    """Put the values of `optimizer_state` back."""
    state = optimizer.state_dict()
    moments: dict[int, dict[str, object]] = {}
    for key, value in {**tensors, **plain}.items():
        number, name = key.split(".", 1)
        if number.startswith(_GROUP):
            group = state["param_groups"][int(number.removeprefix(_GROUP))]
            group[name] = tuple(value) if isinstance(group.get(name), tuple) else value  # type: ignore[arg-type]
        else:
            moments.setdefault(int(number), {})[name] = value
    state["state"] = moments
    optimizer.load_state_dict(state)


def _kept(optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, object]]:
    """Yield the values of parameters, and those of groups but for rate and decay, which a config may change."""
    state = optimizer.state_dict()
    for number, parts in state["state"].items():
        for key, value in parts.items():
            yield f"{number}.{key}", value
    for place, group in enumerate(state["param_groups"]):
        for key in (group.keys() & optimizer.defaults.keys()) - {*ELSEWHERE}:
            yield f"{_GROUP}{place}.{key}", group[key]


def _is_plain_list(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(each, int | float | str | None) for each in value
    )
