"""Whether every task has a say in what all share: its part of the gradients there, once, early in a training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["EPOCH", "gradient_shares", "hearing", "unheard"]

EPOCH = 2
"""After which epoch to look: heads have begun to answer by then, and there is time left to begin anew."""

_BATCHES = 2
_LITTLE = 0.1  # of an equal share


@contextmanager
def hearing(model: nn.Module) -> Iterator[None]:
    """Let the model answer as in evaluation, but so that gradients can be had, and leave no trace."""
    model.eval()
    for one in model.modules():
        if isinstance(one, nn.RNNBase):  # CUDA has no backward pass of theirs in evaluation
            one.train()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        yield
    model.eval()


def gradient_shares(
    losses: Iterable[Tensor], shared: Sequence[nn.Parameter], weights: Sequence[float]
) -> list[float]:
    """Return each task's share of the gradients' lengths at the shared parameters; NaN for a task without any.

    Args:
        losses: `[tasks]` of a few batches, zero without a gradient for a task that has no labels there.
        shared: parameters that several tasks share.
        weights: of the tasks in the sum that is trained.
    """
    lengths = torch.zeros(len(weights), dtype=torch.float64)
    for _, batch in zip(range(_BATCHES), losses, strict=False):
        for task, loss in enumerate(batch):
            if loss.requires_grad:
                found = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
                squares = [one.double().square().sum() for one in found if one is not None]
                lengths[task] += weights[task] * float(sum(squares)) ** 0.5
    shares = lengths / lengths.sum()
    return [float(one) if one > 0 else float("nan") for one in shares]


def unheard(shares: Mapping[str, float]) -> str | None:
    """Return a note on tasks that hardly shape what they share; None if there is none.

    >>> unheard({"mask": 0.03, "boxes": 0.97})
    "Hardly heard by what all tasks share: 'mask' (3 % of the gradients). If that task matters, give it more weight or \
try another balancer, such as --set balancing=gls."
    """
    few = {task: one for task, one in shares.items() if one < _LITTLE / len(shares)}
    if not few:
        return None
    named = ", ".join(
        f"{task!r} ({one:.0%} of the gradients)".replace("%", " %") for task, one in few.items()
    )
    which = "that task matters, give it" if len(few) == 1 else "those tasks matter, give them"
    return (
        f"Hardly heard by what all tasks share: {named}. If {which} more weight or try another balancer, such as "
        "--set balancing=gls."
    )
