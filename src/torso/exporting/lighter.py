"""Lighter graphs: weights kept in 16 bits, or products of 8-bit integers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from torso.core.errors import ConfigError

__all__ = ["PRECISIONS", "Precision", "check_precision", "lighter"]

Precision = Literal["float32", "bfloat16", "float16", "int8"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
_LEAST = 64  # numbers of a weight from which on it is worth a cast


def check_precision(precision: str) -> None:
    """Refuse an unknown precision.

    Raises:
        ConfigError: with the known ones.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"`precision` should be one of {[*PRECISIONS]}. Found {precision!r}.")


def lighter(content: bytes, precision: Precision) -> bytes:
    """Return a serialised graph in another precision.

    With `bfloat16` and `float16` the weights are kept in 16 bits and computed with in 32, as any processor can. With `int8`
    weights of matrix products and tables of embeddings are 8-bit integers, and products are of integers where ONNX
    Runtime has them; scales of what flows in are found while it runs (dynamic quantisation).

    Args:
        content: float32.
        precision: of the graph that is returned.
    """
    if precision == "float32":
        return content
    return _int8(content) if precision == "int8" else _half(content, precision)


def _half(content: bytes, precision: str) -> bytes:
    import ml_dtypes
    import numpy as np
    import onnx

    model = onnx.load_from_string(content)
    dtype = ml_dtypes.bfloat16 if precision == "bfloat16" else np.float16
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < _LEAST:
            continue
        values = onnx.numpy_helper.to_array(weight)
        if precision == "float16" and np.abs(values).max() > np.finfo(np.float16).max:
            continue  # beyond what 16 bits hold
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(dtype), f"{name}.half"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def _int8(content: bytes) -> bytes:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as folder, _silent():
        given, made = Path(folder) / "given.onnx", Path(folder) / "made.onnx"
        given.write_bytes(content)
        quantize_dynamic(
            given, made, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gather"]
        )
        return made.read_bytes()


@contextmanager
def _silent() -> Iterator[None]:
    """Hold back the advice of the quantiser to prepare the graph, which torch has done."""
    logger = logging.getLogger()
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
