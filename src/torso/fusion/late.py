"""Parallel, late: each modality forms its own opinion, and only the opinions are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import rows_present, variance_preserving_linear

__all__ = ["Late"]

Rule = Literal["mean", "product"]


class Late(Fusion, name="late"):
    """A perceptron per modality, and the mean of what they say, or its product of experts.

    `rule: mean` is `1/|P| Σ_{m∈P} f_m(x_m)` over the modalities `P` that a row has. Under a linear head this
    *is* late fusion of decisions: the head of the mean equals the mean of the heads, so each task's logits are
    the mean of the logits that each modality would give alone, and its class probabilities the geometric
    mean of theirs, made to sum to one. Under a head with hidden layers it only resembles that.

    `rule: product` takes what each says for a Gaussian `N(μ_m, 1/T_m)` and multiplies them, and the prior
    `N(0, 1)`: `Σ_m T_m μ_m / (1 + Σ_m T_m)`, component by component, so the sure outvote the unsure, and a
    row with nothing is the prior's zero (Wu, Goodman, MVAE, NeurIPS 2018, https://arxiv.org/abs/1802.05335).
    How we differ: the mean of the product is the fused token; nothing is sampled, and no loss holds
    the product to the prior, so `T` is a learned weight rather than a measured precision; no 1e-8 is added.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        rule: `mean` or `product`.
        hidden: width of the hidden layer of each perceptron; default `dim`.
        dropout: on the hidden layers, in training.
    """

    order_invariant: ClassVar[bool] = True

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        rule: Rule = "mean",
        hidden: int = 0,
        dropout: float = 0.1,
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
        said, weights = self._weighed(tokens)
        return Tokens.vector((said * weights).sum(dim=1), rows_present(tokens))

    def weights(self, tokens: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return modality -> the weight `[batch, dim]` of what it says; 0 in rows that lack it."""
        return dict(zip(tokens, self._weighed(tokens)[1].unbind(1), strict=True))

    def _weighed(self, tokens: Mapping[str, Tokens]) -> tuple[Tensor, Tensor]:
        """Return what each modality says and its weight, both `[batch, modalities, dim]`."""
        said = torch.stack(
            [self.opinion[name](masked_mean(one)) for name, one in tokens.items()], dim=1
        )
        present = torch.stack([one.present for one in tokens.values()], dim=1).unsqueeze(2)
        if self.rule == "mean":
            count = present.sum(dim=1, keepdim=True).clamp(min=1)
            return said, (present.to(said.dtype) / count).expand_as(said)
        mean, log_precision = said.chunk(2, dim=2)
        # T_m / (1 + Σ T) is a softmax in which the prior's logarithm is 0: no overflow, however sure.
        sure = log_precision.masked_fill(~present, -torch.inf)
        prior = torch.zeros_like(sure[:, :1])
        return mean, torch.cat([prior, sure], dim=1).softmax(dim=1)[:, 1:]
