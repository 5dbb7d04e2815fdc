"""DualProj: the direction nearest to the mean gradient that harms no task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from torso.balancing._preference import Preference, preference_of, shares
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import project_on_dual_cone

__all__ = ["DualProj"]


class DualProj(GramBalancer, name="dual_proj"):
    """The direction nearest to the mean gradient that harms no task.

    It is the projection of `sum_i p_i g_i` on the dual cone of the gradients.

    From Lopez-Paz and Ranzato, NeurIPS 2017, "Gradient Episodic Memory for Continual Learning"
    (https://arxiv.org/abs/1706.08840): the direction nearest to a gradient that conflicts with no other. Differs:
    there the gradient is that of the newest task, and earlier tasks are the constraints; here, as in Quinton and
    Rey (https://arxiv.org/abs/2406.16232), it is the mean of all, and every task is a constraint. The authors' code
    adds a margin to the multipliers and 1e-3 to the diagonal; here neither is added. Preferences are relative to
    the tasks with labels in the batch.

    Args:
        preference: `{task: p}`, a task that is not named has 1; or one number per task; default: all alike.
    """

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
        """Return the weights of the projection of the preferred mean."""
        return project_on_dual_cone(gram, shares(self.preference.to(gram)[tasks]))
