"""Heads that see one modality only: further losses in training, and answers where one is all that a row has."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.tensors import Named
from torso.tasks._base.head import Head

__all__ = ["ModalityHeads"]


class ModalityHeads(nn.Module):
    """A head for each task above each modality; the loss of one is called `digit from image`.

    Args:
        heads: modality -> task -> head, the same tasks for each.
    """

    def __init__(self, heads: Mapping[str, Mapping[str, Head]]) -> None:
        super().__init__()
        self.each: Named[Named[Head]] = Named({name: Named(own) for name, own in heads.items()})
        pairs = [(task, modality) for modality, own in heads.items() for task in own]
        self.names = {f"{task} from {modality}": (task, modality) for task, modality in pairs}
        tasks = {task for task, _ in pairs}
        twice = sorted(tasks & self.names.keys())
        if twice or len(self.names) < len(pairs):
            raise ConfigError(
                f"With modality heads, a target must not be called as the loss of one. Found {twice or sorted(tasks)}."
            )

    def forward(self, vectors: Mapping[str, Mapping[str, Tensor]], /) -> dict[str, Tensor]:
        """Return name of the loss -> raw outputs, from modality -> task -> `[batch, dim]`."""
        return {
            name: self.head(name)(vectors[modality][task])
            for name, (task, modality) in self.names.items()
        }

    def head(self, name: str) -> Head:
        """Return the head whose loss is called `name`."""
        task, modality = self.names[name]
        return self.each[modality][task]

    def fall_back(
        self,
        outputs: Mapping[str, Tensor],
        alone: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return the tasks' outputs, those of a modality's heads in the rows that have nothing else.

        Args:
            outputs: task -> outputs from all modalities.
            alone: what `forward` returned.
            present: modality -> bool `[batch]`.
        """
        found = dict(outputs)
        count = torch.stack([*present.values()]).sum(dim=0)
        if len(present) > 1 and bool((count == 1).any()):
            for name, (task, modality) in self.names.items():
                only = present[modality] & (count == 1)
                found[task] = torch.where(only.unsqueeze(1), alone[name], found[task])
        return found
