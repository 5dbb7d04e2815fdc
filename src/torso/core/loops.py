"""Loops over steps that a traced graph holds as loops, instead of every step written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["State", "being_traced", "last_state", "states"]

State = tuple[Tensor, ...]
Step = Callable[[State, State], State]


def being_traced() -> bool:
    """Return whether `torch.export` or `torch.compile` traces a module that does not learn."""
    return torch.compiler.is_compiling() and not torch.is_grad_enabled()


def states(step: Step, first: State, each: Sequence[Tensor]) -> State:
    """Return the state before the first step and after each, every part as `[steps + 1, ...]`.

    >>> added = states(lambda state, each: (state[0] + each[0],), (torch.zeros(1),), [torch.ones(2, 1)])
    >>> added[0].flatten().tolist()
    [0.0, 1.0, 2.0]

    Args:
        step: state and its share of `each` -> next state, of the same shapes.
        first: state before the first step.
        each: tensors `[steps, ...]`.
    """
    if being_traced() and len(each[0]):

        def both(state: State, own: State) -> tuple[State, State]:
            after = step(state, own)
            return _own(after), _own(after)

        _, later = _scan(both, first, each)
        return tuple(
            torch.cat([part.unsqueeze(0), own]) for part, own in zip(first, later, strict=True)
        )
    every = [first]
    for own in zip(*each, strict=True):
        every.append(step(every[-1], own))
    return tuple(torch.stack(parts) for parts in zip(*every, strict=True))


def last_state(step: Step, first: State, each: Sequence[Tensor]) -> State:
    """Return the state after the last of some steps; arguments as of `states`."""
    if not being_traced():
        state = first
        for own in zip(*each, strict=True):
            state = step(state, own)
        return state

    def alone(state: State, own: State) -> tuple[State, State]:
        return _own(step(state, own)), _own(own[:1])

    return _scan(alone, first, each)[0]


def _own(parts: Sequence[Tensor]) -> State:
    """Return copies: a loop hands out no tensor twice, and all states lie in memory alike."""
    return tuple(part.clone(memory_format=torch.contiguous_format) for part in parts)


def _scan(
    step: Callable[[State, State], tuple[State, State]], first: State, each: Sequence[Tensor]
) -> tuple[State, State]:
    from torch._higher_order_ops.scan import scan

    state, outputs = scan(step, _own(first), tuple(each))
    return state, outputs
