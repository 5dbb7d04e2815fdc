"""Each task's share of the gradient at the shared parameters, measured once, early in a training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.balancing.engine.ranks import average

__all__ = ["NOTE_EPOCH", "evaluated", "gradient_shares", "quiet_tasks"]

NOTE_EPOCH = 2
"""The epoch after which shares are measured: heads answer by then, and there is time left to begin anew."""

_BATCHES = 2
_QUIET = 0.1  # of an equal share


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """Put the model in evaluation mode with gradients enabled; random numbers drawn inside do not count."""
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.RNNBase):  # cuDNN has no backward pass of an RNN in evaluation
            module.train()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        yield
    model.eval()


def gradient_shares(
    losses: Iterable[Tensor],
    shared: Sequence[nn.Parameter],
    weights: Sequence[float],
    group: dist.ProcessGroup | None = None,
) -> list[float]:
    """Return each task's share of the summed gradient norms at the shared parameters; NaN for none.

    Args:
        losses: `[tasks]` of a few batches, zero without a gradient for a task that has no labels there.
        shared: parameters that several tasks share.
        weights: of the tasks in the sum that is trained.
        group: processes to average the gradients over; None for this process alone.
    """
    norms = torch.zeros(len(weights), dtype=torch.float64)
    for _, batch in zip(range(_BATCHES), losses, strict=False):
        for task, loss in enumerate(batch):
            if loss.requires_grad:
                given = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
                gradients = [g for g in given if g is not None]
                if group is not None:  # a process without the modality sends zeros
                    pairs = zip(given, shared, strict=True)
                    gradients = [torch.zeros_like(p) if g is None else g for g, p in pairs]
                    average(gradients, group)
                squares = [g.double().square().sum() for g in gradients]
                norms[task] += weights[task] * float(sum(squares)) ** 0.5
    shares = norms / norms.sum()
    return [float(share) if share > 0 else float("nan") for share in shares]


def quiet_tasks(shares: Mapping[str, float]) -> str | None:
    """Return a note on tasks with less than a tenth of an equal share; None if there is none.

    >>> quiet_tasks({"mask": 0.03, "boxes": 0.97})
    "Task 'mask' contributes 3 % of the shared gradient. Raise its weight, or try --set balancing=gls."
    >>> print(quiet_tasks({"50%": 0.01, "mask": 0.02, "boxes": 0.97}))
    Tasks '50%' (1 %) and 'mask' (2 %) contribute little of the shared gradient. Raise their weights, or try \
--set balancing=gls.
    """
    quiet = {task: share for task, share in shares.items() if share < _QUIET / len(shares)}
    if not quiet:
        return None
    if len(quiet) == 1:
        ((task, share),) = quiet.items()
        fact = f"Task {task!r} contributes {100 * share:.0f} % of the shared gradient. Raise its weight"
    else:
        *first, last = [f"{task!r} ({100 * share:.0f} %)" for task, share in quiet.items()]
        names = f"{', '.join(first)} and {last}"
        fact = f"Tasks {names} contribute little of the shared gradient. Raise their weights"
    return f"{fact}, or try --set balancing=gls."
