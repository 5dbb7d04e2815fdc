"""Any number of labels at once: independent logistic likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.class_weights import Weights, label_weights
from torso.tasks._base.head import known_sum
from torso.tasks._base.response import Response
from torso.tasks._base.temperature import LogitHead
from torso.tasks.multilabel.deciding import f1_thresholds

__all__ = ["Logistics"]


class Logistics(LogitHead, form="multilabel", name="logistic"):
    """One Bernoulli likelihood per label, summed over the labels whose value is known.

    Training may depart from it by class weights. In evaluation mode the loss is the plain likelihood, as are
    calibration and metrics.

    Args:
        labels: number of labels.
        names: of the labels, to which `weights` may refer.
        frequencies: of the labels among the training rows, for `weights: balanced`.
        decide: `f1`: a label is answered from a probability on, of its own, that suits F1 on the held-out rows;
            `probable`: from 0.5 on. Probabilities are the same.
        weights: `none`; `balanced`: rows with and without a label in inverse ratio to their frequencies; or label ->
            weight of rows with it, 1 for a label without.

    Raises:
        ConfigError: a weight for an unknown label.
        ValueError: a weight out of its range, or `balanced` without frequencies.
    """

    statement = "binaries"
    added_later: ClassVar[tuple[str, ...]] = ("threshold",)
    law_settings = ({"decide": "probable"}, {"weights": "balanced"})

    def __init__(
        self,
        dim: int,
        labels: int,
        names: Sequence[str] | None = None,
        frequencies: Sequence[float] | None = None,
        *,
        decide: Literal["f1", "probable"] = "f1",
        weights: Weights = "none",
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, labels, hidden=hidden, dropout=dropout)
        self.decide = decide
        own = [str(number) for number in range(labels)] if names is None else list(names)
        chosen = torch.tensor(label_weights(weights, own, frequencies))
        self.register_buffer("weights", chosen, persistent=False)
        self.weighted = weights != "none"
        if decide == "f1":
            self.register_buffer("threshold", torch.zeros(labels))  # 0: none learnt, 0.5 holds

    threshold: Tensor
    held: bool | None = None
    """There are thresholds, as `hold_still` saw it."""
    weights: Tensor

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the summed cross-entropies of targets `[batch, labels]` in {0, 1}, NaN where missing."""
        return self._summed(outputs, targets, None)

    def training_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the loss that training minimises, `[batch]`."""
        return self._summed(outputs, targets, self.weights if self.weighted else None)

    def _summed(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        known = ~targets.isnan()
        clean = targets.nan_to_num(0.0).to(outputs.dtype)
        own = None if weights is None else torch.where(clean > 0.5, weights[:, 1], weights[:, 0])
        terms = functional.binary_cross_entropy_with_logits(
            self.scale * outputs, clean, own, reduction="none"
        )
        return known_sum(terms, known)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the probability of each label, `[batch, labels]`."""
        return (self.scale * outputs).sigmoid()

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `chosen`, bool `[batch, labels]`: the labels to answer; nothing where those from 0.5 on are."""
        if not self._has_thresholds():
            return {}
        return {"chosen": self.predict(outputs) >= self.threshold}

    def hold_still(self) -> None:
        """Keep whether there are thresholds."""
        self.held = self._has_thresholds()

    def _has_thresholds(self) -> bool:
        if self.held is not None:
            return self.held
        return self.decide == "f1" and bool(self.threshold.any())

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set the factor of the logits, then the thresholds that suit F1 with these probabilities."""
        super().calibrate(outputs, targets)
        rows = self.labelled(targets)
        finite = bool(rows.any()) and bool(outputs[rows].isfinite().all())
        if self.decide == "f1" and finite:
            said = self.predict(outputs[rows]).masked_fill(targets[rows].isnan(), torch.nan)
            thresholds = f1_thresholds(said.double().cpu().numpy())
            self.threshold.copy_(torch.from_numpy(thresholds))

    @torch.no_grad()
    def uncalibrate(self) -> None:
        """Set the factor to 1, and forget the thresholds."""
        super().uncalibrate()
        if self.decide == "f1":
            self.threshold.zero_()

    def response(self, targets: Tensor, /) -> Response:
        """Return the labels."""
        weights = self.weights.double().cpu().numpy() if self.weighted else None
        return Response("binaries", targets.float().cpu().numpy(), class_weights=weights)

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return a logit per label, `[batch, labels]`."""
        return (self.scale if factor is None else factor) * outputs
