"""A run's ONNX graph as bytes, compared with the run before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from torso.core.errors import ConfigError
from torso.exporting.checking import Checked, Run, compare, judged
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject
from torso.exporting.tracing import onnx_graph, reach, traced

__all__ = ["CheckedGraph", "checked_graph", "serialised", "session"]

_MOST = 2**31 - 1  # bytes of a file that protobuf can read


@dataclass(frozen=True, eq=False)
class CheckedGraph:
    """An ONNX graph that answers as its run does.

    Attributes:
        content: of the model, serialised, without a description.
        inputs: name -> port, with the least lengths that the graph takes.
        checked: how it compares with the run.
    """

    content: bytes
    inputs: Mapping[str, InputPort]
    checked: Checked


def checked_graph(subject: Subject) -> CheckedGraph:
    """Return the graph of a run.

    Raises:
        ConfigError: it cannot be made, or answers otherwise than the run.
    """
    subject.check_onnx()
    graph = subject.graph()
    program = traced(graph, subject.example.tensors(subject.inputs), for_onnx=True)
    inputs = reach(program, subject.inputs)
    content = serialised(onnx_graph(program, graph, inputs))
    run = session(content)
    shortest = {name: replace(port, least=1) for name, port in inputs.items()}
    checked = _compared(subject, run, shortest)
    if checked is None or not checked.agrees:
        # a trace may know lengths from a few steps on only; padding changes no answer
        checked, shortest = _compared(subject, run, inputs), inputs
    if checked is None:
        raise ConfigError(
            "The run cannot be exported to ONNX: its graph fails on rows that the run answers. "
            "A traced program may hold it: name a file that ends with .pt2."
        )
    return CheckedGraph(content, shortest, judged(checked, subject))


def session(content: bytes) -> Run:
    """Return the function that a graph computes, by name."""
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # failures are raised, too
    opened = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    read = {value.name for value in opened.get_inputs()}
    names = [value.name for value in opened.get_outputs()]

    def run(feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        own = {name: value for name, value in feed.items() if name in read}
        return dict(zip(names, opened.run(None, own), strict=True))

    return run


def _compared(subject: Subject, run: Run, inputs: Mapping[str, InputPort]) -> Checked | None:
    """Return the comparison with rows as short as `inputs` allow; None if the graph fails on some."""
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

    try:
        return compare(run, subject, inputs)
    except (Fail, InvalidArgument, RuntimeException):
        return None


def serialised(model: object) -> bytes:
    """Return an ONNX graph as the bytes of one file.

    Args:
        model: of onnx_ir.

    Raises:
        ConfigError: no file holds that much.
    """
    import onnx_ir

    try:
        proto = onnx_ir.to_proto(model)  # type: ignore[call-overload]
        content: bytes = proto.SerializeToString()
    except Exception as error:  # protobuf's own kinds differ between its versions
        raise _too_large(str(error)) from error
    if len(content) > _MOST:
        raise _too_large(f"{len(content) / 1e9:.1f} GB")
    return content


def _too_large(size: str) -> ConfigError:
    return ConfigError(
        f"The run cannot be exported to ONNX: one file holds 2 GB at most. Found {size:.200}. "
        "A traced program holds more: name a file that ends with .pt2."
    )
