"""Mixup: training on blends of two rows, across all their modalities and targets at once.

Pictures can be blended pixel by pixel, texts and categories cannot. Tokens of any modality can, so rows are mixed
behind the encoders. Losses are mixed instead of labels: that works for every kind of target, and a missing label adds
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from torso.core.types import Tokens
from torso.model.model import Model
from torso.model.trunk import Encoded

__all__ = ["Mix"]


@dataclass(frozen=True)
class Mix:
    """Partner and share of each row of a batch.

    From Zhang et al., mixup, ICLR 2018 (https://arxiv.org/abs/1710.09412), at the encoders' tokens as in Verma et al.,
    Manifold Mixup, ICML 2019 (https://arxiv.org/abs/1806.05236). Differs: the layer is not drawn at random; the
    greater share is a row's own, as in Berthelot et al., MixMatch, NeurIPS 2019 (https://arxiv.org/abs/1905.02249);
    a token is mixed only where both rows have one at that position; a row that shares no token with its partner
    keeps its own labels alone.

    Attributes:
        share: of a row itself, from 1/2 to 1.
        partners: int64 `[batch]`.
    """

    share: float
    partners: Tensor

    @classmethod
    def draw(cls, alpha: float, rows: int) -> Mix | None:
        """Return a mix whose share is drawn from Beta(alpha, alpha) by torch's global CPU generator.

        With `alpha` 0 it returns None and draws nothing.
        """
        if not alpha:
            return None
        drawn = float(torch.distributions.Beta(alpha, alpha).sample())
        return cls(max(drawn, 1.0 - drawn), torch.randperm(rows))

    def tokens(self, encoded: Encoded) -> tuple[Encoded, Mix]:
        """Return the mixed tokens, and the mix in which rows without a common token are their own partners."""
        partners = self.partners.to(next(iter(encoded.present.values())).device)
        mixed = torch.zeros_like(partners, dtype=torch.bool)
        trunks: dict[str, dict[str, Tokens]] = {}
        for trunk, modalities in encoded.tokens.items():
            real, trunks[trunk] = encoded.without_placeholders(trunk), {}
            for name, tokens in modalities.items():
                both = real[name].mask & real[name].mask[partners]
                mixed |= both.any(dim=1)
                values = self._blend(tokens.values, both, partners)
                trunks[trunk][name] = Tokens(values, tokens.mask)
        own = torch.arange(len(partners), device=partners.device)
        partners = torch.where(mixed, partners, own)
        return replace(encoded, tokens=trunks), replace(self, partners=partners)

    def losses(
        self,
        model: Model,
        own: Tensor,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
        weights: Tensor | None = None,
    ) -> Tensor:
        """Return `[losses]`: `share` of those on the rows' `own` labels, the rest on their partners'.

        Args:
            model: computes the losses.
            own: its losses on the rows' own labels.
            outputs: of the mixed tokens.
            targets: task -> the rows' own targets.
            present: modality -> bool `[batch]`; a partner's label counts for one modality where both rows have it.
            weights: of the rows; a partner's label has its own. None: all alike.
        """
        others = {task: target[self.partners] for task, target in targets.items()}
        both = {name: rows & rows[self.partners] for name, rows in present.items()}
        theirs = None if weights is None else weights[self.partners.to(weights.device)]
        return (
            self.share * own + (1.0 - self.share) * model.losses(outputs, others, both, theirs)[0]
        )

    def _blend(self, values: Tensor, both: Tensor, partners: Tensor) -> Tensor:
        unmixed = ~both.unsqueeze(-1)  # values under a mask may be NaN, so they are zeroed first
        own, other = values.masked_fill(unmixed, 0.0), values[partners].masked_fill(unmixed, 0.0)
        return torch.where(unmixed, values, self.share * own + (1.0 - self.share) * other)
