"""The file of an exported model: an ONNX graph with a description of its inputs and answers.

Two entries of the graph's `metadata_props` belong to Torso: `torso`, a description as JSON, and `torso.arrays`, arrays as
base64 of safetensors. A digest over the graph and both tells a file that was edited, cut off or mixed from two. The top level
of the file is walked here, since the package `onnx` is no part of a lean installation.

>>> import numpy as np
>>> file = stamped(field(7, b"a graph"), {"run": {"name": "demo"}}, {"mean": np.zeros(2)})
>>> exported = parsed(file, "model.onnx")
>>> exported.description["run"], list(exported.arrays)
({'name': 'demo'}, ['mean'])
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from torso._version import __version__
from torso.core.errors import RunError
from torso.core.whole_files import Json, json_text

__all__ = ["FORMAT", "Exported", "field", "opened", "parsed", "run_digest", "stamped"]

FORMAT = 1
"""Version of the description's form."""
_GRAPH, _METADATA = 7, 14  # fields of ONNX's ModelProto
_KEY, _VALUE = 1, 2  # of its StringStringEntryProto
_DESCRIPTION, _ARRAYS = "torso", "torso.arrays"
_OF_RUN = (
    "schema.json",
    "vocabulary.json",
    "statistics.json",
    "model.safetensors",
    "plain.json",
    "plain.safetensors",
)
_AGAIN = "Export the run again: torso export RUN -o model.onnx"


@dataclass(frozen=True, eq=False)
class Exported:
    """An exported model as its file holds it.

    Attributes:
        name: of the file.
        description: content of the entry `torso`.
        arrays: content of the entry `torso.arrays`, by name.
        content: bytes of the whole file.
    """

    name: str
    description: Json
    arrays: Mapping[str, np.ndarray]
    content: bytes


def stamped(
    graph: bytes, description: Mapping[str, object], arrays: Mapping[str, np.ndarray]
) -> bytes:
    """Return a serialised ONNX model with description, arrays and digest among its metadata.

    Args:
        graph: serialised model; entries of Torso that it has already are replaced.
        description: JSON values; `format`, `torso` and `digest` are filled in.
        arrays: by name.
    """
    from safetensors.numpy import save

    bare, _ = _taken_apart(graph, "the graph")
    held = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    packed = base64.b64encode(held)
    told = {**description, "format": FORMAT, "torso": __version__}
    text = json_text({**told, "digest": _digest(bare, told, packed)}).encode()
    return bare + _entry(_DESCRIPTION, text) + _entry(_ARRAYS, packed)


def opened(path: Path) -> Exported:
    """Return an exported model.

    Raises:
        RunError: there is no such file, it is no export of Torso, is damaged, or of a newer format.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RunError(
            f"There is no exported model {str(path)!r}: the file does not exist."
        ) from None
    except IsADirectoryError:
        raise RunError(
            f"{str(path)!r} is a folder. Give the file that `torso export` wrote."
        ) from None
    return parsed(content, str(path))


def parsed(content: bytes, name: str) -> Exported:
    """Return the exported model that the bytes of a file hold.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        RunError: as for `opened`.
    """
    bare, entries = _taken_apart(content, name)
    if _DESCRIPTION not in entries:
        raise RunError(
            f"{name!r} is an ONNX model, but none that Torso exported: it does not say what its inputs mean. {_AGAIN}"
        )
    description = _json(entries[_DESCRIPTION], name)
    version = description.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise RunError(
            f"{name!r} was exported by Torso {description.get('torso')!s:.40} (format {version}), this is {__version__} "
            f"(format {FORMAT}). Update Torso."
        )
    packed = entries.get(_ARRAYS, b"")
    noted = description.pop("digest", None)
    if version != FORMAT or noted != _digest(bare, description, packed):
        raise RunError(
            f"{name!r} is damaged, edited, or mixed from two files: its digest is not that of its content. {_AGAIN}"
        )
    return Exported(name, description, _arrays(packed, name), content)


def run_digest(folder: Path) -> str:
    """Return the digest of a run: of its columns, weights and plain models.

    Args:
        folder: of the run.
    """
    whole = sha256()
    for name in _OF_RUN:
        file = folder / name
        if file.exists():
            whole.update(name.encode() + sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def field(number: int, payload: bytes) -> bytes:
    """Return a field of bytes as protobuf writes it."""
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _entry(key: str, value: bytes) -> bytes:
    return field(_METADATA, field(_KEY, key.encode()) + field(_VALUE, value))


def _digest(graph: bytes, description: Mapping[str, object], arrays: bytes) -> str:
    """Return a digest of all that the file holds."""
    parts = graph, json.dumps(description, sort_keys=True).encode(), arrays
    whole = sha256()
    for part in parts:
        whole.update(sha256(part).digest())
    return whole.hexdigest()


def _taken_apart(content: bytes, name: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the model without Torso's entries, and these entries.

    Raises:
        RunError: it is no ONNX model, or not a whole one.
    """
    view, kept, entries, numbers = memoryview(content), [], {}, set()
    try:
        for number, start, payload, end in _fields(view):
            numbers.add(number)
            key, value = b"", b""
            if number == _METADATA:
                parts = {n: bytes(view[p:e]) for n, _, p, e in _fields(view, payload, end)}
                key, value = parts.get(_KEY, b""), parts.get(_VALUE, b"")
            if key.decode("utf-8", "replace") in (_DESCRIPTION, _ARRAYS):
                entries[key.decode()] = value
            else:
                kept.append(view[start:end])
    except (IndexError, ValueError):
        numbers.clear()
    if _GRAPH not in numbers:
        raise RunError(f"{name!r} is no ONNX model, or was cut off. {_AGAIN}")
    return b"".join(kept), entries


def _fields(
    view: memoryview, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, start, start of the payload, and end of each field of a protobuf message.

    Raises:
        IndexError: it ends in the middle of a field.
        ValueError: it is none.
    """
    end = len(view) if end is None else end
    while start < end:
        tag, payload = _read_varint(view, start)
        kind, number = tag & 7, tag >> 3
        if kind == 0:
            _, stop = _read_varint(view, payload)
        elif kind == 2:
            length, payload = _read_varint(view, payload)
            stop = payload + length
        elif kind in (1, 5):
            stop = payload + (8 if kind == 1 else 4)
        else:
            raise ValueError(f"no field of protobuf: {tag}")
        if number == 0 or stop > end:
            raise ValueError(f"field {number} ends at {stop} of {end}")
        yield number, start, payload, stop
        start = stop


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = view[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than 64 bits")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _json(text: bytes, name: str) -> Json:
    try:
        description = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{name!r} is damaged: its description is no JSON ({error!s:.80}). {_AGAIN}"
        ) from None
    if not isinstance(description, dict):
        raise RunError(
            f"{name!r} is damaged: its description should be an object, found {description!r:.60}. {_AGAIN}"
        )
    return description


def _arrays(packed: bytes, name: str) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if not packed:
        return {}
    try:
        return dict(load(base64.b64decode(packed, validate=True)))
    except (SafetensorError, binascii.Error, ValueError, KeyError) as error:
        raise RunError(f"{name!r} is damaged: its arrays ({error!s:.80}). {_AGAIN}") from None
