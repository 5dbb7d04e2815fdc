"""One of several classes: softmax and cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.class_weights import Weights, class_weights
from torso.tasks._base.response import Response
from torso.tasks._base.temperature import LogitHead

__all__ = ["Softmax"]


class Softmax(LogitHead, form="category", name="softmax"):
    """Categorical likelihood, which training may depart from by smoothing, class weights or a focal factor.

    All three change what training minimises and nothing else: in evaluation mode the loss, by which epochs are
    compared, is the plain likelihood, as are the refit on held-out rows and the metrics. The loss of a row is
    `weight of its class * (1 - p)^focal * ((1 - smoothing) * -log p + smoothing * mean over classes of -log p)`,
    with p the probability of its class.

    Label smoothing: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, CVPR 2016 (https://arxiv.org/abs/1512.00567).
    Focal loss: Lin, Goyal, Girshick, He & Dollár, ICCV 2017 (https://arxiv.org/abs/1708.02002); here for a softmax.
    With class weights the probabilities are those of a population in which the classes are as frequent as weighted.

    Args:
        classes: number of classes.
        names: of the classes, to which `weights` may refer.
        frequencies: of the classes among the training rows, for `weights: balanced`.
        smoothing: share of a label that is spread over all classes, from 0 to below 1.
        weights: `none`; `balanced`: in inverse ratio to the frequencies, 1 for the average row; or class -> weight,
            1 for a class without.
        focal: how strongly rows that are already right are passed over; 0 not at all, 2 is usual.

    Raises:
        ConfigError: a weight for an unknown class.
        ValueError: a smoothing, weight or focal exponent out of its range, or `balanced` without frequencies.
    """

    law_settings = ({"smoothing": 0.1, "weights": "balanced", "focal": 2.0},)

    statement = "classes"

    def __init__(
        self,
        dim: int,
        classes: int,
        names: Sequence[str] | None = None,
        frequencies: Sequence[float] | None = None,
        *,
        smoothing: Annotated[float, Range(0.0, 0.2)] = 0.0,
        weights: Weights = "none",
        focal: Annotated[float, Range(0.0, 3.0)] = 0.0,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, classes, hidden=hidden, dropout=dropout)
        if not 0.0 <= smoothing < 1.0:
            raise ValueError(
                f"Parameter `smoothing` should be from 0 to below 1. Found {smoothing}."
            )
        if focal < 0.0:
            raise ValueError(f"Parameter `focal` should be 0 or more. Found {focal}.")
        self.classes = classes
        self.smoothing = smoothing
        self.focal = focal
        own = [str(place) for place in range(classes)] if names is None else list(names)
        chosen = torch.tensor(class_weights(weights, own, frequencies))
        self.register_buffer("weights", chosen, persistent=False)
        self.weighted = weights != "none"

    weights: Tensor

    def labelled(self, targets: Tensor, /) -> Tensor:
        """Return where the class is known to this head; an index past the last class is not."""
        return (targets >= 0) & (targets < self.classes)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the cross-entropy of class indices, int64 `[batch]`."""
        return functional.cross_entropy(self.scale * outputs, targets, reduction="none")

    def training_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the loss that training minimises, `[batch]`."""
        logs = torch.log_softmax(self.scale * outputs, dim=1)
        own = logs.gather(1, targets.unsqueeze(1)).squeeze(1)
        losses = -(1 - self.smoothing) * own - self.smoothing * logs.mean(dim=1)
        if self.focal:
            losses = losses * (-torch.expm1(own)).clamp(min=1e-12) ** self.focal
        return losses * self.weights.to(losses)[targets]

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return class probabilities `[batch, classes]`."""
        return torch.softmax(self.scale * outputs, dim=1)

    def response(self, targets: Tensor, /) -> Response:
        """Return the classes; one that is new to this head counts as missing."""
        known = torch.where(self.labelled(targets), targets, -1)
        weights = self.weights.double().cpu().numpy() if self.weighted else None
        return Response("classes", known.cpu().numpy(), self.classes, class_weights=weights)

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return log-probabilities `[batch, classes]`."""
        return torch.log_softmax((self.scale if factor is None else factor) * outputs, dim=1)
