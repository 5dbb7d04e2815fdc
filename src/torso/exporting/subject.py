"""A run taken apart for an export: its modules on the CPU, the names of its tensors, and its own answers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from torso.core.errors import ConfigError
from torso.core.types import Features
from torso.exporting.example import traced_rows
from torso.exporting.graph import RunGraph
from torso.exporting.layout import Layout, layouts
from torso.exporting.ports import InputPort, OutputPort, input_ports, output_ports
from torso.model.model import Model
from torso.runs.predicting.predictor import Predictor

__all__ = ["Subject"]

Said = dict[str, tuple[Tensor, dict[str, Tensor]]]


@dataclass(frozen=True, eq=False)
class Subject:
    """A run that is exported.

    Attributes:
        run: as it is.
        model: a copy of its networks and heads, float32, on the CPU.
        laid: modality -> layout.
        inputs: name -> port.
        outputs: name -> port.
        example: rows of a trace.
    """

    run: Predictor
    model: Model
    laid: Mapping[str, Layout]
    inputs: Mapping[str, InputPort]
    outputs: Mapping[str, OutputPort]
    example: Mapping[str, Features]

    @classmethod
    def of(cls, run: Predictor) -> Subject:
        """Return a run taken apart.

        Raises:
            ConfigError: a part of it cannot be exported, or two tensors would have one name.
        """
        check_parts(run)
        model = deepcopy(run.model).cpu().float().eval()
        laid = layouts(run.schema, run.config)
        inputs, example = input_ports(laid), traced_rows(laid)
        with torch.no_grad():
            said = answered(model, example)
        rows = len(next(iter(example.values())))
        return cls(run, model, laid, inputs, output_ports(said, inputs, rows), example)

    def graph(self) -> RunGraph:
        """Return the module that a graph is made of."""
        return RunGraph(self.model, self.inputs, self.outputs).eval()

    def eager(self, features: Mapping[str, Features]) -> dict[str, Tensor]:
        """Return name -> answer, as the run itself gives it."""
        said = answered(self.model, features)
        return {
            name: said[port.task][1][port.detail] if port.detail else said[port.task][0]
            for name, port in self.outputs.items()
        }


def answered(model: Model, features: Mapping[str, Features]) -> Said:
    """Return task -> prediction and details."""
    raw = model(features)
    return {task: head.answer(raw[task]) for task, head in model.heads.pairs()}


def check_parts(run: Predictor) -> None:
    """Refuse a run with parts that cannot be exported.

    Raises:
        ConfigError: names them, with the reasons that their classes state.
    """
    reasons = {}
    for module in run.model.modules():
        reason = getattr(module, "not_exportable", "")
        if reason:
            reasons[_part_name(module)] = reason
    if reasons:
        listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise ConfigError(
            f"The run cannot be exported as a graph. {listed}. Its weights can: name a file that ends with .safetensors."
        )
    if run.plain is not None and any(task.blends for task in run.plain.tasks.values()):
        raise ConfigError(
            "The run blends plain models with its network, which an export cannot hold yet. Fit with --set blend=off."
        )


def _part_name(module: torch.nn.Module) -> str:
    """Return the name under which a part is filed, such as `head tags/crf`."""
    registry = getattr(type(module), "registry", None)
    if registry is not None:
        for name, kind in registry.items():
            if kind is type(module):
                return f"{registry.room} {name}"
    return type(module).__name__
