"""The state of a training: written after each epoch, taken back by every process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torso.balancing import Balancer
from torso.core.errors import ConfigError
from torso.model.model import Model
from torso.training.average import Average
from torso.training.best import Best
from torso.training.checkpoint import Checkpoint, Progress, load_state, random_states
from torso.training.stepping import Stepper
from torso.training.strategies import Strategy

__all__ = ["TrainingState"]


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that changes in a training. The main process writes and reads, the others follow.

    Attributes:
        model: trained.
        balancer: of its losses.
        average: of its weights.
        stepper: has the optimizer and the schedule.
        strategy: knows the processes.
    """

    model: Model
    balancer: Balancer
    average: Average
    stepper: Stepper
    strategy: Strategy

    def save(self, checkpoint: Checkpoint | None, kept: Best, epoch: int) -> None:
        """Write the state after an epoch, with every process's random numbers."""
        _, *others = self.strategy.each(random_states())
        if checkpoint is not None and self.strategy.is_main:
            best, best_of = kept.state()
            states = {
                "model": self.model.state_dict(),
                "best": best,
                "balancer": self.balancer.state_dict(),
            }
            if self.average.decay:
                states["average"] = self.average.mean
            progress: Progress = {
                "epoch": epoch,
                "best_epoch": kept.epoch,
                "best_loss": kept.loss,
                "steps": self.stepper.steps,
                "best_of": best_of,
            }
            checkpoint.write(states, self.stepper.optimizer, progress, others)
        self.strategy.barrier()

    def restore(self, checkpoint: Checkpoint | None, kept: Best) -> int:
        """Take back the state that `save` wrote, and return its epoch.

        The number of processes may be another one: those that are new draw random numbers of their own.
        """
        if self.strategy.is_main and checkpoint is None:
            raise ConfigError(
                "Nothing to resume: give the trainer `checkpoint`, the one that it wrote."
            )
        names = ["model", "best", "balancer", *(["average"] if self.average.decay else [])]
        content = self.strategy.agreed(None if checkpoint is None else checkpoint.content(names))
        assert content is not None
        content.put_back(self.stepper.optimizer, self.strategy.rank)
        states, progress = content.states, content.progress
        origin = Path() if checkpoint is None else checkpoint.folder
        load_state(self.model, states["model"], origin)
        load_state(self.balancer, states["balancer"], origin)
        self.average.restore(states.get("average", {}))
        of_total = {
            "": (progress["best_epoch"], progress["best_loss"])
        }  # what an earlier version kept
        kept.restore(states["best"], progress.get("best_of", of_total))
        self.stepper.go_on(progress["steps"])
        return progress["epoch"]
