"""ConFIG: the direction that makes the same angle with every gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from torso.balancing._preference import Preference, preference_of
from torso.balancing.gradient._gradient_balancer import GradientBalancer
from torso.balancing.gradient._inner_products import inner_products

__all__ = ["ConFIG"]


class ConFIG(GradientBalancer, name="config"):
    """The direction at the same angle to every task's gradient.

    `(sum_i g_i . u) u` with `u` along `pinv(U) 1`, the rows of `U` the gradients at length one.

    From Liu, Chu, Thuerey, ICLR 2025, "ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks"
    (https://arxiv.org/abs/2408.11104), equations 2 and 3. Linearly independent gradients all have the same cosine
    with u, so none is in conflict; with `preference`, the cosines are in these proportions.

    Differs: the pseudo-inverse is that of the `[tasks, tasks]` cosines in float64, and directions are cut below the
    rounding of the gradients' dtype. The authors call `torch.linalg.pinv` on `[tasks, numbers]` in float32, which
    cuts singular values below `numbers x 1.2e-7` of the largest: for two nearly opposed gradients of a million
    numbers it returns no direction at all. Exactly opposed gradients cancel.

    Args:
        preference: each task's share of the direction, positive: `{task: p}`, a task that is not named has 1; or
            one number per task; default: all alike.
    """

    preference: Tensor

    def __init__(self, tasks: Sequence[str] | int, *, preference: Preference = None) -> None:
        super().__init__(tasks)
        self.register_buffer("preference", preference_of(self.tasks, preference, positive=True))

    def combine(self, jacobian: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the direction, with the sum of the rows' projections on it as its length."""
        gram = inner_products(jacobian, jacobian)
        sizes = gram.diagonal().sqrt()
        cosines = gram / sizes / sizes[:, None]
        wanted = self.preference[tasks].double().cpu()
        values, vectors = torch.linalg.eigh(cosines)
        noise = _noise(len(gram), jacobian.dtype)
        kept = values > noise * values[-1]
        parts = vectors[:, kept].T @ wanted
        if not parts.square().sum() > noise * wanted.square().sum():
            return torch.zeros_like(jacobian[0])  # they cancel
        factors = vectors[:, kept] @ (parts / values[kept])  # of the rows at length one
        square = (parts.square() / values[kept]).sum()  # the direction's squared length
        factors = factors * (sizes @ (cosines @ factors)) / square
        direction: Tensor = (factors / sizes).to(jacobian) @ jacobian
        return direction


def _noise(tasks: int, dtype: torch.dtype) -> float:
    """Return the relative size up to which eigenvalues of the cosines are rounding errors."""
    of_rows = (10.0 * tasks * torch.finfo(dtype).eps) ** 2
    return max(of_rows, 100.0 * tasks * torch.finfo(torch.float64).eps)
