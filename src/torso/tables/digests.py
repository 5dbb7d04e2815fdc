"""Digests of all cells of a column: rows that changed, moved, came or went give another one.

They read Arrow's buffers, about a gigabyte a second, and do not depend on how a column lies in memory.
"""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["column_digest"]


def column_digest(cells: pa.ChunkedArray) -> str:
    """Return a digest of every cell, in the order of the rows.

    >>> one, other = pa.chunked_array([["a", "bc"]]), pa.chunked_array([["a"], ["bc"]])
    >>> column_digest(one) == column_digest(other)
    True
    """
    streams = _Streams()
    try:
        for chunk in cells.chunks:
            streams.add(chunk, "")
    except (pa.ArrowException, NotImplementedError):  # a type that only Python can spell out
        streams = _Streams()
        for chunk in cells.chunks:
            cells_text = "".join(f"{cell!r}\n" for cell in chunk.to_pylist())
            streams.feed("cells", cells_text.encode("utf-8", "backslashreplace"))
    return streams.digest(f"{cells.type} {len(cells)}")


class _Streams:
    """A hash for each kind of buffer, so that the borders of chunks leave no trace."""

    def __init__(self) -> None:
        self.hashes = defaultdict[str, "blake2b"](lambda: blake2b(digest_size=16))

    def feed(self, name: str, content: bytes | memoryview) -> None:
        self.hashes[name].update(content)

    def digest(self, about: str) -> str:
        whole = blake2b(about.encode("utf-8", "backslashreplace"), digest_size=16)
        for name, stream in sorted(self.hashes.items()):
            whole.update(name.encode() + stream.digest())
        return whole.hexdigest()

    def add(self, array: pa.Array, name: str) -> None:
        """Hash an array: its gaps, then its values."""
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        elif isinstance(array, pa.ExtensionArray):
            array = array.storage
        kind = array.type
        self.feed(f"{name}?", np.asarray(array.is_valid()).tobytes())
        if array.null_count:
            array = array.drop_null()  # Arrow may have left anything below a null
        if pa.types.is_struct(kind):
            for number, inner in enumerate(array.flatten()):
                self.add(inner, f"{name}.{number}")
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            self.feed(name, np.asarray(pc.list_value_length(array), np.int64).tobytes())
            self.add(array.flatten(), f"{name}[]")
        elif pa.types.is_fixed_size_list(kind):
            self.add(array.flatten(), f"{name}[]")
        elif _is_text_or_bytes(kind):
            array = array.cast(pa.large_binary())
            self.feed(name, np.asarray(pc.binary_length(array), np.int64).tobytes())
            offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset :][: len(array) + 1]
            if array.buffers()[2] is not None:
                self.feed(f"{name}*", memoryview(array.buffers()[2])[offsets[0] : offsets[-1]])
        elif pa.types.is_boolean(kind):
            self.feed(name, np.asarray(array.cast(pa.uint8())).tobytes())
        elif not pa.types.is_null(kind):
            self._add_fixed(array, name)

    def _add_fixed(self, array: pa.Array, name: str) -> None:
        """Hash numbers, times and whatever else takes the same number of bytes per cell."""
        try:
            width = array.type.bit_width // 8
        except ValueError:
            raise NotImplementedError(str(array.type)) from None
        if len(array):
            start = array.offset * width
            content = memoryview(array.buffers()[1])
            self.feed(name, content[start : start + len(array) * width])


def _is_text_or_bytes(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_string_view,
            pa.types.is_binary_view,
        )
    )
