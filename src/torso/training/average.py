"""The running mean of a model's weights, which is validated and kept in their place.

Steps on few rows are noisy, and the last epochs differ by chance. The mean over the last steps lies in the middle of
where they wander.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["Average"]


class Average:
    """Exponential moving average of the trained weights and the float buffers.

    From Tarvainen & Valpola, NeurIPS 2017, "Mean teachers" (https://arxiv.org/abs/1703.01780), the teacher's weights;
    averaging itself is Polyak & Juditsky, SIAM J. Control Optim. 1992. Differs: there is no student that learns from
    the mean. The mean answers the validation rows after each epoch, and is what is kept.

    Args:
        model: on its device already.
        decay: share of the mean that a step leaves as it was; 0 for no mean, which costs nothing.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.decay = decay
        self.mean: dict[str, Tensor] = {}
        self._pairs: tuple[list[Tensor], list[Tensor], list[tuple[Tensor, Tensor]]] | None = None

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after step number `step`, which counts from 1."""
        if not self.decay:
            return
        means, values, buffers = self._pairs = self._pairs or self._paired()
        rest = 1 - min(self.decay, (1 + step) / (10 + step))  # early weights are soon forgotten
        torch._foreach_lerp_(means, values, rest)
        for mean, value in buffers:
            unchanged = mean == value  # infinite constants too: the mean of two is NaN
            mean.copy_(torch.where(unchanged, mean, mean.lerp(value, rest)))

    def restore(self, mean: Mapping[str, Tensor]) -> None:
        """Set the mean to that of a checkpoint."""
        live = self._live()
        self.mean = {name: mean[name].to(value) for name, value in live.items() if name in mean}
        self._pairs = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Give the model the mean for its weights; on leaving, it has its own again."""
        trained = {name: value.clone() for name, value in self._live().items() if self.mean}
        try:
            self._put(self.mean)
            yield
        finally:
            self._put(trained)

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        live = self._live() if values else {}
        for name, value in values.items():
            live[name].copy_(value)

    def _paired(self) -> tuple[list[Tensor], list[Tensor], list[tuple[Tensor, Tensor]]]:
        """Return means and weights in one order, and each buffer with its mean; the first mean is a copy."""
        live = self._live()
        self.mean = self.mean or {name: value.clone() for name, value in live.items()}
        weights = [name for name, _ in self.model.named_parameters() if name in live]
        buffers = [(self.mean[name], live[name]) for name in live if name not in weights]
        return [self.mean[name] for name in weights], [live[name] for name in weights], buffers

    def _live(self) -> dict[str, Tensor]:
        """Return name -> tensor of the model, without frozen weights and integers."""
        frozen = {name for name, p in self.model.named_parameters() if not p.requires_grad}
        return {
            name: value
            for name, value in self.model.state_dict().items()
            if name not in frozen and value.is_floating_point()
        }
