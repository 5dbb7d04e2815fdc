"""Operations on tensors, said with numpy, which takes a fraction of PyTorch's microseconds for a single row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

__all__ = ["as_array", "asks_layout", "bridged", "name_of", "named", "translated"]

Operation = Callable[..., object]
Array = np.ndarray
Rows = int | slice | tuple[int | slice | None, ...]

_LAYOUT = {
    "shape", "ndim", "dtype", "device", "layout", "is_cuda", "is_sparse", "is_nested", "requires_grad", "is_quantized",
    "dim", "size", "numel", "__len__", "is_floating_point", "is_complex", "stride", "is_contiguous", "nelement",
}  # fmt: skip
_RESHAPING = {"unsqueeze", "squeeze", "flatten", "view", "reshape", "unflatten"}


def as_array(value: object) -> object:
    """Return tensors as arrays, also those in tuples and lists."""
    if isinstance(value, Tensor):
        return value.detach().numpy()
    if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        return tuple(as_array(part) for part in value)
    return value


def asks_layout(operation: Operation) -> bool:
    """Say if an operation asks for a shape, a type or a device: these are the same for every row of a recording."""
    return name_of(operation) in _LAYOUT


def translated(
    operation: Operation,
    names: tuple[str, ...],
    arguments: Sequence[object],
    result: object,
    fixed: Mapping[str, object] = MappingProxyType({}),
) -> Operation | None:
    """Return an operation on arrays that does the same; None where there is none.

    Args:
        operation: on tensors.
        names: of its last arguments.
        arguments: arrays and other values that it was given.
        result: of these, as arrays.
        fixed: further arguments, which stay.
    """
    candidate = _candidate(name_of(operation), arguments, result)
    if candidate is None:
        return None
    candidate = partial(candidate, **fixed) if fixed else named(candidate, names)
    with np.errstate(all="ignore"):
        try:
            own = candidate(*arguments)
        except (TypeError, ValueError, IndexError, AttributeError):
            return None
        return candidate if _same(own, result) else None


def bridged(
    operation: Operation, arguments: Sequence[object], varying: Sequence[int], result: object
) -> Operation:
    """Return the operation itself, for arrays; it checks that shapes are those of the recorded call.

    Args:
        operation: on tensors.
        arguments: of the recorded call.
        varying: positions of those that the operation on arrays is given; the others stay.
        result: of the recorded call.
    """
    shapes = _shapes(result)

    def bridge(*arrays: object) -> object:
        own = list(arguments)
        for at, array in zip(varying, arrays, strict=True):
            own[at] = _as_tensor(array)
        made = operation(*own)
        if _shapes(made) != shapes:
            raise Otherwise
        return as_array(made)

    return bridge


def named(operation: Operation, names: tuple[str, ...]) -> Operation:
    """Return the operation with its last arguments given by position instead of by these names."""
    if not names:
        return operation

    def by_position(*arguments: object) -> object:
        start = len(arguments) - len(names)
        return operation(*arguments[:start], **dict(zip(names, arguments[start:], strict=True)))

    return by_position


class Otherwise(Exception):
    """Python read something else off a tensor than in the recorded call."""


def _as_tensor(value: object) -> object:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, tuple):
        return tuple(map(_as_tensor, value))
    return torch.tensor(value) if isinstance(value, np.generic) else value


def _shapes(value: object) -> object:
    if isinstance(value, tuple | list):
        return tuple(map(_shapes, value))
    return getattr(value, "shape", None)


def name_of(operation: Operation) -> str:
    """Return the name of an operation on tensors; that of the attribute if it reads one."""
    name = getattr(operation, "__name__", "")
    return getattr(operation.__self__, "__name__", "") if name == "__get__" else name  # type: ignore[attr-defined]


def _same(own: object, expected: object) -> bool:
    if isinstance(expected, np.ndarray):
        if not (
            isinstance(own, np.ndarray | np.generic)
            and own.shape == expected.shape
            and own.dtype == expected.dtype
        ):
            return False
        if expected.dtype.kind != "f" or not expected.size:
            return bool((own == expected).all())
        same = (own == expected) | (np.isnan(own) & np.isnan(expected))
        largest = np.abs(expected).max(where=np.isfinite(expected), initial=0.0)
        return bool((same | (np.abs(own - expected) <= 1e-6 + 1e-5 * largest)).all())
    if isinstance(expected, tuple) and isinstance(own, tuple):
        return len(own) == len(expected) and all(map(_same, own, expected))
    return type(own) is type(expected) and own == expected


def _candidate(name: str, arguments: Sequence[object], expected: object) -> Operation | None:
    first = arguments[0] if arguments else None
    if isinstance(expected, np.ndarray):
        shape = expected.shape
        if name in _RESHAPING:
            return lambda x, *_: x.reshape(shape)
        if name == "pad" and isinstance(first, np.ndarray) and first.shape == shape:
            return lambda x, *_, **__: x
        if name == "layer_norm":
            return _layer_norm
    return _BY_NAME.get(name)


def _linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Return the layer's outputs; a weight with an axis more than a matrix is one for each row."""
    own = weight.swapaxes(-1, -2)
    out: Array = (x[:, None] @ own)[:, 0] if (x.ndim, own.ndim) == (2, 3) else x @ own
    return out if bias is None else out + bias


