"""The best weights of a training: those of one epoch, or the mean over the tasks of those of its best epoch.

Tasks of one model are seldom best at once: one learns for thirty epochs, another overfits after five. The epoch of
least total loss is then good for neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from torso.core.cures import setting
from torso.core.notes import Telling

__all__ = ["Best", "Newest"]

_LUCK = 0.01  # nats a task, by which the one epoch is better for having been chosen by these rows
_TOTAL = ""  # stands for the sum over the tasks


class Best:
    """Keeps weights by held-out losses: a copy of each epoch that is the best of the total or of a task.

    The mean of weights of one training is itself good weights: from Wortsman et al., ICML 2022, "Model soups"
    (https://arxiv.org/abs/2203.05482). Differs: the soup is of epochs of one training, one for each task.

    Args:
        model: whose weights.
        of_tasks: each task is judged by itself; else their sum is.
    """

    def __init__(self, model: nn.Module, *, of_tasks: bool) -> None:
        self.model = model
        self.of_tasks = of_tasks
        self.losses: dict[str, float] = {}
        self.epochs: dict[str, int] = {}
        self._weights: dict[int, dict[str, Tensor]] = {}

    @property
    def epoch(self) -> int:
        """The last epoch at which the total, or with `of_tasks` some task, was at its best; 0 before any."""
        judged = [epoch for task, epoch in self.epochs.items() if (task != _TOTAL) == self.of_tasks]
        return max(judged, default=0)

    @property
    def loss(self) -> float:
        """The least total of the held-out losses; infinite before any."""
        return self.losses.get(_TOTAL, math.inf)

    def look(self, losses: Mapping[str, float], epoch: int) -> bool:
        """Keep the weights as they are where they are the best so far; return whether the training goes on for them.

        Args:
            losses: task -> held-out loss, NaN where unknown; one at least is known.
            epoch: counts from 1.
        """
        known = {task: loss for task, loss in losses.items() if not math.isnan(loss)}
        judged = {_TOTAL: sum(known.values()), **(known if self.of_tasks else {})}
        better = [task for task, loss in judged.items() if loss < self.losses.get(task, math.inf)]
        for task in better:
            self.losses[task], self.epochs[task] = judged[task], epoch
        if better:
            self._weights[epoch] = self._copy()
            in_use = set(self.epochs.values())
            self._weights = {
                number: kept for number, kept in self._weights.items() if number in in_use
            }
        return self.epoch == epoch

    def settle(self, measure: Callable[[], Mapping[str, float]]) -> str | None:
        """Put the best weights into the model, and return a note where they are a mean.

        The mean is kept only if it is hardly worse than the best epoch: after few or wild steps it may lie outside of
        the valley that its parts lie in.

        Args:
            measure: returns task -> held-out loss of the model as it is.
        """
        last = self._weights[self.epochs[_TOTAL]]
        epochs = {task: epoch for task, epoch in self.epochs.items() if task != _TOTAL}
        if len({*epochs.values()}) > 1:
            copies = [self._weights[epoch] for epoch in epochs.values()]
            self.model.load_state_dict(
                {
                    name: _mean([copy[name] for copy in copies], value)
                    for name, value in last.items()
                }
            )
            total = sum(loss for loss in measure().values() if not math.isnan(loss))
            if total <= self.loss + _LUCK * len(epochs):
                return _note(epochs)
        self.model.load_state_dict(last)
        return None

    def state(self) -> tuple[dict[str, Tensor], dict[str, tuple[int, float]]]:
        """Return the copies under `EPOCH/NAME`, and task -> its best epoch and loss, for a checkpoint."""
        tensors = {
            f"{epoch}/{name}": value
            for epoch, kept in self._weights.items()
            for name, value in kept.items()
        }
        return tensors, {task: (epoch, self.losses[task]) for task, epoch in self.epochs.items()}

    def restore(self, tensors: Mapping[str, Tensor], of: Mapping[str, tuple[int, float]]) -> None:
        """Take back the values of `state`. A checkpoint of the total alone goes on with that."""
        self.of_tasks = self.of_tasks and {*of} != {_TOTAL}
        self.epochs = {task: epoch for task, (epoch, _) in of.items()}
        self.losses = {task: loss for task, (_, loss) in of.items()}
        self._weights = {epoch: {} for epoch in sorted(set(self.epochs.values()))}
        for key, value in tensors.items():
            epoch, _, name = key.rpartition("/")  # an earlier version kept the weights of one epoch
            self._weights[int(epoch or self.epoch)][name] = value

    def _copy(self) -> dict[str, Tensor]:
        """Return a copy of the state dict that shares frozen weights with the copies before."""
        frozen = {name for name, p in self.model.named_parameters() if not p.requires_grad}
        before = next(iter(self._weights.values()), {})
        return {
            name: before[name] if name in frozen and name in before else value.detach().clone()
            for name, value in self.model.state_dict().items()
        }


class Newest(Best):
    """Keeps the newest weights, for a training that has no rows to choose by."""

    def look(self, losses: Mapping[str, float], epoch: int) -> bool:
        """Keep the weights as they are."""
        del losses
        return super().look({"": -float(epoch)}, epoch)


def _mean(values: list[Tensor], last: Tensor) -> Tensor:
    """Return the mean of float tensors; infinite constants, and all that is no float, as it was last."""
    if not last.is_floating_point() or all(torch.equal(value, last) for value in values):
        return last
    mean = torch.stack([value.double() for value in values]).mean(dim=0).to(last.dtype)
    return torch.where(mean.isnan(), last, mean)


def _note(epochs: Mapping[str, int]) -> str:
    tasks: dict[int, list[str]] = {}
    for task, epoch in epochs.items():
        tasks.setdefault(epoch, []).append(task)
    told = "; ".join(f"{epoch} ({', '.join(tasks[epoch])})" for epoch in sorted(tasks))
    return Telling(
        f"Tasks were best at different epochs, of which the mean of the weights is kept: {told}. To keep the one "
        f"epoch that is best for their sum: {setting('training.select', 'total')}."
    )
