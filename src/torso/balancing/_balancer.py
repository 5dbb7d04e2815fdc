"""The contract of all balancers: many losses in, gradients in the parameters' `.grad` out.

The trainer calls `watch`, `backward`, `after_step`, `held_out` and `end_epoch`, and never asks a balancer for its
name. All state is a buffer or a parameter, so that it is saved, moved and resumed with the run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.balancing.engine.graph import own_parameters
from torso.core.errors import ConfigError, Diverged
from torso.core.registry import Registry

__all__ = ["Balancer"]


class Balancer(nn.Module, ABC):
    """Base of all balancers.

    Args:
        tasks: names of the tasks, in the order of the losses; a number names them `task 0`, `task 1` ...

    Attributes:
        needs: the values it reads and the cost of a step, for lists.
        constant: True for a sum with weights that never change.
        order_invariant: True if the order in which the tasks are listed changes nothing.
        symmetric: True if tasks with equal losses and gradients get equal weights.
        signed_weights: True if a weight may be negative, as in the method's paper.
        group: processes to average the gradients over (see `distribute`); None for this process alone.
        allow_overflow: put NaN or infinite losses and gradients into `.grad` instead of raising an error. A gradient
            scaler then skips the step; the balancer's state does not change.
        looks: how often this object has computed the tasks' gradients.
        extra_seconds: wall time spent beyond one plain backward pass per step.
    """

    registry: ClassVar[Registry[Balancer]] = Registry("balancing")
    needs: ClassVar[str] = ""
    constant: ClassVar[bool] = False
    order_invariant: ClassVar[bool] = True
    symmetric: ClassVar[bool] = True
    signed_weights: ClassVar[bool] = False
    group: dist.ProcessGroup | None = None
    allow_overflow: bool = False
    looks: int = 0
    extra_seconds: float = 0.0

    def __init_subclass__(cls, *, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.registry.add(name, cls)

    def __init__(self, tasks: Sequence[str] | int) -> None:
        super().__init__()
        if isinstance(tasks, int):
            tasks = [f"task {index}" for index in range(tasks)]
        if not tasks:
            raise ValueError("Parameter `tasks` should name at least one task. Found none.")
        self.tasks = tuple(tasks)

    @abstractmethod
    def backward(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor | None = None,
        *,
        own: Sequence[nn.Parameter] | None = None,
        representation: Sequence[Tensor] = (),
    ) -> None:
        """Add the balanced gradient to the parameters' `.grad`.

        Args:
            losses: `[tasks]`, each with its graph.
            shared: the parameters that more than one task uses.
            present: bool `[tasks]`, False for a task without labels in this batch; default: all present.
            own: the parameters that serve one task each; default: found by walking the graph, which costs
                about a millisecond per thousand operations.
            representation: the tensors between the shared part and the heads in this batch's graph; only
                `gram: representation` reads them.

        Raises:
            ValueError: `losses` of another shape, or without a graph.
            Diverged: the loss of a present task is NaN or infinite.
        """

    def after_step(self, recompute: Callable[[], Tensor]) -> None:
        """Read the effect of the step; `recompute()` gives the same batch's losses anew. Default: do nothing."""

    def end_epoch(self) -> None:
        """Note the end of an epoch. Default: do nothing."""

    def held_out(self, measure: Callable[[], Tensor], /) -> None:
        """Read the losses on held-out rows after an epoch, before `end_epoch`. Default: do nothing.

        Args:
            measure: returns the mean losses on held-out rows `[tasks]`, NaN for a task without labels.
        """

    def watch(self, encoders: Mapping[str, Sequence[nn.Parameter]], /) -> None:
        """Note the parameters of each modality's encoder before training. Default: do nothing."""

    def task_weights(self) -> dict[str, float]:
        """Return task -> its current loss weight, for the log; empty for methods without weights."""
        return {}

    def gram(self) -> Tensor | None:
        """Return the newest inner products of the tasks' gradients `[tasks, tasks]`; None if unknown.

        A task without labels in that batch has NaN in its row and column.
        """
        return None

    def distribute(self, group: dist.ProcessGroup | None = None) -> Self:
        """Take every step together with the other processes of `group`; return the balancer itself.

        Each process gives the losses of `losses_over_ranks` and lists its parameters, `own` too, in the same
        order. The gradients added to `.grad` are then those of the whole batch, the same in every process. Do
        not wrap the model in `DistributedDataParallel`, which expects one backward pass.

        Args:
            group: processes to average over; default: all.
        """
        self.group = group if group is not None else dist.group.WORLD
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert the state; float64 state stays on its device if the target has no float64 (MPS)."""

        def move(tensor: Tensor) -> Tensor:
            try:
                return fn(tensor)
            except TypeError:
                if tensor.dtype != torch.float64:
                    raise
                return tensor

        super()._apply(move, recurse)  # type: ignore[no-untyped-call]
        return self

    def find_own(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        own: Sequence[nn.Parameter] | None,
    ) -> list[Tensor]:
        """Return the parameters of single tasks: those in `own`, or else those that the graph leads to.

        Raises:
            ConfigError: `own` is None and the balancer is distributed, since the processes' graphs may differ.
        """
        if own is not None:
            return [parameter for parameter in own if parameter.requires_grad]
        if self.group is not None:
            raise ConfigError(
                "A distributed balancer needs the parameters that serve one task each, in the same order in "
                "every process. Pass `own=[...]` to `backward`."
            )
        return own_parameters(losses, shared)

    def check(self, losses: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the losses and `present`, after checks; an absent task's loss is a zero without a graph.

        Args:
            losses: `[tasks]`, each with its graph.
            present: bool `[tasks]`; default: all present.
        """
        if losses.shape != (len(self.tasks),):
            raise ValueError(
                f"Parameter `losses` should be [tasks] = [{len(self.tasks)}]. "
                f"Found losses.shape = {tuple(losses.shape)}."
            )
        if not losses.requires_grad:
            raise ValueError(
                "Parameter `losses` should come with a graph. Found a tensor that requires no gradient: "
                "is the forward pass under `torch.no_grad()`, were the losses detached, or is everything frozen?"
            )
        if present is None:
            present = torch.ones_like(losses, dtype=torch.bool)
        losses = losses.where(present, 0.0)
        finite = losses.detach().isfinite()
        if not bool(finite.all()) and not self.allow_overflow:
            bad = [task for task, good in zip(self.tasks, finite.tolist(), strict=True) if not good]
            raise Diverged(
                f"The loss of {bad} is {losses.detach()[~finite].tolist()}. Lower `training.lr`, or look at "
                "these targets' values with `torso inspect`."
            )
        return losses, present
