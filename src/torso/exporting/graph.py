"""A run's whole answer as one module: named tensors in, named tensors out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from torso.core.types import Features
from torso.exporting.flat_rows import PLAIN
from torso.exporting.plain import FilledColumns, FlatRows, PlainGraph
from torso.exporting.ports import InputPort, OutputPort
from torso.model.model import Model

__all__ = ["RunGraph", "as_features", "as_tensors", "with_tokens"]


class RunGraph(nn.Module):
    """Networks, plain models and heads of a run, as a graph holds them.

    Args:
        model: trained, in evaluation mode.
        inputs: name -> port.
        outputs: name -> port.
        plain: the plain models, with the heads of `model`; None without any.
        filled: makes columns of the flat view of tokens; None where plain models read none.
    """

    def __init__(
        self,
        model: Model,
        inputs: Mapping[str, InputPort],
        outputs: Mapping[str, OutputPort],
        plain: PlainGraph | None = None,
        filled: FilledColumns | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.plain, self.filled = plain, filled
        self.inputs = dict(inputs)
        self.outputs = dict(outputs)

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return name -> answer."""
        features = with_tokens(self.model, as_features(inputs, self.inputs))
        raw = self.model(features)
        if self.plain is not None:
            rows = FlatRows(**{attribute: inputs[name] for name, attribute in PLAIN.items()})
            if self.filled is not None:
                rows = rows._replace(dense=self.filled(rows.dense, features))
            raw = self.plain(raw, rows)
        said = {task: head.answer(raw[task]) for task, head in self.model.heads.pairs()}
        answers: dict[str, Tensor] = {}
        for name, port in self.outputs.items():
            value, details = said[port.task]
            answer = details[port.detail] if port.detail else value
            # a graph may not give one tensor under two names, nor one that it holds
            answers[name] = torch.clone(answer)
        return answers


def with_tokens(model: Model, features: Mapping[str, Features]) -> dict[str, Features]:
    """Return the features with frozen encoders run, once for all networks and plain models."""
    _, trunk = next(model.trunks.pairs())  # frozen encoders are the same in all
    return {name: encoder.frozen_tokens(features[name]) for name, encoder in trunk.encoders.pairs()}


def as_features(
    tensors: Mapping[str, Tensor], ports: Mapping[str, InputPort]
) -> dict[str, Features]:
    """Return modality -> features, from tensors by name."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, port in ports.items():
        if port.modality:
            parts.setdefault(port.modality, {})[port.part] = tensors[name]
    return {
        modality: Features(own["values"], own["mask"], False, own.get("sizes"))
        for modality, own in parts.items()
    }


def as_tensors(
    features: Mapping[str, Features], ports: Mapping[str, InputPort]
) -> dict[str, Tensor]:
    """Return name -> tensor, from modality -> features."""
    tensors: dict[str, Tensor] = {}
    for name, port in ports.items():
        if port.modality:
            value = getattr(features[port.modality], port.part)
            if value is None:  # no file, no facts
                rows = len(features[port.modality])
                value = torch.full((rows, int(port.shape[1])), torch.nan)
            tensors[name] = value
    return tensors
