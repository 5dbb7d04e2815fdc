"""The contract of all balancers: many losses in, gradients in the parameters' `.grad` out.

The trainer calls `watch`, `backward`, `after_step`, `held_out` and `end_epoch`, and never asks a balancer for its
name. All state is a buffer or a parameter, so that it is saved, moved and resumed with the run.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.balancing._arguments import Losses, Present, names_of, parameters_of, present_of, stacked
from torso.balancing.engine.graph import own_parameters
from torso.core.errors import ConfigError, Diverged
from torso.core.registry import Registry
from torso.core.signature import settings_of
from torso.core.spec import Spec

__all__ = ["Balancer"]


def _noting(init: Callable[..., None]) -> Callable[..., None]:
    """Return a constructor that notes its settings first; its signature stays the schema."""

    @wraps(init)
    def with_note(self: Balancer, *args: object, **settings: object) -> None:
        if "_given" not in vars(self):  # that of the class itself, not of a base that it calls
            noted = {key: value for key, value in settings.items() if key != "tasks"}
            object.__setattr__(self, "_given", noted)
        init(self, *args, **settings)

    return with_note


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
    _given: Mapping[str, object] = MappingProxyType({})  # settings of the constructor, for `repr`

    def __init_subclass__(cls, *, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _noting(cls.__init__)  # type: ignore[method-assign]
        if name:
            cls.registry.add(name, cls)

    def __init__(self, tasks: Sequence[str] | int) -> None:
        super().__init__()
        self.tasks = names_of(tasks)

    @classmethod
    def build(cls, name: str, tasks: Sequence[str] | int, **settings: object) -> Balancer:
        """Return the balancer of a name, as `balancing` in run.yaml and `torso list balancing` have it.

        Args:
            name: as in `Balancer.registry`, or an import path `module:Class`.
            tasks: names of the tasks, in the order of the losses, or their number.
            settings: of the method.

        Raises:
            ConfigError: an unknown name or setting, with the nearest known one; or a value that does not suit.

        >>> Balancer.build("upgrad", ["depth", "normals"], gram="exact")
        UPGrad(['depth', 'normals'], preference=None, gram='exact')
        """
        return cls.registry.build(Spec(name, settings), tasks=tasks)

    def __repr__(self) -> str:
        """Return the call that builds this balancer anew, with every setting."""
        asked = settings_of(type(self), self.registry.positional)
        settings = {
            key: self._given.get(key, setting.default)
            for key, setting in asked.items()
            if key != "tasks" and (setting.by_user or key in self._given)
        }
        told = [repr([*self.tasks]), *(f"{key}={value!r}" for key, value in settings.items())]
        return f"{type(self).__name__}({', '.join(told)})"

    def backward(
        self,
        losses: Losses,
        shared: Iterable[nn.Parameter],
        present: Present = None,
        *,
        own: Iterable[nn.Parameter] | None = None,
        representation: Iterable[Tensor] = (),
    ) -> None:
        """Add the balanced gradient to the parameters' `.grad`.

        Args:
            losses: one number with its graph per task: a tensor `[tasks]`, a list in the order of the tasks, or
                task -> loss. None, or a task that the mapping lacks, has no labels in this batch.
            shared: the parameters that more than one task uses, as `body.parameters()`.
            present: bool `[tasks]`, False for a task without labels in this batch; default: all present.
            own: the parameters that serve one task each; default: found by walking the graph, which costs
                about a millisecond per thousand operations.
            representation: the tensors between the shared part and the heads in this batch's graph; only
                `gram="representation"` reads them.

        Raises:
            ValueError: `losses` of another shape or without a graph, or something else than parameters.
            Diverged: the loss of a present task is NaN or infinite.
        """
        together, given = stacked(self.tasks, losses)
        labelled = present_of(self.tasks, present, given, together.device)
        if not together.requires_grad and labelled is not None and not bool(labelled.any()):
            return  # a batch in which no task has labels
        mine = parameters_of("shared", shared)
        alone = None if own is None else parameters_of("own", own)
        together, labelled = self.check(together, labelled)
        self.balance(together, mine, labelled, own=alone, representation=[*representation])

    def balance(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        *,
        own: Sequence[nn.Parameter] | None,
        representation: Sequence[Tensor],
    ) -> None:
        """Add the balanced gradient; `backward` has checked its arguments. Every method implements it.

        Args:
            losses: `[tasks]` with a graph; zero for an absent task.
            shared: as for `backward`, each once.
            present: bool `[tasks]`.
            own: as for `backward`.
            representation: as for `backward`.
        """
        raise NotImplementedError

    def after_step(self, recompute: Callable[[], Losses]) -> None:
        """Read the effect of the step; `recompute()` gives the same batch's losses anew. Default: do nothing."""

    def end_epoch(self) -> None:
        """Note the end of an epoch. Default: do nothing."""

    def held_out(self, measure: Callable[[], Losses], /) -> None:
        """Read the losses on held-out rows after an epoch, before `end_epoch`. Default: do nothing.

        Args:
            measure: returns the mean losses on held-out rows, one per task; NaN or None for a task without labels.
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
                f"The loss of {bad} is {losses.detach()[~finite].tolist()}.",
                "Lower the learning rate, or look at these tasks' outputs and targets. With a gradient scaler, "
                "set `balancer.allow_overflow = True`.",
                "Lower `training.lr`, or look at these targets' values with `torso inspect`.",
            )
        return losses, present
