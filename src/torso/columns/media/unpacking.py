"""Members of zips unpacked up to a size, by whatever method: a few bytes may claim to be many gigabytes."""

from __future__ import annotations

import zipfile
import zlib

__all__ = ["unpacked"]

_SMALLEST_WINDOW = 1 << 12


def unpacked(packed: bytes, method: int, size: int) -> bytes:
    """Return the content of a member, at most one byte longer than `size`.

    >>> unpacked(zlib.compress(b"many bytes", wbits=-15), zipfile.ZIP_DEFLATED, 3)
    b'many'

    Args:
        packed: as it lies in the zip.
        method: of its compression, by number.
        size: that the zip's directory says it has.

    Raises:
        NotImplementedError: another method.
    """
    if method == zipfile.ZIP_STORED:
        return packed
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
    if method == zipfile.ZIP_BZIP2:
        import bz2

        return bz2.BZ2Decompressor().decompress(packed, size + 1)
    if method == zipfile.ZIP_LZMA:
        return _from_lzma(packed, size)
    raise NotImplementedError(
        f"compressed by method {method}; known: stored, deflated, bzip2, lzma"
    )


def _from_lzma(packed: bytes, size: int) -> bytes:
    """Return the content of an LZMA member: four bytes, the properties of the filter, the raw stream."""
    import lzma

    start = 4 + int.from_bytes(packed[2:4], "little")
    first, window = packed[4], int.from_bytes(packed[5:9], "little")
    stream = {
        "id": lzma.FILTER_LZMA1,
        "lc": first % 9,
        "lp": first // 9 % 5,
        "pb": first // 45,
        # The decoder takes memory for all of it, and needs no more than what it has written.
        "dict_size": min(max(window, _SMALLEST_WINDOW), max(size + 1, _SMALLEST_WINDOW)),
    }
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[stream])
        return decoder.decompress(packed[start:], size + 1)
    except lzma.LZMAError as error:
        raise zipfile.BadZipFile(str(error)) from error
