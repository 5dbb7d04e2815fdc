"""The graph of an exported model in ONNX Runtime: arrays by name in, arrays by name out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np

from torso.core.errors import RunError
from torso.core.optional import require
from torso.runtime.container import Exported

__all__ = ["Graph"]


class _Argument(Protocol):
    """An input as ONNX Runtime describes it."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...


_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


class Graph:
    """A graph that is ready to compute; threads may share it.

    Args:
        exported: the file.

    Attributes:
        inputs: name -> dtype.
        outputs: names.

    Raises:
        MissingDependency: ONNX Runtime is absent.
        RunError: it cannot read the graph.
    """

    def __init__(self, exported: Exported) -> None:
        runtime = require("onnxruntime", extra="runtime", why="An exported model")
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # what is wrong is raised
        # A waiting thread that spins saves microseconds and burns a core for every predictor of a server.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._name = exported.name
        try:
            self._session = runtime.InferenceSession(
                exported.content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # it has a class for every kind of damage
            raise RunError(
                f"ONNX Runtime {runtime.__version__} cannot read {exported.name!r}: {_line(error)} A newer one may."
            ) from None
        self.inputs = {each.name: self._dtype(each) for each in self._session.get_inputs()}
        self.outputs = [each.name for each in self._session.get_outputs()]

    def check(self, given: Collection[str], wanted: Collection[str]) -> None:
        """Refuse a graph that asks for other inputs than the run has, or lacks an answer.

        Args:
            given: names of inputs that can be given.
            wanted: names of outputs.

        Raises:
            RunError: with the name.
        """
        foreign = [name for name in self.inputs if name not in given]
        absent = [name for name in wanted if name not in self.outputs]
        if foreign or absent:
            asks = (
                f"asks for {foreign[0]!r}, which no input of its description is"
                if foreign
                else f"has no output {absent[0]!r}"
            )
            raise RunError(
                f"{self._name!r} is damaged: its graph {asks}. Export the run again: torso export RUN -o model.onnx"
            )

    def run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return all outputs for some rows.

        Args:
            arrays: by name; those that the graph does not read are left out.

        Raises:
            RunError: the graph cannot compute them.
        """
        fed = {
            name: np.ascontiguousarray(arrays[name], dtype) for name, dtype in self.inputs.items()
        }
        try:
            said = self._session.run(self.outputs, fed)
        except Exception as error:  # likewise
            raise RunError(f"{self._name!r} cannot answer these rows: {_line(error)}") from None
        return dict(zip(self.outputs, said, strict=True))

    def _dtype(self, given: _Argument) -> type[np.generic]:
        if given.type not in _DTYPES:
            raise RunError(
                f"{self._name!r} is damaged: its input {given.name!r} is of the type {given.type}."
            )
        return _DTYPES[given.type]


def _line(error: Exception) -> str:
    """Return the first line of a message, as a sentence."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return f"{line[:200].rstrip('.')}."
