"""OGM-GE: slows down the encoder of a modality that learns faster than the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.balancing.loss.equal import Equal
from torso.core.errors import unknown
from torso.core.ranges import Range, SetBy

__all__ = ["OGMGE"]


class OGMGE(Equal, name="ogm_ge"):
    """The sum of the losses, with a smaller gradient for the encoder of a leading modality.

    From Peng, Wei, Deng, Wang, Hu, CVPR 2022, "Balanced Multimodal Learning via On-the-fly Gradient Modulation"
    (https://arxiv.org/abs/2203.15332). `s_m` is the score of modality m alone on the batch and
    `r_m = s_m / mean of the others' s`. The gradient of m's encoder is multiplied by `1 - tanh(alpha r_m)` if
    `r_m > 1`. Then noise of mean zero, with the standard deviation of each gradient, is added to the encoders'
    gradients (the GE, for generalisation).

    Differs: the score of a modality comes from its heads (`modality_heads`) instead of its part of the last layer, so
    the heads' losses are part of the sum; `s_m = exp(-L_m)` with `L_m` the mean of its losses over the tasks present,
    a geometric mean of the true class's probabilities; any number of modalities. As in the authors' code only
    kernels get noise, here every parameter of an encoder with two dimensions or more. If no loss belongs to a
    modality this is `equal`.

    Args:
        tasks: names of the losses.
        modality_of: `{loss: the modality that alone it comes from}`; default: none.
        alpha: strength of the modulation.
        noise: add noise to the encoders' gradients.
        seed: seed of the noise.
    """

    needs = "losses of single modalities; 1 plain step"
    factors: Tensor
    step: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        modality_of: Annotated[Mapping[str, str] | None, SetBy.DATA] = None,
        alpha: Annotated[float, Range(0.1, 1.0)] = 0.3,
        noise: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__(tasks)
        if not 0.0 < alpha < float("inf"):
            raise ValueError(f"Parameter `alpha` should be a finite number above 0. Found {alpha}.")
        self.modality_of = dict(modality_of or {})
        for loss in self.modality_of:
            if loss not in self.tasks:
                raise ValueError(unknown("loss in `modality_of`:", loss, self.tasks))
        self.modalities = tuple(dict.fromkeys(self.modality_of.values()))
        self.alpha, self.noise, self.seed = alpha, noise, seed
        self.encoders: dict[str, list[nn.Parameter]] = {}
        self.register_buffer("factors", torch.ones(len(self.modalities)))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def watch(self, encoders: Mapping[str, Sequence[nn.Parameter]], /) -> None:
        """Keep the parameters of the encoders to modulate."""
        self.encoders = {name: [*encoders[name]] for name in self.modalities if name in encoders}

    def balance(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        *,
        own: Sequence[nn.Parameter] | None,
        representation: Sequence[Tensor],
    ) -> None:
        """Add the gradient of the sum, modulated in the encoders."""
        watched = [parameter for encoder in self.encoders.values() for parameter in encoder]
        # Only this step's gradient is modulated, not one that is in `.grad` already.
        before = [parameter.grad for parameter in watched]
        for parameter in watched:
            parameter.grad = None
        super().balance(losses, shared, present, own=own, representation=representation)
        with torch.no_grad():
            if bool(losses.isfinite().all()):  # else a gradient scaler will skip this step
                self._weigh(losses, present)
                self._modulate()
            for parameter, old in zip(watched, before, strict=True):
                if old is not None:
                    parameter.grad = old if parameter.grad is None else old + parameter.grad

    def _weigh(self, losses: Tensor, present: Tensor) -> None:
        """Set the factors from the losses of this batch; 1 for a modality without any."""
        labelled = present.tolist()
        alone: dict[int, float] = {}
        for index, modality in enumerate(self.modalities):
            of_modality = [
                float(loss)
                for task, loss, is_present in zip(self.tasks, losses, labelled, strict=True)
                if is_present and self.modality_of.get(task) == modality
            ]
            if of_modality:
                alone[index] = sum(of_modality) / len(of_modality)
        self.factors.fill_(1.0)
        for index, loss in alone.items():
            gaps = [loss - other for rival, other in alone.items() if rival != index]
            if gaps:
                ratio = len(gaps) / torch.tensor(gaps, dtype=torch.float64).exp().sum()
                self.factors[index] = 1.0 - (self.alpha * ratio).tanh() if ratio > 1.0 else 1.0

    def _modulate(self) -> None:
        draws = torch.Generator().manual_seed((self.seed * 1_000_003 + int(self.step)) % 2**32)
        self.step += 1
        for modality, factor in zip(self.modalities, self.factors.tolist(), strict=True):
            for parameter in self.encoders.get(modality, ()):
                if parameter.grad is None:
                    continue
                noisy = self.noise and parameter.ndim > 1 and parameter.numel() > 1
                spread = parameter.grad.std() if noisy else None
                parameter.grad *= factor
                if spread is not None:
                    drawn = torch.randn(parameter.shape, generator=draws).to(parameter.grad)
                    parameter.grad += spread * drawn

    def modulation(self) -> dict[str, float]:
        """Return modality -> the factor of its encoder's gradient in the newest step."""
        return dict(zip(self.modalities, self.factors.tolist(), strict=True))
