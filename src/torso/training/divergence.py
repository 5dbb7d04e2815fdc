"""The rows behind a loss that is NaN or infinite, and a balancer's error as a run says it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from torso.core.errors import Diverged, StepError
from torso.core.types import Batch
from torso.model.model import Model
from torso.training.gradient_shares import evaluated
from torso.training.strategies import Strategy

__all__ = ["bad_rows", "in_run", "said"]

_NAMED = 5  # rows in a message


def bad_rows(model: Model, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Return bool `[rows]`: where the loss of a labelled row is NaN or infinite, of any task.

    Args:
        model: has the heads.
        outputs: task -> its head's raw outputs.
        targets: task -> targets.
    """
    bad = []
    with torch.no_grad():
        for task, head in model.heads.pairs():
            device = next(model.parameters()).device
            own, labels = outputs[task].to(device), targets[task].to(device)
            nll = torch.stack(
                [head.loss(own[row : row + 1], labels[row : row + 1]) for row in range(len(labels))]
            )
            bad.append(head.labelled(labels) & ~nll.isfinite())
    return torch.stack(bad).any(dim=0).cpu()


def in_run(
    error: StepError, model: Model, batch: Batch, when: str, strategy: Strategy
) -> StepError:
    """Return a balancer's error with the cure for a run, when it happened, and which rows it comes from.

    Args:
        error: that every process met.
        model: whose losses.
        batch: rows of this process.
        when: of the message.
        strategy: knows the other processes.
    """
    rows = f"{_rows_of_batch(model, batch, strategy)} " if isinstance(error, Diverged) else ""
    return type(error)(f"{when}: {error.fact} {rows}{error.in_run}".rstrip())


def _rows_of_batch(model: Model, batch: Batch, strategy: Strategy) -> str:
    """Return the rows of a batch that make a loss NaN or infinite, as a message says them."""
    with evaluated(model), torch.no_grad():
        outputs = model(batch.inputs)
    model.train()
    parts = strategy.each((bad_rows(model, outputs, batch.targets), batch.rows))
    bad, rows = (torch.cat([part[kind] for part in parts]) for kind in (0, 1))
    # Row k of the batch is with process k modulo their number.
    places = [torch.arange(rank, len(rows), len(parts)) for rank in range(len(parts))]
    order = torch.cat(places).argsort()
    return said(bad[order], rows[order])


def said(bad: Tensor, rows: Tensor) -> str:
    """Return which rows are bad, as a message says them.

    >>> said(torch.tensor([False, True, True]), torch.tensor([4, 5, 6]))
    'It comes from the rows 6 and 7 of the table.'
    >>> said(torch.tensor([True, True]), torch.tensor([4, 5]))
    'No row is without it, so the weights have diverged.'

    Args:
        bad: bool `[rows]`.
        rows: the position of each in its table.
    """
    numbers = [str(row + 1) for row in rows[bad].tolist()]
    if len(numbers) == len(bad):
        return "No row is without it, so the weights have diverged."
    if not numbers:
        return "No row has it alone."
    first, rest = numbers[:_NAMED], len(numbers) - _NAMED
    if rest > 0:
        first = [*first, f"{rest} more"]
    if len(first) == 1:
        return f"It comes from row {first[0]} of the table."
    return f"It comes from the rows {', '.join(first[:-1])} and {first[-1]} of the table."
