"""UPGrad: the mean of all gradients, each projected so that it harms no task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from torso.balancing._preference import Preference, preference_of, shares
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations, square_root

__all__ = ["UPGrad"]


class UPGrad(GramBalancer, name="upgrad"):
    """The mean of the gradients, each projected so that it harms no task.

    `sum_i p_i * projection(g_i)` on the dual cone of the gradients; it conflicts with no task.

    From Quinton and Rey, "Jacobian Descent For Multi-Objective Optimization", 2024
    (https://arxiv.org/abs/2406.16232): each gradient is projected on the set of directions that
    raise no loss to first order, and the projections are averaged. With `G` the Gram matrix the weights of
    projection i are `argmin v' G v` over `v >= e_i`, solved exactly by non-negative least
    squares. Differs: the authors' library takes G for zero if its trace is below 1e-4, and adds 1e-4 to the
    diagonal, so small gradients are averaged instead; here nothing is added, and small gradients get the weights
    of large ones. Preferences are relative to the tasks with labels in the batch.

    Args:
        preference: `{task: p}`, a task that is not named has 1; or one number per task; default: all alike.
    """

    unique_weights = False
    non_conflicting: ClassVar[bool] = True
    preference: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        preference: Preference = None,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        self.register_buffer("preference", preference_of(self.tasks, preference))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weights of the preferred mean of the projections."""
        from scipy.optimize import nnls

        share = shares(self.preference.to(gram)[tasks])
        lengths, correlation = lengths_and_correlations(gram)
        root = square_root(correlation).numpy()
        weights = share * lengths  # of unit gradients
        for task in (share > 0).nonzero().flatten().tolist():
            if bool(
                (correlation[task] < 0).any()
            ):  # without conflict the projection is the gradient
                added, _ = nnls(root, -root[:, task], maxiter=100 * len(gram))
                weights += share[task] * lengths[task] * torch.from_numpy(added)
        return weights / lengths
