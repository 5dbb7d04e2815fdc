"""Inner products of the tasks' gradients, estimated from random projections of them.

A gradient of P numbers is folded into m buckets: number p is added, with a random sign, to bucket p mod m. On
average over the signs the folded gradients have the inner products of the whole ones. The standard deviation
is about `sqrt(2 / m)` of the product of the lengths unless a few numbers dominate: 0.8 % here, far below the
difference between two batches. So K gradients take the memory of one, and K x m numbers besides.

From Charikar, Chen, Farach-Colton, ICALP 2002, and Weinberger et al., ICML 2009
(https://arxiv.org/abs/0902.2206), lemma 2. Differs: the signs are one random sequence of L numbers, repeated.
Since m and L are primes, two numbers of one bucket have independent signs unless they lie `m * L`, nine
billion, apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch import distributed as dist

from torso.balancing.engine.graph import task_roots, trainable, unreached
from torso.balancing.engine.jacobian import gram, wide_type
from torso.balancing.engine.ranks import average

__all__ = ["BUCKETS", "Projection", "projected_gram"]

BUCKETS = 32_749
"""m, a prime: the length of a folded gradient, 128 KiB in float32."""

_SIGNS = 262_139
"""L, a prime: the length of the sequence of signs, 1 MiB in float32."""


class Projection:
    """Folds vectors so that their inner products stay the same on average.

    Args:
        seed: seed of the signs, the same in every process.
        device: device of the vectors.
        dtype: dtype of the sums.
    """

    def __init__(self, seed: int, device: torch.device, dtype: torch.dtype) -> None:
        draw = torch.Generator().manual_seed(seed)
        signs = torch.randint(0, 2, (_SIGNS,), generator=draw, dtype=torch.int8) * 2 - 1
        self.signs = signs.to(device, dtype)

    def fold(self, parts: Sequence[Tensor | None], lengths: Sequence[int], folded: Tensor) -> None:
        """Add one concatenated vector to `folded` `[BUCKETS]`.

        Args:
            parts: the vector's parts; None stands for zeros.
            lengths: the parts' lengths.
            folded: is changed in place.
        """
        start = 0
        for part, length in zip(parts, lengths, strict=True):
            if part is not None:
                for offset, piece in self._signed(part.to_dense().flatten(), start):
                    _fold(folded, offset % BUCKETS, piece)
            start += length

    def _signed(self, part: Tensor, start: int) -> Iterator[tuple[int, Tensor]]:
        """Yield pieces of a part with signs applied, each after its offset in the whole vector."""
        done = 0
        while done < len(part):
            first = (start + done) % _SIGNS
            piece = part[done : done + _SIGNS - first]
            yield start + done, piece * self.signs[first : first + len(piece)]
            done += len(piece)


def projected_gram(
    losses: Tensor,
    tensors: Sequence[Tensor],
    present: Tensor,
    *,
    seed: int,
    group: dist.ProcessGroup | None = None,
) -> Tensor:
    """Return an unbiased estimate of the Gram matrix of the tasks' gradients, `[tasks, tasks]` in float64.

    Takes one backward pass per present task and keeps the graph. Exact, but for rounding, if the tensors have no
    more than `BUCKETS` numbers. Zeros for an absent task.

    Args:
        losses: `[tasks]`, each with its graph.
        tensors: shared parameters; those that require no gradient are left out.
        present: bool `[tasks]`.
        seed: seed of the projection, the same in every process.
        group: processes to average the gradients over; None for this process alone.

    Raises:
        ConfigError: no loss reaches any of the tensors.
    """
    wanted = trainable(tensors)
    lengths = [tensor.numel() for tensor in wanted]
    project = Projection(seed, wanted[0].device, wide_type(wanted))
    roots = task_roots(losses, present)
    matrix = project.signs.new_zeros(len(roots), BUCKETS)
    reached = False
    with torch.autocast(losses.device.type, enabled=False):
        for row, (root, start) in zip(matrix, roots, strict=True):
            gradients = torch.autograd.grad(
                root, wanted, start, retain_graph=True, allow_unused=True
            )
            reached |= any(gradient is not None for gradient in gradients)
            project.fold(gradients, lengths, row)
            del gradients  # frees the memory before the next pass needs as much
        if group is not None:
            average([matrix], group)
        products = gram(matrix)
    if roots and not reached:
        raise unreached()
    whole = products.new_zeros(len(losses), len(losses))
    whole[present.nonzero(), present.nonzero().T] = products
    return whole


def _fold(folded: Tensor, start: int, piece: Tensor) -> None:
    """Add a piece to the buckets, its first number to bucket `start`, wrapping around."""
    head = piece[: BUCKETS - start]
    folded[start : start + len(head)] += head
    rest = piece[len(head) :]
    rounds = len(rest) // BUCKETS * BUCKETS
    if rounds:
        folded += rest[:rounds].view(-1, BUCKETS).sum(0)
    folded[: len(rest) - rounds] += rest[rounds:]
