"""Geometric loss strategy: the geometric mean of the losses, independent of their units."""

from __future__ import annotations

from torch import Tensor

from torso.balancing.loss._positive import PositiveBalancer

__all__ = ["GLS"]


class GLS(PositiveBalancer, name="gls"):
    """The geometric mean of the losses, `(prod_k L_k) ** (1 / K)`.

    From Chennupati, Sistu, Yogamani, Rawashdeh, CVPR Workshops 2019, "MultiNet++: Multi-Stream Feature Aggregation
    and Geometric Loss Strategy for Multi-Task Learning" (https://arxiv.org/abs/1904.08492). A loss
    in other units changes the length of the gradient and not its direction. Differs: computed in logarithms, so that
    the product of 64 small losses does not vanish; K counts the tasks with labels in the batch.
    """

    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the geometric mean."""
        del tasks, bound
        return losses.log().mean().exp()
