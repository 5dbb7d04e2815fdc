"""Inner products of the tasks' gradients from random projections of them, a few numbers per task.

A gradient of P numbers is folded into m buckets, number p with a random sign into bucket p mod m. The folded
gradients have the inner products of the whole ones on average over the signs (Charikar, Chen, Farach-Colton,
ICALP 2002; Weinberger et al., ICML 2009, https://arxiv.org/abs/0902.2206, lemma 2), with a standard deviation
of about `sqrt(2 / m)` of the product of the lengths where no few numbers dominate: here 0.8 %, far below what
one batch differs from the next. So K gradients take the memory of one, and K x m numbers besides.

Differs: the signs are one random sequence of L numbers, repeated. As m and L are primes, two numbers of
one bucket have independent signs unless they lie `m * L` apart, nine billion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from torso.balancing.engine.graph import task_roots
from torso.balancing.engine.jacobian import gram, wide_type
from torso.balancing.engine.ranks import average
from torso.balancing.engine.reach import trainable, unreached

__all__ = ["BUCKETS", "Projection", "projected_gram"]

BUCKETS = 32_749
"""m, a prime: what a gradient is folded into, 128 KiB in float32."""

_SIGNS = 262_139
"""L, a prime: 1 MiB in float32, the numbers that are folded at a time."""


class Projection:
    """Folds vectors of one length so that their inner products stay what they are on average.

    Args:
        seed: of the signs; another seed, other errors. The same in every process.
        device: of the vectors.
        dtype: what they are folded in.
    """

    def __init__(self, seed: int, device: torch.device, dtype: torch.dtype) -> None:
        draw = torch.Generator().manual_seed(seed)
        signs = torch.randint(0, 2, (_SIGNS,), generator=draw, dtype=torch.int8) * 2 - 1
        self.signs = signs.to(device, dtype)

    def fold(self, parts: Sequence[Tensor | None], lengths: Sequence[int], folded: Tensor) -> None:
        """Add to `folded`, `[BUCKETS]`, the parts put end to end; None is as many zeros as its length."""
        start = 0
        for part, length in zip(parts, lengths, strict=True):
            if part is not None:
                for place, piece in self._signed(part.to_dense().flatten(), start):
                    _fold(folded, place % BUCKETS, piece)
            start += length

    def _signed(self, part: Tensor, start: int) -> Iterator[tuple[int, Tensor]]:
        """Yield the pieces of a part with their signs, and where they stand in the whole."""
        done = 0
        while done < len(part):
            place = (start + done) % _SIGNS
            piece = part[done : done + _SIGNS - place]
            yield start + done, piece * self.signs[place : place + len(piece)]
            done += len(piece)


def projected_gram(
    losses: Tensor,
    tensors: Sequence[Tensor],
    present: Tensor,
    *,
    seed: int,
    group: Any = None,
) -> Tensor:
    """Return an unbiased estimate of the Gram matrix of the tasks' gradients, `[tasks, tasks]` in float64.

    Takes one backward pass per present task and keeps the graph. Exact, but for rounding, where the tensors
    have no more than `BUCKETS` numbers. Zeros for an absent task.

    Args:
        losses: `[tasks]`, each with its graph.
        tensors: shared parameters; those that require no gradient are left out.
        present: bool `[tasks]`.
        seed: of the projection, the same in every process.
        group: processes whose mean the gradients are; None for this one alone.

    Raises:
        ConfigError: no loss reaches any of the tensors.
    """
    wanted = trainable(tensors)
    lengths = [one.numel() for one in wanted]
    project = Projection(seed, wanted[0].device, wide_type(wanted))
    roots: Any = task_roots(losses, present)
    matrix = project.signs.new_zeros(len(roots), BUCKETS)
    reached = False
    with torch.autocast(losses.device.type, enabled=False):
        for row, (root, start) in zip(matrix, roots, strict=True):
            found = torch.autograd.grad(root, wanted, start, retain_graph=True, allow_unused=True)
            reached |= any(one is not None for one in found)
            project.fold(found, lengths, row)
            del found  # before the next pass makes as many again
        if group is not None:
            average([matrix], group)
        products = gram(matrix)
    if roots and not reached:
        raise unreached()
    whole = products.new_zeros(len(losses), len(losses))
    whole[present.nonzero(), present.nonzero().T] = products
    return whole


def _fold(folded: Tensor, start: int, piece: Tensor) -> None:
    """Add a piece to the buckets, the first number to bucket `start`, going round."""
    head = piece[: BUCKETS - start]
    folded[start : start + len(head)] += head
    rest = piece[len(head) :]
    rounds = len(rest) // BUCKETS * BUCKETS
    if rounds:
        folded += rest[:rounds].view(-1, BUCKETS).sum(0)
    folded[: len(rest) - rounds] += rest[rounds:]
