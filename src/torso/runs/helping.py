"""A process beside the first one of a training: `python -m torso.runs.helping MEETING RANK WORLD`.

It trains each network that the first process trains, and ends with it.
"""

from __future__ import annotations

import os
import pickle
import sys
from threading import Thread
from typing import TYPE_CHECKING

from torso.runs.processes.torchrun import torchrun_rank

if TYPE_CHECKING:
    from torso.training.strategies import DataParallel

__all__ = ["helped"]


def helped() -> bool:
    """Return False in a process that does a command itself; where `torchrun` started one before it, help that and return True."""
    started = torchrun_rank()
    if started is None or not started[0]:
        return False
    _follow(*started)
    return True


def _follow(rank: int, world: int) -> None:
    from torch import distributed as dist

    from torso.runs.processes.group import join
    from torso.training.strategies import DataParallel

    joined = join(rank, world)
    _work(DataParallel())
    if joined:
        dist.destroy_process_group()


def _work(strategy: DataParallel) -> None:
    import torch

    from torso.runs.networks.network import train_network
    from torso.runs.processes.team import Job, team_of
    from torso.training import Listener

    nothing: bytes | None = None
    while (content := strategy.agreed(nothing)) is not None:
        job: Job = pickle.loads(content)
        torch.manual_seed(job.config.seed)
        with team_of(strategy):
            train_network(
                job.prepared,
                job.config,
                Listener(),
                resume=job.resume,
                last_epoch=job.last_epoch,
            )


def main(meeting: str, rank: int, world: int) -> None:
    """Meet the others in a file, and follow; an error is a sentence on standard error."""
    Thread(target=_end_with_parent, daemon=True).start()

    from torch._C._distributed_c10d import FileStore

    from torso.core.errors import TorsoError
    from torso.runs.processes.group import MEETING, join
    from torso.training.strategies import DataParallel

    store = FileStore(meeting, world)
    store.set_timeout(MEETING)
    store.set(f"ready/{rank}", "1")
    try:
        join(rank, world, store)
        _work(DataParallel())
    except TorsoError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)


def _end_with_parent() -> None:
    """End this process with the first one, for then the pipe on standard input closes."""
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
