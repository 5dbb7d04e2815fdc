"""Heads above single modalities: further losses in training, and answers for rows with one modality."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.tensors import Named
from torso.tasks import Head

__all__ = ["ModalityHeads", "loss_and_count"]


def loss_and_count(
    head: Head, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return a head's mean loss, in float32 at least, and its number of labelled rows, or the sum of their weights.

    Args:
        head: of the task.
        outputs: its raw outputs, in training for each of several members of a row, row after row.
        targets: of the rows.
        weights: of the rows; None: all alike.
    """
    wide = torch.promote_types(outputs.dtype, torch.float32)
    known = head.labelled(targets)
    count = known.sum() if weights is None else (known * weights).sum()
    if (members := len(outputs) // max(1, len(targets))) > 1:
        targets = targets.repeat_interleave(members, dim=0)
        weights = None if weights is None else weights.repeat_interleave(members)
    return head.loss(outputs.to(wide), targets, weights), count


class ModalityHeads(nn.Module):
    """A head for each task above each modality; its loss is called `digit from image`.

    Args:
        heads: modality -> task -> head, the same tasks for each.

    Attributes:
        names: name of a loss -> its task and its modality.

    Raises:
        ConfigError: two losses would have the same name.
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

    def losses(
        self,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
        weights: Tensor | None = None,
    ) -> list[tuple[Tensor, Tensor]]:
        """Return each head's loss and number of labelled rows, over the rows that have its modality.

        Args:
            outputs: name of the loss -> raw outputs.
            targets: task -> targets.
            present: modality -> bool `[batch]`.
            weights: of the rows; None: all alike.
        """
        return [
            loss_and_count(
                self.head(name),
                outputs[name][present[modality]],
                targets[task][present[modality]],
                None if weights is None else weights[present[modality]],
            )
            for name, (task, modality) in self.names.items()
        ]

    def fall_back(
        self,
        outputs: Mapping[str, Tensor],
        unimodal: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return the tasks' outputs; rows with one modality get those of its heads.

        Args:
            outputs: task -> outputs from all modalities.
            unimodal: the result of `forward`.
            present: modality -> bool `[batch]`.
        """
        merged = dict(outputs)
        if len(present) == 1:  # the only modality there is: the tasks' own heads read it too
            return merged
        count = torch.stack([*present.values()]).sum(dim=0)
        for name, (task, modality) in self.names.items():
            only = present[modality] & (count == 1)
            merged[task] = torch.where(only.unsqueeze(1), unimodal[name], merged[task])
        return merged
