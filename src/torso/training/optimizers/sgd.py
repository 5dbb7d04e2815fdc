"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import torch

from torso.core.ranges import Range
from torso.training.optimizers._optimizer import Optimizer

__all__ = ["SGD"]


class SGD(Optimizer, torch.optim.SGD, name="sgd"):
    """Gradient descent with Nesterov's momentum; it needs a higher rate than AdamW.

    From Sutskever 2013, "On the importance of initialization and momentum in deep learning", as PyTorch has it.

    Args:
        momentum: share of the last step that goes on; 0: none.
        nesterov: whether the gradient is that of the place where the momentum leads; without momentum it is off.
    """

    def __init__(
        self,
        params: Iterable[dict[str, object]],
        lr: float = 0.05,
        weight_decay: float = 0.0,
        *,
        momentum: Annotated[float, Range(0, 0.99)] = 0.9,
        nesterov: bool = True,
    ) -> None:
        super().__init__(
            params,
            lr,
            momentum=momentum,
            nesterov=nesterov and momentum > 0,
            weight_decay=weight_decay,
        )
