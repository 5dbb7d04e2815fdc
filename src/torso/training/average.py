"""The running mean of a model's weights, which is judged and kept in their place.

Steps on few rows are noisy, and a handful of epochs decides which weights are kept. Their mean over the last steps
lies in the middle of where the steps wander, as the answers of several models lie about the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["Average"]


class Average:
    """Exponential moving average of what a training changes: weights, and buffers of floats.

    Polyak, Juditsky, SIAM J. Control Optim. 1992; in this form Tarvainen, Valpola, NeurIPS 2017
    (https://arxiv.org/abs/1703.01780), whose teacher it is; as there, it begins short-sighted. Difference: it teaches
    nobody, but answers the held-out rows after each epoch and is what is kept.

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
        """Take in the weights after step number `step`, which counts from 1."""
        if not self.decay:
            return
        means, values, buffers = self._pairs = self._pairs or self._paired()
        rest = 1 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(means, values, rest)
        for mean, value in buffers:
            still = mean == value  # infinite constants too, of which a mean is NaN
            mean.copy_(torch.where(still, mean, mean.lerp(value, rest)))

    def restore(self, mean: Mapping[str, Tensor]) -> None:
        """Take back the mean that a checkpoint held."""
        live = self._live()
        self.mean = {name: mean[name].to(value) for name, value in live.items() if name in mean}
        self._pairs = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let the model have the mean for its weights; on leaving, it has its own again."""
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
        """Return means and weights in one order, and each buffer with its mean; begin with what is there now."""
        live = self._live()
        self.mean = self.mean or {name: value.clone() for name, value in live.items()}
        weights = [name for name, _ in self.model.named_parameters() if name in live]
        buffers = [(self.mean[name], live[name]) for name in live if name not in weights]
        return [self.mean[name] for name in weights], [live[name] for name in weights], buffers

    def _live(self) -> dict[str, Tensor]:
        """Return name -> tensor, the model's own, without what is frozen or counts."""
        still = {name for name, one in self.model.named_parameters() if not one.requires_grad}
        return {
            name: value
            for name, value in self.model.state_dict().items()
            if name not in still and value.is_floating_point()
        }
