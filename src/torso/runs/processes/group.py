"""The process group of one training: how its processes find each other, and how long they wait.

A process may wait for hours while the first one fits plain models, so nothing here times out. One that dies closes its
connections, which ends the wait of the others.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta

import torch
from torch import distributed as dist
from torch._C._distributed_c10d import Store

__all__ = ["MEETING", "join"]

MEETING = timedelta(days=100)
"""Time for which a process waits for the others: longer than any training."""

_INTERFACE = "GLOO_SOCKET_IFNAME"
_LOOPBACK = ("lo", "lo0")


def join(rank: int, world: int, store: Store | None = None) -> bool:
    """Make this process one of the default group of torch; return False if it was one before.

    Args:
        rank: its number.
        world: number of processes.
        store: meeting point of processes of this machine; None: that of `torchrun`.
    """
    if dist.is_initialized():  # a script under `torchrun` may have done so
        return False
    cuda = torch.cuda.is_available()
    if cuda:
        local = int(os.environ.get("LOCAL_RANK", rank))
        torch.cuda.set_device(local % torch.cuda.device_count())
    with nullcontext() if store is None else _loopback():
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo",
            store=store,
            rank=rank,
            world_size=world,
            timeout=MEETING,
        )
    return True


@contextmanager
def _loopback() -> Iterator[None]:
    """Let gloo talk over this machine's loopback alone, as its messages are neither signed nor encrypted."""
    names = [name for _, name in socket.if_nameindex() if name in _LOOPBACK]
    if _INTERFACE in os.environ or not names:
        yield
        return
    os.environ[_INTERFACE] = names[0]
    try:
        yield
    finally:
        del os.environ[_INTERFACE]