def _embedding(rows: Array, table: Array, *_: object, **__: object) -> Array:
    """Return rows of the table; of several tables, one for each row of the result."""
    if table.ndim == 2:
        return np.asarray(table.take(rows, axis=0))
    if len(rows) != 1:
        raise ValueError
    return np.asarray(table.take(rows[0], axis=1))


def _einsum(equation: str, *arrays: Array) -> Array:
    """Return the sums; an array with an axis more than the equation says is one for each row."""
    read, _, made = equation.partition("->")
    own = [
        letters if len(letters) == array.ndim else made[:1] + letters
        for letters, array in zip(read.split(","), arrays, strict=True)
    ]
    return np.asarray(np.einsum(",".join(own) + "->" + made, *arrays))


def _cat(parts: Sequence[Array], dim: int = 0) -> Array:
    """Return the parts one after the other; one of a single row beside those of several is repeated."""
    rows = max(map(len, parts)) if dim else 1
    return np.concatenate(
        [part if len(part) >= rows else part.repeat(rows, 0) for part in parts], axis=dim
    )


def _layer_norm(x: Array, shape: tuple[int, ...], weight: Array, bias: Array, eps: float) -> Array:
    if len(shape) != 1:
        raise ValueError
    count = x.dtype.type(shape[0])
    apart = x - np.add.reduce(x, axis=-1, keepdims=True) / count
    spread = np.add.reduce(apart * apart, axis=-1, keepdims=True) / count
    out: Array = apart / np.sqrt(spread + x.dtype.type(eps)) * weight + bias
    return out


def _getitem(x: Array, rows: Rows) -> object:
    if any(isinstance(part, np.ndarray) for part in (rows if isinstance(rows, tuple) else [rows])):
        raise TypeError  # the shape may depend on what it holds
    return x[rows]


def _clamp(x: Array, min: float | Array | None = None, max: float | Array | None = None) -> Array:
    for bound, closer in ((min, np.maximum), (max, np.minimum)):
        if bound is not None:
            x = closer(x, x.dtype.type(bound) if isinstance(bound, int | float) else bound)
    return x


def _gelu(x: Array, approximate: str = "none") -> Array:
    if approximate != "none":
        raise ValueError
    error = torch.from_numpy(x * x.dtype.type(0.5**0.5)).erf_().numpy()
    error += x.dtype.type(1)
    error *= x
    error *= x.dtype.type(0.5)
    return error


def _log_sum(x: Array, axis: int) -> Array:
    most = np.maximum.reduce(x, axis=axis, keepdims=True)
    return most + np.log(np.add.reduce(np.exp(x - most), axis=axis, keepdims=True))


_BY_NAME: dict[str, Operation] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "matmul": np.matmul,
    "remainder": np.remainder,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "eq": np.equal,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "where": np.where,
    "masked_fill": lambda x, mask, value: np.where(mask, x.dtype.type(value), x),
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "clamp": _clamp,
    "__invert__": np.invert,
    "__or__": np.bitwise_or,
    "__and__": np.bitwise_and,
    "any": lambda x, dim=None: np.logical_or.reduce(x, axis=dim),
    "all": lambda x, dim=None: np.logical_and.reduce(x, axis=dim),
    "sum": lambda x, dim=None: np.add.reduce(x, axis=dim),
    "mean": lambda x, dim: np.add.reduce(x, axis=dim) / x.dtype.type(x.shape[dim]),
    "to": lambda x, kind: x.astype(str(kind).removeprefix("torch.")),
    "float": lambda x: x.astype(np.float32),
    "__bool__": bool,
    "__getitem__": _getitem,
    "getitem": lambda parts, number: parts[number],
    "as_tuple": lambda *parts: parts,
    "cat": _cat,
    "stack": lambda parts, dim=0: np.stack(parts, axis=dim),
    "linear": _linear,
    "gelu": _gelu,
    "embedding": _embedding,
    "einsum": _einsum,
    "log_softmax": lambda x, dim: x - _log_sum(x, dim),
    "logsumexp": lambda x, dim: _log_sum(x, dim).squeeze(dim),
}
