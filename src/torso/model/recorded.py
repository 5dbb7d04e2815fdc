"""A trained model's operations, recorded: for a single row, most of the time is spent between them.

Encoders, fusions, sharings and heads are such that `torch.export` can trace them: no branch depends on the values of a
batch. So the operations on one row of some shapes are always the same.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from torso.core.types import Features
from torso.encoders import Encoder
from torso.model.model import Model

__all__ = ["outputs_of"]

_ROWS = 1  # of a batch at most
_OFTEN = 30  # times that shapes are met before they are recorded, which takes a second or two
_MOST = 8  # recordings of a model
_NEAR = 1e-6

Shapes = tuple[tuple[int, ...], ...]
Recording = Callable[..., Sequence[Tensor]]


def outputs_of(model: Model, inputs: Mapping[str, Features]) -> dict[str, Tensor]:
    """Return the result of `model(inputs)` in evaluation mode, for a row of frequent shapes from a recording.

    A recording is equal to the model within 1e-6, or is not used. It ends when a parameter changes.

    Args:
        model: trained.
        inputs: a batch.
    """
    if not _suits(inputs):
        return model(inputs)  # type: ignore[no-any-return]
    kept = _KEPT.get(model)
    if kept is None:
        kept = _KEPT[model] = _Recordings(model)
    return kept(model, inputs)


class _Recordings:
    """Recordings of one model, by the shapes of its inputs."""

    def __init__(self, model: Model) -> None:
        self.parameters = list(model.parameters())
        self.version = self._version()
        self.recorded: dict[Shapes, Recording | None] = {}
        self.met: Counter[Shapes] = Counter()
        encoders = [module for module in model.modules() if isinstance(module, Encoder)]
        on_cpu = all(parameter.device.type == "cpu" for parameter in self.parameters)
        self.possible = on_cpu and not any(encoder.not_exportable for encoder in encoders)

    def __call__(self, model: Model, inputs: Mapping[str, Features]) -> dict[str, Tensor]:
        if not self.possible or self._version() != self.version:
            return model(inputs)  # type: ignore[no-any-return]
        names = list(inputs)
        tensors = [tensor for name in names for tensor in (inputs[name].values, inputs[name].mask)]
        shapes = tuple(tuple(tensor.shape) for tensor in tensors)
        recording = self.recorded.get(shapes)
        if recording is not None:
            return dict(zip(model.tasks, recording(*tensors), strict=True))
        self.met[shapes] += 1
        often = self.met[shapes] >= _OFTEN and len(self.recorded) < _MOST
        if often and shapes not in self.recorded and _RECORDING.acquire(blocking=False):
            try:
                self.recorded[shapes] = _record(model, names, tensors)
            finally:
                _RECORDING.release()
        return model(inputs)  # type: ignore[no-any-return]

    def _version(self) -> int:
        return sum(parameter._version for parameter in self.parameters)


def _suits(inputs: Mapping[str, Features]) -> bool:
    """Return whether a batch is a single row of raw features, computed in full precision."""
    few = all(len(features.mask) <= _ROWS and not features.encoded for features in inputs.values())
    return few and not torch.is_autocast_enabled("cpu")


def _record(model: Model, names: Sequence[str], tensors: Sequence[Tensor]) -> Recording | None:
    """Return the recorded operations; None where they cannot be recorded, or differ from the model."""
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # recording warns of what it leaves out
        given = [tensor.clone() for tensor in tensors]
        expected = list(_run(model, names, given).values())
        try:
            recording = _traced(model, names, given)
            said = [recording(*given) for _ in range(3)][-1]  # the first runs optimise it
        except Exception:  # every obstacle raises an error of its own kind
            return None
    near = all(
        torch.allclose(own, other, rtol=_NEAR, atol=_NEAR, equal_nan=True)
        for own, other in zip(said, expected, strict=True)
    )
    return recording if near else None


def _traced(model: Model, names: Sequence[str], given: Sequence[Tensor]) -> Recording:
    """Return the operations as TorchScript; a branch that depends on values is an error."""
    from torch.fx.experimental.proxy_tensor import make_fx

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        outputs = _run(model, names, tensors)
        return tuple(outputs[task] for task in model.tasks)

    encoders = [module for module in model.modules() if isinstance(module, Encoder)]
    before = [encoder.static for encoder in encoders]
    for encoder in encoders:
        encoder.static = True
    try:
        graph = make_fx(run)(*given)
    finally:
        for encoder, static in zip(encoders, before, strict=True):
            encoder.static = static
    script = torch.jit.trace(graph.eval(), tuple(given), check_trace=False)  # type: ignore[no-untyped-call]
    return torch.jit.freeze(script)  # type: ignore[no-any-return]


def _run(model: Model, names: Sequence[str], tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    pairs = zip(tensors[::2], tensors[1::2], strict=True)
    outputs = model({name: Features(*pair) for name, pair in zip(names, pairs, strict=True)})
    return {task: outputs[task] for task in model.tasks}


_KEPT: WeakKeyDictionary[Model, _Recordings] = WeakKeyDictionary()
_RECORDING = Lock()
