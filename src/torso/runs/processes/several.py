"""`processes=N` of a fit: checked, told, and at work inside a block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from torso.core.errors import ConfigError
from torso.core.notes import Telling
from torso.runs.processes.torchrun import torchrun_rank

__all__ = ["check_processes", "several"]


def check_processes(processes: object) -> int:
    """Return the number of processes.

    Raises:
        ConfigError: it is no whole number of 1 or more.
    """
    if not isinstance(processes, int) or isinstance(processes, bool) or processes < 1:
        raise ConfigError(
            f"`processes` should be a whole number of 1 or more. Found {processes!r}. For one: --processes 1"
        )
    return processes


@contextmanager
def several(processes: int) -> Iterator[None]:
    """Train each network of the block in so many processes; under `torchrun`, in those that it started."""
    wanted, started = check_processes(processes), torchrun_rank()
    world = wanted if started is None else started[1]
    if world == 1:
        yield
        return
    if wanted not in (1, world):
        raise ConfigError(
            f"`torchrun` started {world} processes, but `processes` is {wanted}. Leave out `processes`."
        )
    from torso.runs.processes.team import Team, team_of

    with team_of(Team(world, _note(world))):
        yield


def _note(world: int) -> str:
    """Return a run's note on its processes."""
    available = getattr(os, "sched_getaffinity", None)
    cores = len(available(0)) if available else os.cpu_count() or 1
    local = int(os.environ.get("LOCAL_WORLD_SIZE") or world) if torchrun_rank() else world
    if local > cores:
        return (
            f"{local} processes share {'1 core' if cores == 1 else f'{cores} cores'}: more processes than cores make a "
            f"training slower. Try --processes {cores}"
        )
    return Telling(
        f"Each network is trained by {world} processes, each on its rows of every batch."
    )
