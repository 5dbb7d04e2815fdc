"""Balancers that need no more than the inner products of the tasks' gradients."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from time import perf_counter
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from torso.balancing._balancer import Balancer
from torso.balancing.engine.graph import trainable
from torso.balancing.engine.plain_pass import add_gradients
from torso.balancing.engine.projection import projected_gram
from torso.balancing.engine.sketch import Sketch
from torso.balancing.engine.task_gradients import PassOptions, TaskGradients
from torso.core.errors import Diverged, StepError

__all__ = ["Gram", "GramBalancer"]

Gram = Literal["sketch", "exact", "representation"]
"""Source of the inner products; see `GramBalancer`."""


class GramBalancer(Balancer):
    """A balancer with weights that are a function of the Gram matrix `G[i, j] = <g_i, g_j>`.

    A method implements `solve`, which gets a well-scaled float64 matrix of the tasks that have a gradient. This
    class checks shapes, names tasks in errors, leaves out absent tasks, scales, computes the matrix, and takes
    the backward pass.

    The weights act on the shared parameters. Each task's own parameters get their plain gradient.

    Args:
        gram: `exact`: every task's gradient in every step, one backward pass per task. `sketch`: a running mean
            of matrices taken every few steps from random projections of the gradients (`engine.projection`), for
            about a tenth of a plain step and the memory of one gradient. `representation`: in every step, the
            gradients at `representation` only (Sener and Koltun, NeurIPS 2018, section 3.3), one pass through
            the heads per task.

    Attributes:
        degree: `weights(c * G) = c ** degree * weights(G)` for every c > 0; 0 if only the directions and relative
            lengths of the gradients matter.
        non_conflicting: True if the balanced gradient raises no task's loss to first order:
            `gram @ weights >= 0` to rounding.
        draws_order: True if the tasks meet in a random order, drawn over tasks sorted by gradient length.
        unique_weights: False if equal gradients may get unequal weights; their direction is unique.
        plain_for_one_task: False if the step for one task alone is a multiple of its gradient.
        losses: `[tasks]`, those of the newest batch, for `update`; NaN for a task without labels there.
    """

    needs = "Gram matrix; sketch: about 1.1 plain steps, exact: a backward pass per task"
    degree: ClassVar[float] = 0.0
    non_conflicting: ClassVar[bool] = False
    draws_order: ClassVar[bool] = False
    unique_weights: ClassVar[bool] = True
    plain_for_one_task: ClassVar[bool] = True
    losses: Tensor | None = None
    newest: Tensor
    used: Tensor

    def __init__(self, tasks: Sequence[str] | int, *, gram: Gram = "sketch") -> None:
        super().__init__(tasks)
        if gram not in ("sketch", "exact", "representation"):
            raise ValueError(
                f"Parameter `gram` should be 'sketch', 'exact' or 'representation'. Found {gram!r}."
            )
        count = len(self.tasks)
        self.mode = gram
        self.sketch = Sketch(count) if gram == "sketch" else None
        self._space: Tensor | None = None  # memory of the last step's gradients
        self.register_buffer("newest", torch.full((count, count), torch.nan, dtype=torch.float64))
        self.register_buffer("used", torch.ones(count, dtype=torch.float64))

    @abstractmethod
    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weights `[k]` of some tasks.

        Args:
            gram: float64 `[k, k]` on the CPU, symmetric, its largest diagonal entry 1, none zero.
            tasks: int64 `[k]`, positions of these tasks among all.
        """

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Change the method's state after a step, given the arguments of `solve`. Default: do nothing."""

    def weights(self, gram: Tensor, /) -> Tensor:
        """Return one weight per task, and change nothing; the balanced gradient is `weights @ jacobian`.

        Args:
            gram: `[tasks, tasks]`, inner products of the tasks' gradients. A task whose row is zero has no
                gradient: it gets the weight 0, and the others are weighed without it.

        Returns:
            `[tasks]`, computed in float64, with the dtype and device of `gram`.

        Raises:
            ValueError: not square, not one row per task, or not symmetric.
            Diverged: NaN or infinite entries; names the tasks.
        """
        rows, tasks, scale = self._scaled(gram)
        weights = torch.zeros(len(gram), dtype=torch.float64)
        if len(tasks):
            weights[tasks] = self.solve(rows, tasks) * scale**self.degree
        return weights.to(gram)

    def balance(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        *,
        own: Sequence[nn.Parameter] | None,
        representation: Sequence[Tensor],
    ) -> None:
        """Add `weights @ jacobian` to the shared parameters' `.grad`, and its own gradient to every other."""
        if not bool(present.any()):
            return
        if self.mode != "representation" or own is None:
            trainable(
                shared
            )  # in every step: a generator that is used up would train no body between two looks
        began = perf_counter()
        self.losses = losses.detach().where(present, torch.nan)
        own_parameters = self.find_own(losses, shared, own)
        if self.mode == "exact":
            self._exact(losses, shared, present, own_parameters)
            # One of the passes is the plain step's.
            self.extra_seconds += (perf_counter() - began) * (1 - 1 / int(present.sum()))
            return
        newest = self._gram_beside_plain_step(losses, shared, present, representation)
        if newest is not None and (not self.allow_overflow or bool(newest.isfinite().all())):
            self._take_in(newest, present)
        add_gradients(losses[present].sum(), own_parameters, keep_graph=True, group=self.group)
        self.extra_seconds += perf_counter() - began
        weights = torch.where(present, self.used.to(losses), 0.0)
        add_gradients((losses * weights).sum(), shared, group=self.group)

    def _exact(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        own: Sequence[Tensor],
    ) -> None:
        """Take the whole step with one backward pass per task."""
        passes = PassOptions(keep_graph=False, space=self._space, group=self.group)
        gradients = TaskGradients(losses, shared, present, own, rows=False, passes=passes)
        if not gradients.overflow(self.tasks, allowed=self.allow_overflow):
            self._take_in(gradients.gram, present)
            gradients.add_weighted(self.used)
            self._space = gradients.space

    def _gram_beside_plain_step(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        representation: Sequence[Tensor],
    ) -> Tensor | None:
        """Return this batch's Gram matrix before a plain step; None if a look is not due."""
        if self.sketch is not None:
            if not self.sketch.due(present.cpu()):
                return None
            seed = int(self.sketch.step)
            return projected_gram(losses, shared, present, seed=seed, group=self.group)
        if not representation:
            raise StepError(
                "`gram` is 'representation', which needs the tensors between the shared part and the heads.",
                'Pass `representation=[...]` to `backward`, or build the balancer with `gram="sketch"`.',
                "Use --set balancing.gram=sketch.",
            )
        return TaskGradients(losses, representation, present).gram_over_ranks(self.group)

    def _take_in(self, gram: Tensor, present: Tensor) -> None:
        """Keep the newest Gram matrix, and the weights to use from now on."""
        self.looks += 1
        gram, present = gram.cpu(), present.cpu()
        both = present[:, None] & present[None, :]
        self.newest.copy_(torch.where(both, gram, torch.nan))
        if self.sketch is not None:
            self.sketch.look(gram, present)
            gram = self.sketch.mean.cpu()
        self.used.copy_(self.weights(gram))
        rows, tasks, _ = self._scaled(torch.where(both, gram, 0.0))
        if len(tasks):
            self.update(rows, tasks)

    def _scaled(self, gram: Tensor) -> tuple[Tensor, Tensor, float]:
        """Return the matrix of the tasks with a gradient, their positions, and the divisor.

        The largest diagonal entry of the matrix is one; the divisor is that entry before.
        """
        count = len(self.tasks)
        if gram.shape != (count, count):
            raise ValueError(
                f"Parameter `gram` should be [tasks, tasks] = [{count}, {count}]. "
                f"Found gram.shape = {tuple(gram.shape)}."
            )
        wide = gram.detach().to("cpu", torch.float64)
        bad = ~wide.diagonal().isfinite()
        # A bad task spoils its whole row and column; other bad entries accuse both their tasks.
        others = ~wide.isfinite() & ~bad[:, None] & ~bad[None, :]
        bad = bad | (others | others.T).any(dim=1)
        if bool(bad.any()):
            names = [task for task, is_bad in zip(self.tasks, bad.tolist(), strict=True) if is_bad]
            raise Diverged(
                f"The gradient of {names} is NaN or infinite.",
                "Lower the learning rate.",
                "Lower `training.lr`.",
            )
        tasks = (wide.diagonal() > 0).nonzero().flatten()
        rows = wide[tasks][:, tasks]
        scale = float(rows.diagonal().max()) if len(tasks) else 1.0
        rows = rows / scale
        lengths = rows.diagonal().sqrt()
        if bool(((rows - rows.T).abs() / lengths / lengths[:, None] > 1e-4).any()):
            raise ValueError("Parameter `gram` should be symmetric. Found it is not.")
        return (rows + rows.T) / 2, tasks, scale

    def task_weights(self) -> dict[str, float]:
        """Return the weights of the newest step."""
        return dict(zip(self.tasks, self.used.tolist(), strict=True))

    def gram(self) -> Tensor | None:
        """Return the newest Gram matrix, NaN where a task was absent."""
        return None if bool(self.newest.isnan().all()) else self.newest.clone()
