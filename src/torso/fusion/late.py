"""Parallel, late: a perceptron per modality, then the mean or product of their outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import rows_present, variance_preserving_linear

__all__ = ["Late"]

Rule = Literal["mean", "product"]


class Late(Fusion, name="late"):
    """A perceptron per modality, and the mean or the product of their outputs.

    `rule: mean` is `1/|P| Σ_{m∈P} f_m(x_m)` over the modalities `P` that a row has. Under a linear head this is
    late fusion of decisions: the head of the mean is the mean of the heads. Each task's logits are then the mean
    of the logits of the single modalities, and its class probabilities their geometric mean, made to sum to
    one. Under a head with hidden layers it only resembles that.

    `rule: product` reads each output as a Gaussian `N(μ_m, 1/T_m)` and multiplies them with the prior `N(0, 1)`:
    `Σ_m T_m μ_m / (1 + Σ_m T_m)`, component by component. A modality with a large precision `T_m` outvotes the
    others, and a row without modalities gives the prior's zero.

    From Wu and Goodman, NeurIPS 2018 (MVAE, https://arxiv.org/abs/1802.05335), the product of experts. Differs:
    the mean of the product is the fused token; nothing is sampled, and no loss holds the product to the prior,
    so `T` is a learned weight rather than a measured precision; no 1e-8 is added.

    Args:
        rule: `mean` or `product`.
        hidden: width of each perceptron's hidden layer; 0 means `dim`.
        dropout: on the hidden layers, in training.
    """

    order_invariant: ClassVar[bool] = True

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        rule: Rule = "mean",
        hidden: Annotated[int, Range(16, 1024, log=True)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if rule not in get_args(Rule):
            raise ValueError(f"Parameter `rule` should be mean or product. Found {rule!r}.")
        self.rule = rule
        hidden, out = hidden or dim, dim if rule == "mean" else 2 * dim
        self.opinion: Named[nn.Sequential] = Named(
            {
                name: nn.Sequential(
                    variance_preserving_linear(dim, hidden),
                    nn.GELU(),
                    nn.Dropout(dropout),
                    variance_preserving_linear(hidden, out, gain=1.5),
                )
                for name in self.modalities
            }
        )

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        opinions, weights = self._opinions(tokens)
        return Tokens.vector((opinions * weights).sum(dim=1), rows_present(tokens))

    def weights(self, tokens: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return modality -> the weight `[batch, dim]` of its output; 0 in rows that lack it."""
        return dict(zip(tokens, self._opinions(tokens)[1].unbind(1), strict=True))

    def _opinions(self, tokens: Mapping[str, Tokens]) -> tuple[Tensor, Tensor]:
        """Return each modality's output and its weight, both `[batch, modalities, dim]`."""
        outputs = [self.opinion[name](masked_mean(modality)) for name, modality in tokens.items()]
        opinions = torch.stack(outputs, dim=1)
        present = torch.stack([modality.present for modality in tokens.values()], dim=1)
        present = present.unsqueeze(2)
        if self.rule == "mean":
            count = present.sum(dim=1, keepdim=True).clamp(min=1)
            return opinions, (present.to(opinions.dtype) / count).expand_as(opinions)
        mean, log_precision = opinions.chunk(2, dim=2)
        # T_m / (1 + Σ T) is a softmax with a logit of 0 for the prior: it cannot overflow.
        log_precision = log_precision.masked_fill(~present, -torch.inf)
        prior = torch.zeros_like(log_precision[:, :1])
        return mean, torch.cat([prior, log_precision], dim=1).softmax(dim=1)[:, 1:]
