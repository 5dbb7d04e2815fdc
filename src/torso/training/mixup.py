"""Mixup: train on blends of two rows, across all their modalities and targets at once.

Pictures can be blended pixel by pixel, texts and categories cannot; tokens can, whatever they came from. So rows
are mixed behind the encoders, and their losses are mixed instead of their labels, which works for every kind of
target and adds nothing for a missing label.
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
    """Which row each row of a batch is mixed with, and how much of it is its own.

    Zhang et al., mixup, ICLR 2018 (https://arxiv.org/abs/1710.09412), at the tokens of the encoders as in Verma et al.,
    Manifold Mixup, ICML 2019 (https://arxiv.org/abs/1806.05236), there at a layer drawn at random. Differences: the
    greater share is a row's own, as in Berthelot et al., MixMatch, NeurIPS 2019 (https://arxiv.org/abs/1905.02249);
    a token is mixed only where both rows have one at that place of that modality, and stays the row's own
    elsewhere; a row whose partner gave it nothing counts with its own labels alone.

    Attributes:
        share: of a row itself, from 1/2 to 1.
        partners: int64 `[batch]`.
    """

    share: float
    partners: Tensor

    @classmethod
    def draw(cls, alpha: float, rows: int) -> Mix | None:
        """Return a mix with a share drawn from Beta(alpha, alpha) by torch's global CPU generator.

        None, and nothing drawn, if `alpha` is 0.
        """
        if not alpha:
            return None
        drawn = float(torch.distributions.Beta(alpha, alpha).sample())
        return cls(max(drawn, 1.0 - drawn), torch.randperm(rows))

    def tokens(self, encoded: Encoded) -> tuple[Encoded, Mix]:
        """Return the mixed tokens, and the mix in which rows that got nothing are their own partners."""
        partners = self.partners.to(next(iter(encoded.present.values())).device)
        got = torch.zeros_like(partners, dtype=torch.bool)
        trunks: dict[str, dict[str, Tokens]] = {}
        for trunk, modalities in encoded.tokens.items():
            real, trunks[trunk] = encoded.without_placeholders(trunk), {}
            for name, one in modalities.items():
                both = real[name].mask & real[name].mask[partners]
                got |= both.any(dim=1)
                trunks[trunk][name] = Tokens(self._blend(one.values, both, partners), one.mask)
        own = torch.arange(len(partners), device=partners.device)
        return (
            replace(encoded, tokens=trunks),
            replace(self, partners=torch.where(got, partners, own)),
        )

    def losses(
        self,
        model: Model,
        own: Tensor,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
    ) -> Tensor:
        """Return `[losses]`: `share` of those on the rows' `own` labels, the rest on their partners'.

        Args:
            model: says the losses.
            own: its losses on the rows' own labels.
            outputs: of the mixed tokens.
            targets: task -> the rows' own targets.
            present: modality -> bool `[batch]`; the loss of one modality counts a partner's label where both have it.
        """
        others = {task: target[self.partners] for task, target in targets.items()}
        both = {name: there & there[self.partners] for name, there in present.items()}
        return self.share * own + (1.0 - self.share) * model.losses(outputs, others, both)[0]

    def _blend(self, values: Tensor, both: Tensor, partners: Tensor) -> Tensor:
        apart = ~both.unsqueeze(-1)  # what stands there may be anything, NaN too
        own, other = values.masked_fill(apart, 0.0), values[partners].masked_fill(apart, 0.0)
        return torch.where(apart, values, self.share * own + (1.0 - self.share) * other)
