"""Several networks that learned from other folds of the same rows, answering as one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.tensors import Named
from torso.core.types import Features
from torso.model.modality_heads import ModalityHeads
from torso.model.model import Model
from torso.model.trunk import Trunk
from torso.sharing import Sharing
from torso.tasks import Head
from torso.tasks._base.response import Family

__all__ = ["Ensemble"]


class Ensemble(Model):
    """The mean of several networks' statements: of their probabilities, or of their values.

    Cross-validation aggregates: Breiman, "Bagging Predictors", Machine Learning 24, 1996. Differs: each network leaves
    out another fold instead of a bootstrap sample, so every row is held out once. `encode` and `outputs`, for studies of
    single modalities, are those of the first network.

    Args:
        members: trained, with the same tasks, each calibrated on its held-out rows. All heads have a `statement`.
    """

    def __init__(self, members: Sequence[Model]) -> None:
        nn.Module.__init__(self)
        self.members = nn.ModuleList(members)
        self.heads: Named[Head] = deepcopy(members[0].heads)
        for _, head in self.heads.pairs():
            head.uncalibrate()

    @property
    def first(self) -> Model:
        """The first network."""
        member = self.members[0]
        assert isinstance(member, Model)
        return member

    @property
    def trunks(self) -> Named[Trunk]:  # type: ignore[override]
        """Trunks of the first network."""
        return self.first.trunks

    @property
    def sharing(self) -> Sharing:  # type: ignore[override]
        """Sharing of the first network."""
        return self.first.sharing

    @property
    def modality_heads(self) -> ModalityHeads | None:  # type: ignore[override]
        """Modality heads of the first network."""
        return self.first.modality_heads

    @property
    def restored(self) -> dict[str, str]:  # type: ignore[override]
        """Tasks that restore a modality."""
        return self.first.restored

    def forward(self, inputs: Mapping[str, Features]) -> dict[str, Tensor]:
        """Return task -> raw outputs of its head that say the mean statement of the networks."""
        members = [member for member in self.members if isinstance(member, Model)]
        said = [member(inputs) for member in members]
        return {
            task: self.joined(
                task, [member.heads[task] for member in members], [raw[task] for raw in said]
            )
            for task in self.tasks
        }

    def joined(self, task: str, heads: Sequence[Head], outputs: Sequence[Tensor]) -> Tensor:
        """Return the raw outputs that say the mean of several networks' statements about the same rows.

        Args:
            task: its name.
            heads: of the networks, calibrated.
            outputs: of the networks, `[batch, ...]`.
        """
        head = self.heads[task]
        said = [own.stated(raw) for own, raw in zip(heads, outputs, strict=True)]
        return self.mean_raw(head, said, outputs)

    def mean_raw(self, head: Head, said: Sequence[Tensor], outputs: Sequence[Tensor]) -> Tensor:
        """Return the raw outputs that say the mean of several statements about the same rows.

        Args:
            head: of the task.
            said: statements, `[batch, width]`.
            outputs: raw outputs that they come from, `[batch, ...]`.
        """
        assert head.statement is not None
        return head.raw(_mean(head.statement, said), torch.stack([*outputs]).mean(dim=0))


def _mean(family: Family, said: Sequence[Tensor]) -> Tensor:
    """Return the mean of statements: of probabilities, or of values."""
    together = torch.stack([*said])
    if family == "values":
        return together.mean(dim=0)
    if family == "classes":
        logs = torch.log_softmax(together, dim=-1)
        return torch.logsumexp(logs, dim=0) - math.log(len(said))
    # log of the mean of sigmoids, and of its rest, both exact far out, in ONNX too
    yes = torch.logsumexp(-functional.softplus(-together), dim=0)
    no = torch.logsumexp(-functional.softplus(together), dim=0)
    return yes - no
