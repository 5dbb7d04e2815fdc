"""Inputs and outputs of an exported graph, as its description names them: features in, predictions out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from torso.columns.dataset import Dataset
from torso.core.whole_files import Json
from torso.runs.schema.schema import Schema
from torso.training import Prediction

__all__ = ["Input", "Output", "Ports"]

_PARTS = ("values", "mask", "sizes")


@dataclass(frozen=True)
class Input:
    """An input of the graph.

    Attributes:
        modality: that it belongs to; empty for the flat view.
        part: `values`, `mask`, `sizes` or `plain`.
        least: length that the graph takes at least, where rows differ in length.
    """

    modality: str
    part: str
    least: int = 1


@dataclass(frozen=True)
class Output:
    """An output of the graph.

    Attributes:
        task: that it answers.
        detail: its name; empty for the prediction itself.
    """

    task: str
    detail: str


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs of a graph, by name."""

    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]

    @classmethod
    def of(cls, inputs: Json, outputs: Json, schema: Schema) -> Ports:
        """Return the ports that a description tells.

        Args:
            inputs: name -> modality, part, least.
            outputs: name -> task, detail.
            schema: of the run.

        Raises:
            ValueError: they are not those of the run.
        """
        ports = cls(
            {
                name: Input(str(own["modality"]), str(own["part"]), int(own.get("least", 1)))
                for name, own in inputs.items()
            },
            {name: Output(str(own["task"]), str(own["detail"])) for name, own in outputs.items()},
        )
        for name, port in ports.inputs.items():
            known = port.modality in schema.modalities and port.part in _PARTS
            if not known and (port.modality, port.part) != ("", "plain"):
                raise ValueError(f"input {name!r} is of no modality of the run")
            if not 1 <= port.least <= 1 << 16:
                raise ValueError(f"input {name!r} is {port.least} long at least")
        answered = {port.task for port in ports.outputs.values() if not port.detail}
        if answered != {*schema.targets}:
            raise ValueError(f"answers to {sorted(answered)}, not to {sorted(schema.targets)}")
        return ports

    def features(self, dataset: Dataset, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return input -> array for some rows of a dataset.

        Args:
            dataset: a table, laid out.
            rows: their positions.
        """
        parts: dict[tuple[str, str], np.ndarray] = {}
        for name, source in dataset.sources.items():
            parts[name, "values"], parts[name, "mask"] = source.batch(rows)
            if name in dataset.sizes:
                parts[name, "sizes"] = dataset.sizes[name].values[rows]
        return {
            name: _as_long(parts[port.modality, port.part], port.least)
            for name, port in self.inputs.items()
            if port.part in _PARTS
        }

    def predictions(self, said: Mapping[str, np.ndarray]) -> dict[str, Prediction]:
        """Return task -> prediction from the graph's outputs, by name."""
        values: dict[str, np.ndarray] = {}
        details: dict[str, dict[str, np.ndarray]] = {}
        for name, port in self.outputs.items():
            if port.detail:
                details.setdefault(port.task, {})[port.detail] = said[name]
            else:
                values[port.task] = said[name]
        return {task: Prediction(value, details.get(task, {})) for task, value in values.items()}


def _as_long(array: np.ndarray, least: int) -> np.ndarray:
    """Return an array whose second axis is filled up with zeros to a length, a mask with False."""
    if array.ndim < 2 or array.shape[1] >= least:
        return array
    filled = np.zeros((len(array), least, *array.shape[2:]), array.dtype)
    filled[:, : array.shape[1]] = array
    return filled
