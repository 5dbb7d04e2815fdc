"""The team of a training: the first process leads, the others train each network that it trains.

The first process alone reads the table, fits plain models, decides, judges and writes. At each network it hands the others the
preparation, and all of them take the same steps, each on its rows of every batch.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import distributed as dist

from torso.core.errors import ConfigError, TorsoError
from torso.runs.preparing.prepared import Prepared
from torso.runs.processes.children import Children
from torso.runs.processes.group import join
from torso.runs.processes.torchrun import torchrun_rank
from torso.runs.settings.config import RunConfig
from torso.training import choose_device
from torso.training.strategies import DataParallel, SingleProcess, Strategy

__all__ = ["Job", "Team", "alone", "strategy_for", "team_note", "team_of"]


@dataclass(frozen=True)
class Job:
    """A network to train together: the arguments of `train_network` that the others need.

    Attributes:
        prepared: the rows.
        config: complete.
        resume: go on from the first process's checkpoint.
        last_epoch: whose weights are kept; None for the best epoch's.
    """

    prepared: Prepared
    config: RunConfig
    resume: bool
    last_epoch: int | None


class Team:
    """The processes as the first one sees them. They start with the first network, and anew after an error.

    Args:
        world: number of processes.
        note: is told once with a training.
    """

    def __init__(self, world: int, note: str = "") -> None:
        self.world, self.note = world, note
        self.strategy: DataParallel | None = None
        self.children: Children | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._joined = False

    @contextmanager
    def training(self, job: Job) -> Iterator[Strategy]:
        """Train a network together inside the block.

        Raises:
            ConfigError: there are fewer rows or devices than processes, or the preparation cannot be handed over.
            RunError: another process died.
        """
        self._check(job)
        content = _pickled(job)
        try:
            strategy = self.strategy or self._gather()
            strategy.agreed(content)
            yield strategy
        except TorsoError:
            self.end(at_once=True)
            raise
        except RuntimeError as error:
            death = None if self.children is None else self.children.broken()
            self.end(at_once=True)
            raise death or error from error
        except BaseException:
            self.end(at_once=True)  # the others may wait in any message
            raise

    def _check(self, job: Job) -> None:
        device, cards = choose_device(job.config.training.device), torch.cuda.device_count()
        if device.type == "cuda" and torchrun_rank() is None and self.world > cards:
            raise ConfigError(
                f"`processes` should be at most the number of CUDA devices, {cards}. Found {self.world}. Use fewer, or "
                "--set training.device=cpu."
            )
        parts = job.prepared.parts
        rows = min(len(parts["training"].with_any_label()), len(parts["validation"].rows))
        if self.world > rows:
            raise ConfigError(
                f"`processes` should be at most the number of rows to learn from and to judge by, {rows} here. Found "
                f"{self.world}. Use fewer processes."
            )

    def _gather(self) -> DataParallel:
        """Start the other processes, unless `torchrun` has, and meet them."""
        if torchrun_rank() is not None:
            self._joined = join(0, self.world)
        else:
            if dist.is_available() and dist.is_initialized():
                raise ConfigError(
                    "`processes` starts processes of its own, but torch.distributed is initialised in this one. Call "
                    "torch.distributed.destroy_process_group() before, or leave out `processes`."
                )
            self._scratch = tempfile.TemporaryDirectory(prefix="torso-processes-")
            self.children = Children(self.world, Path(self._scratch.name))
            self.children.wait_until_ready()
            self._joined = join(0, self.world, self.children.store)
        self.strategy = DataParallel()
        return self.strategy

    def end(self, *, at_once: bool = False) -> None:
        """Send the others home, or end them."""
        try:
            if self.strategy is not None and not at_once:
                self.strategy.agreed(None)
        finally:
            if self.children is not None:
                self.children.end(at_once=at_once)
            if self._joined and dist.is_initialized():
                dist.destroy_process_group()
            if self._scratch is not None:
                self._scratch.cleanup()
            self.strategy = self.children = self._scratch = None


_TEAM: ContextVar[Team | DataParallel | None] = ContextVar("team", default=None)


@contextmanager
def team_of(team: Team | DataParallel | None) -> Iterator[None]:
    """Train each network of the block by a team; in another process, as one of it (`DataParallel`)."""
    token = _TEAM.set(team)
    try:
        yield
    except BaseException:
        if isinstance(team, Team):
            team.end(at_once=True)
        raise
    finally:
        _TEAM.reset(token)
    if isinstance(team, Team):
        team.end()


def team_note() -> str:
    """Return a note on the processes that train; empty for one."""
    team = _TEAM.get()
    return team.note if isinstance(team, Team) else ""


@contextmanager
def alone() -> Iterator[None]:
    """Train each network of the block in this process."""
    with team_of(None):
        yield


@contextmanager
def strategy_for(job: Job) -> Iterator[Strategy]:
    """Yield how the processes that this one belongs to train a network together."""
    team = _TEAM.get()
    if isinstance(team, Team):
        with team.training(job) as strategy:
            yield strategy
    else:
        yield team or SingleProcess()


def _pickled(job: Job) -> bytes:
    try:
        return pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"The table as prepared cannot be handed to another process ({error!r:.150}). Metrics and parts of your own should "
            "be functions and classes of a module, not of a script or a notebook. Or leave out `processes`."
        ) from None
