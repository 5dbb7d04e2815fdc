"""One process of two that hold a sharing in pieces: its outputs and gradients against the whole one's.

    python -m tests.sharing.sharded_worker RANK FOLDER

Exits with an error if a sharded sharing gives anything but the whole one's numbers.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.core.types import Tokens
from torso.sharing import Sharing

DIM = 256  # wide enough for rows of parameters to be read where they lie
NAMES = ["mtan", "cross_stitch", "film", "mmoe"]


class Whole(nn.Module):
    """A sharing with tensors in and out, as sharding wants them."""

    def __init__(self, name: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.sharing = Sharing.registry.build(name, tasks=["a", "b"], dim=DIM)

    def forward(self, x: Tensor) -> Tensor:
        vectors = self.sharing(dict.fromkeys(self.sharing.trunks(), Tokens.vector(x)))
        return torch.stack([*vectors.values()]) * 1.0


def check(name: str) -> None:
    """Compare one pass, forwards and backwards, of the sharded and the whole sharing."""
    from torch.distributed.fsdp import (
        fully_shard,  # slow to import, and the suite imports this file
    )

    whole, sharded = Whole(name), Whole(name)
    fully_shard(sharded)
    x = torch.randn(4, DIM, generator=torch.Generator().manual_seed(1))
    expected, given = whole(x), sharded(x)
    assert torch.equal(given, expected), name
    expected.square().sum().backward()
    given.square().sum().backward()
    for piece, parameter in zip(sharded.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(piece.grad.full_tensor(), parameter.grad)


if __name__ == "__main__":
    meeting = Path(sys.argv[2]) / "meeting"
    dist.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",
        rank=int(sys.argv[1]),
        world_size=2,
        timeout=timedelta(seconds=60),
    )
    for each in NAMES:
        check(each)
    dist.destroy_process_group()
