"""The gradient of every task, one backward pass each: their inner products and their weighted sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from torso.balancing.engine.graph import nodes, task_roots
from torso.balancing.engine.jacobian import Jacobian, accumulate, gram
from torso.balancing.engine.linear_layers import LinearLayer, linear_layers
from torso.balancing.engine.ranks import average
from torso.balancing.engine.reach import trainable, unreached
from torso.core.errors import ConfigError

__all__ = ["TaskGradients"]


class TaskGradients:
    """The gradients of the present tasks with respect to some tensors of their graph.

    The parameters in `own` get their plain gradient in `.grad` on the way, since the pass reaches them anyway.

    Args:
        losses: `[tasks]`, each with its graph.
        tensors: shared parameters, or the representation; those that require no gradient are left out.
        present: bool `[tasks]`.
        tasks: names, for messages.
        own: parameters of single tasks, whose `.grad` gets what belongs to it; zero for an absent task.
        rows: whether `matrix` and `add` will be asked for. If not, the gradients of linear layers are not
            made where their inner products and their sum can be had for less.
        keep_graph: whether the graph will be needed again.
        group: processes whose mean the gradients are; None for this one alone.
        space: the `space` of an earlier object that is not needed any more.

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
        tasks: Sequence[str],
        own: Sequence[nn.Parameter] = (),
        *,
        rows: bool = True,
        keep_graph: bool = True,
        space: Tensor | None = None,
        group: Any = None,
    ) -> None:
        self.tensors = trainable(tensors)
        roots = task_roots(losses, present)
        self._present = present
        self._layers: list[LinearLayer] = []
        if not rows and group is None:
            self._layers = linear_layers(nodes([losses]), self.tensors, len(roots))
        without = {id(layer.weight) for layer in self._layers}
        others = [one for one in self.tensors if id(one) not in without]
        self._rows = Jacobian(others, len(roots), self.tensors[0].device, space)
        last = len(roots) - 1
        before = [parameter.grad for parameter in own]
        if group is not None:  # this process's part apart from what was in `.grad`
            for parameter in own:
                parameter.grad = torch.zeros_like(parameter)
        with torch.autocast(losses.device.type, enabled=False):
            reached = [
                self._pass(place, *root, own, keep_graph or place < last)
                for place, root in enumerate(roots)
            ]
            if group is not None:
                average(
                    [self._rows.matrix, *(one.grad for one in own if one.grad is not None)], group
                )
                for parameter, old in zip(own, before, strict=True):
                    if old is not None:
                        accumulate(parameter, old)
            found = gram(self._rows.matrix)
            for layer in self._layers:
                found += layer.gram()
        for parameter in own:
            if parameter.grad is None:  # of an absent task: zero, as in a plain step
                parameter.grad = torch.zeros_like(parameter)
        if roots and not any(reached):
            raise unreached()
        self.gram = found.new_zeros(len(losses), len(losses))
        self.gram[present.nonzero(), present.nonzero().T] = found
        self._tasks = tasks

    def overflow(self, *, allowed: bool) -> bool:
        """Return whether some gradient is NaN or infinite; if so, and it is allowed, `.grad` becomes so too.

        A gradient scaler sees that and skips the step.

        Raises:
            ConfigError: there is one and it is not allowed; names the tasks.
        """
        bad = ~self.gram.diagonal().isfinite()
        if not bool(bad.any()):
            return False
        if not allowed:
            names = [task for task, one in zip(self._tasks, bad.tolist(), strict=True) if one]
            raise ConfigError(
                f"The gradient of {names} is NaN or infinite although the loss is not. Lower `training.lr`, or "
                "look for a square root or a logarithm of zero on the way to that loss. With a gradient scaler, "
                "set `balancer.allow_overflow = True`."
            )
        self.add_weighted(torch.full_like(self._present, torch.nan, dtype=torch.float64))
        return True

    def _pass(
        self,
        place: int,
        root: Any,
        start: Tensor,
        own: Sequence[nn.Parameter],
        keep_graph: bool,
    ) -> bool:
        """Take one task's gradients in; return whether it reaches any of the tensors."""
        edges = [edge for layer in self._layers for edge in layer.edges]
        inputs: Any = [*self._rows.tensors, *edges, *own]
        gradients = torch.autograd.grad(
            [root], inputs, [start], retain_graph=keep_graph, allow_unused=True
        )
        count, end = len(self._rows.tensors), len(inputs) - len(own)
        self._rows.put(place, gradients[:count])
        reached = any(one is not None for one in gradients[:end])
        for layer in self._layers:
            layer.put(place, gradients[count : count + len(layer.edges)])
            count += len(layer.edges)
        for parameter, gradient in zip(own, gradients[end:], strict=True):
            if gradient is not None:
                accumulate(parameter, gradient.clone())  # two parameters may have one gradient
        return reached

    def gram_over_ranks(self, group: Any) -> Tensor:
        """Return the Gram matrix where the tensors are pieces of one, a piece in each process."""
        if group is None:
            return self.gram
        total = self.gram.clone()
        dist.all_reduce(total, group=group)
        return total / dist.get_world_size(group) ** 2

    @property
    def space(self) -> Tensor:
        """Memory that a later object may overwrite."""
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
