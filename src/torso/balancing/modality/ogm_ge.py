"""OGM-GE: the encoder of the modality that is ahead learns more slowly, so that the others are not left behind."""

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
    """Plain sum of the losses; the gradient of the encoder of a modality that is ahead is made smaller.

    From Peng, Wei, Deng, Wang, Hu, CVPR 2022, "Balanced Multimodal Learning via On-the-fly Gradient Modulation"
    (https://arxiv.org/abs/2203.15332): with `s_m` how well modality m alone does on the batch and
    `r_m = s_m / mean of the others' s`, the gradient of m's encoder is multiplied by
    `1 - tanh(alpha r_m)` where `r_m > 1`, and by one elsewhere; then noise of mean zero, with the standard deviation of
    each gradient, is added (the GE, for generalisation).

    Differs: what a modality does alone is told by its heads (`modality_heads`) instead of by its part of
    the last layer, so the heads' losses are part of the sum; `s_m = exp(-L_m)` with `L_m` the mean of its losses
    over the tasks present, so the probabilities of the truth are averaged geometrically; any number of modalities. As in
    the authors' code noise is for kernels, here every parameter of an encoder with two dimensions or more.
    Where no loss belongs to a modality this is `equal`.

    Args:
        tasks: names of the losses.
        modality_of: `{loss: the modality that alone it comes from}`; default: none.
        alpha: how fast the factor falls.
        noise: whether noise is added.
        seed: of the noise.
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
        """Note whose gradients are modulated."""
        self.encoders = {name: [*encoders[name]] for name in self.modalities if name in encoders}

    def backward(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor | None = None,
        *,
        own: Sequence[nn.Parameter] | None = None,
        representation: Sequence[Tensor] = (),
    ) -> None:
        """Add the gradient of the sum, modulated in the encoders."""
        watched = [one for many in self.encoders.values() for one in many]
        before = [one.grad for one in watched]
        for one in watched:
            one.grad = None
        super().backward(losses, shared, present, own=own, representation=representation)
        with torch.no_grad():
            if bool(losses.isfinite().all()):  # else a gradient scaler will skip this step
                self._weigh(losses, present)
                self._modulate()
            for one, old in zip(watched, before, strict=True):
                if old is not None:
                    one.grad = old if one.grad is None else old + one.grad

    def _weigh(self, losses: Tensor, present: Tensor | None) -> None:
        """Set the factors by the losses of this batch; a modality without any in it gets one."""
        labelled = [True] * len(losses) if present is None else present.tolist()
        alone: dict[int, float] = {}
        for place, modality in enumerate(self.modalities):
            here = [
                float(loss)
                for task, loss, there in zip(self.tasks, losses, labelled, strict=True)
                if there and self.modality_of.get(task) == modality
            ]
            if here:
                alone[place] = sum(here) / len(here)
        self.factors.fill_(1.0)
        for place, loss in alone.items():
            others = [loss - other for there, other in alone.items() if there != place]
            if others:
                ratio = len(others) / torch.tensor(others, dtype=torch.float64).exp().sum()
                self.factors[place] = 1.0 - (self.alpha * ratio).tanh() if ratio > 1.0 else 1.0

    def _modulate(self) -> None:
        draws = torch.Generator().manual_seed((self.seed * 1_000_003 + int(self.step)) % 2**32)
        self.step += 1
        for modality, factor in zip(self.modalities, self.factors.tolist(), strict=True):
            for one in self.encoders.get(modality, ()):
                if one.grad is None:
                    continue
                spread = one.grad.std() if self.noise and one.ndim > 1 and one.numel() > 1 else None
                one.grad *= factor
                if spread is not None:
                    drawn = torch.randn(one.shape, generator=draws).to(one.grad)
                    one.grad += spread * drawn

    def modulation(self) -> dict[str, float]:
        """Return modality -> what its encoder's gradient was multiplied by in the newest step."""
        return dict(zip(self.modalities, self.factors.tolist(), strict=True))
