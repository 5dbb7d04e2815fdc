"""Processes that `torchrun` started: which of them this is. Without torch, since the command line asks early."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["goes_on", "torchrun_rank"]

_SET = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_RESTARTS = "TORCHELASTIC_RESTART_COUNT"


def torchrun_rank() -> tuple[int, int] | None:
    """Return rank and number of processes that `torchrun` gave to this process; None where it started none beside it."""
    if not all(os.environ.get(name, "").strip() for name in _SET):
        return None
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return (rank, world) if world > 1 else None


def goes_on(out: Path | None) -> bool:
    """Return whether `torchrun` started the processes anew after a crash that left a checkpoint in `out`."""
    restarts = os.environ.get(_RESTARTS, "0")
    if out is None or not restarts.isdigit() or not int(restarts):
        return False
    from torso.runs.folder.folder import RunFolder
    from torso.runs.folder.stage import Stage

    folder = RunFolder(out)
    return folder.stage is not Stage.FINISHED and folder.checkpoint.exists
