"""The gradient of every task, one backward pass each: their inner products and their weighted sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch import distributed as dist
from torch.autograd.graph import GradientEdge

from torso.balancing.engine.graph import nodes, task_roots, trainable, unreached
from torso.balancing.engine.jacobian import Jacobian, accumulate, gram
from torso.balancing.engine.linear_layers import LinearLayer, linear_layers
from torso.balancing.engine.ranks import average
from torso.core.errors import Diverged

__all__ = ["PassOptions", "TaskGradients"]


@dataclass(frozen=True, slots=True)
class PassOptions:
    """Options of the tasks' backward passes.

    Attributes:
        keep_graph: keep the graph for another pass.
        space: the `space` of an earlier `TaskGradients` that is no longer needed.
        group: processes to average the gradients over; None for this process alone.
    """

    keep_graph: bool = True
    space: Tensor | None = None
    group: dist.ProcessGroup | None = None


class TaskGradients:
    """The gradients of the present tasks with respect to some tensors of their graph.

    The parameters in `own` get their plain gradient in `.grad` on the way, since the passes reach them anyway.

    Args:
        losses: `[tasks]`, each with its graph.
        tensors: shared parameters, or the representation; those that require no gradient are left out.
        present: bool `[tasks]`.
        own: parameters of single tasks; their `.grad` gets zero for an absent task.
        rows: keep each task's whole gradient for `matrix` and `add`. If False, the gradients of linear layers
            are not computed if their inner products and their sum cost less without them.
        passes: how the passes are taken.

    Attributes:
        gram: `[tasks, tasks]` in float64, the inner products of the gradients; zeros for an absent task.

    Raises:
        ConfigError: no loss reaches any of the tensors.
    """

    def __init__(
        self,
        losses: Tensor,
        tensors: Sequence[Tensor],
        present: Tensor,
        own: Sequence[Tensor] = (),
        *,
        rows: bool = True,
        passes: PassOptions = PassOptions(),
    ) -> None:
        self.tensors = trainable(tensors)
        roots = task_roots(losses, present)
        self._present = present
        self._layers: list[LinearLayer] = []
        if not rows and passes.group is None:
            self._layers = linear_layers(nodes([losses]), self.tensors, len(roots))
        without_rows = {id(layer.weight) for layer in self._layers}
        with_rows = [tensor for tensor in self.tensors if id(tensor) not in without_rows]
        device = self.tensors[0].device
        self._rows = Jacobian(with_rows, len(roots), device, passes.space)
        with torch.autocast(losses.device.type, enabled=False):
            reached = self._take_passes(roots, own, passes)
            products = gram(self._rows.matrix)
            for layer in self._layers:
                products += layer.gram()
        for parameter in own:
            if parameter.grad is None:  # of an absent task: zero, as in a plain step
                parameter.grad = torch.zeros_like(parameter)
        if roots and not reached:
            raise unreached()
        self.gram = products.new_zeros(len(losses), len(losses))
        self.gram[present.nonzero(), present.nonzero().T] = products

    def _take_passes(
        self,
        roots: Sequence[tuple[Tensor | GradientEdge, Tensor]],
        own: Sequence[Tensor],
        passes: PassOptions,
    ) -> bool:
        """Take one pass per task; return True if any task reaches any of the tensors."""
        before = [parameter.grad for parameter in own]
        if (
            passes.group is not None
        ):  # only this step's gradients are averaged, not those in `.grad`
            for parameter in own:
                parameter.grad = torch.zeros_like(parameter)
        last = len(roots) - 1
        reached = [
            self._pass(row, root, own, keep_graph=passes.keep_graph or row < last)
            for row, root in enumerate(roots)
        ]
        if passes.group is not None:
            gradients = [parameter.grad for parameter in own if parameter.grad is not None]
            average([self._rows.matrix, *gradients], passes.group)
            for parameter, old in zip(own, before, strict=True):
                if old is not None:
                    accumulate(parameter, old)
        return any(reached)

    def _pass(
        self,
        row: int,
        root: tuple[Tensor | GradientEdge, Tensor],
        own: Sequence[Tensor],
        *,
        keep_graph: bool,
    ) -> bool:
        """Keep one task's gradients; return True if it reaches any of the tensors."""
        output, start = root
        edges = [edge for layer in self._layers for edge in layer.edges]
        # torch takes tensors and edges together, though its annotation says one or the other.
        inputs = cast("list[Tensor]", [*self._rows.tensors, *edges, *own])
        gradients = torch.autograd.grad(
            output, inputs, start, retain_graph=keep_graph, allow_unused=True
        )
        count, end = len(self._rows.tensors), len(inputs) - len(own)
        self._rows.put(row, gradients[:count])
        for layer in self._layers:
            layer.put(row, gradients[count : count + len(layer.edges)])
            count += len(layer.edges)
        for parameter, gradient in zip(own, gradients[end:], strict=True):
            if gradient is not None:
                accumulate(
                    parameter, gradient.clone()
                )  # autograd may give two parameters one tensor
        return any(gradient is not None for gradient in gradients[:end])

    def overflow(self, tasks: Sequence[str], *, allowed: bool) -> bool:
        """Return True if a gradient is NaN or infinite; if that is allowed, make `.grad` NaN too.

        A gradient scaler sees the NaN and skips the step.

        Args:
            tasks: names, for the message.
            allowed: put NaN into `.grad` instead of raising an error.

        Raises:
            Diverged: a gradient is NaN or infinite and that is not allowed; names the tasks.
        """
        bad = ~self.gram.diagonal().isfinite()
        if not bool(bad.any()):
            return False
        if not allowed:
            names = [task for task, is_bad in zip(tasks, bad.tolist(), strict=True) if is_bad]
            raise Diverged(
                f"The gradient of {names} is NaN or infinite although the loss is not.",
                "Lower the learning rate, or look for a square root or a logarithm of zero on the way to that "
                "loss. With a gradient scaler, set `balancer.allow_overflow = True`.",
                "Lower `training.lr`, or look for a square root or a logarithm of zero on the way to that loss.",
            )
        self.add_weighted(torch.full_like(self._present, torch.nan, dtype=torch.float64))
        return True

    def gram_over_ranks(self, group: dist.ProcessGroup | None) -> Tensor:
        """Return the Gram matrix of tensors of which each process holds a piece."""
        if group is None:
            return self.gram
        total = self.gram.clone()
        dist.all_reduce(total, group=group)
        return total / dist.get_world_size(group) ** 2

    @property
    def space(self) -> Tensor:
        """Memory that a later `TaskGradients` may overwrite."""
        return self._rows.matrix

    @property
    def matrix(self) -> Tensor:
        """`[tasks, numbers of all tensors]`; zeros for an absent task."""
        assert not self._layers, "made without rows"
        matrix = self._rows.matrix
        if len(matrix) == len(self._present):
            return matrix
        whole = matrix.new_zeros(len(self._present), matrix.shape[1])
        whole[self._present] = matrix
        return whole

    def add(self, gradient: Tensor) -> None:
        """Add `[numbers of all tensors]` to the tensors' `.grad`."""
        assert not self._layers, "made without rows"
        self._rows.add(gradient)

    def add_weighted(self, weights: Tensor) -> None:
        """Add the sum of the tasks' gradients, weighted by `[tasks]`, to the tensors' `.grad`."""
        weights = weights.to(self._present.device)[self._present].double()
        with torch.autocast(weights.device.type, enabled=False):
            self._rows.add_weighted(weights)
            for layer in self._layers:
                if layer.reached:
                    accumulate(layer.weight, layer.gradient(weights))
