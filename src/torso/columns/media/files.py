"""The files of a table: in a folder, in a zip, or in the cells themselves.

A cell names a file relative to a root, and nothing outside the roots is ever read: `..`, absolute paths and
links that lead elsewhere are refused. Reading keeps no open file, so threads and forked workers share a
`MediaFiles` freely; a zip's directory is read once.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from torso.cache.keys import KEY_BYTES, content_digest
from torso.columns.media.unpacking import unpacked
from torso.core.errors import DataError
from torso.tables.formats.zipped import DAMAGED

__all__ = ["HEAD_SIZE", "SIZE_LIMIT", "STAMP_BYTES", "MediaError", "MediaFiles"]

SIZE_LIMIT = 1 << 28
"""The largest file that is read, in bytes: 256 MiB."""
HEAD_SIZE = 1 << 16
"""Bytes read of a file to know its form: 64 KiB."""
STAMP_BYTES = KEY_BYTES


class MediaError(Exception):
    """One short reason why a file cannot be used; the caller adds table, row and column."""


class MediaFiles:
    """Finds and reads the files that cells refer to.

    Args:
        roots: folders or zips, tried in this order.

    Raises:
        DataError: a root is neither a folder nor a zip.
    """

    def __init__(self, roots: Sequence[str | Path]) -> None:
        self.roots = [Path(root).expanduser() for root in roots]
        self._roots = [_open_root(root) for root in self.roots]

    def stamp(self, reference: str | bytes) -> bytes:
        """Return 16 bytes that change when the file does: path, size and time, or CRC within a zip.

        Raises:
            MediaError: the file is absent or outside the roots.
        """
        if isinstance(reference, bytes):
            return content_digest(reference)
        root, name = self._find(reference)
        return root.stamp(name)

    def read(self, reference: str | bytes) -> bytes:
        """Return the content of the file, or `reference` itself if it is the content.

        Raises:
            MediaError: the file is absent, outside the roots, empty, damaged or too large.
        """
        if isinstance(reference, bytes):
            data = reference
            _check_size(len(data))
        else:
            root, name = self._find(reference)
            data = root.read(name)
        if not data:
            raise MediaError("empty file")
        return data

    def head(self, reference: str | bytes) -> bytes:
        """Return at least the first 64 KiB of a file, without reading all of a large one in a folder.

        Raises:
            MediaError: as for `read`.
        """
        if isinstance(reference, bytes):
            return reference
        root, name = self._find(reference)
        return root.read(name, HEAD_SIZE)

    def _find(self, reference: str) -> tuple[_Root, str]:
        """Return the first root that has `reference`, and its name there."""
        if not reference.strip():
            raise MediaError("empty path")
        if "\0" in reference:
            raise MediaError("a path with a null character")
        if "://" in reference[:16]:
            raise MediaError("an address, not a path; download the files first")
        spellings = (reference, reference.replace("\\", "/")) if "\\" in reference else (reference,)
        refusal: MediaError | None = None
        for root in self._roots:
            for name in spellings:
                try:
                    own_name = root.find(name)
                except MediaError as error:
                    refusal = error
                    continue
                if own_name is not None:
                    return root, own_name
        raise refusal or MediaError("file not found")


class _Root(Protocol):
    def find(self, name: str, /) -> str | None: ...
    def stamp(self, name: str, /) -> bytes: ...
    def read(self, name: str, most: int = -1, /) -> bytes: ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._root = os.path.realpath(folder)
        self._inside = self._root.rstrip(os.sep) + os.sep
        # Folder as written -> resolved, so that a file costs one lstat.
        self._resolved: dict[str, str] = {}

    def find(self, name: str, /) -> str | None:
        """Return the file's resolved path, or None if there is none."""
        # An absolute name wins over the root; `_check_inside` refuses it.
        head, tail = os.path.split(os.path.join(self._root, name))
        if head not in self._resolved:
            self._resolved[head] = os.path.realpath(head)
        path = os.path.join(self._resolved[head], tail)
        try:
            state = os.lstat(path)
            if tail in ("", ".", "..") or stat.S_ISLNK(state.st_mode):
                path = os.path.realpath(path)
                state = os.lstat(path)
        except OSError:
            self._check_inside(os.path.realpath(path))
            return None
        self._check_inside(path)
        if not stat.S_ISREG(state.st_mode):
            raise MediaError(
                "a folder, not a file" if stat.S_ISDIR(state.st_mode) else "not a file"
            )
        return path

    def _check_inside(self, path: str) -> None:
        if path != self._root and not path.startswith(self._inside):
            raise MediaError("a path that leaves the root folder")

    def stamp(self, name: str, /) -> bytes:
        try:
            state = os.stat(name)
        except OSError as error:
            raise MediaError(_reason(error)) from error
        return content_digest(
            f"{name}\0{state.st_size}\0{state.st_mtime_ns}".encode(errors="surrogateescape")
        )

    def read(self, name: str, most: int = -1, /) -> bytes:
        try:
            with open(name, "rb", buffering=0) as file:
                _check_size(os.fstat(file.fileno()).st_size)
                return file.read(most)
        except OSError as error:
            raise MediaError(_reason(error)) from error


class _Zip:
    def __init__(self, path: Path) -> None:
        self._path = os.path.realpath(path)
        state = os.stat(path)
        self._state = f"{self._path}\0{state.st_size}\0{state.st_mtime_ns}"
        with zipfile.ZipFile(path) as archive:
            self._members = {_plain(m.filename): m for m in archive.infolist() if not m.is_dir()}
        tops = {
            name.partition("/")[0] for name in self._members if not name.startswith("__MACOSX/")
        }
        self._top = f"{tops.pop()}/" if len(tops) == 1 else ""

    def find(self, name: str, /) -> str | None:
        """Return the member's name, also below the only folder of the zip, or None; a member never lies outside."""
        name = _plain(name)
        return next((own for own in (name, self._top + name) if own in self._members), None)

    def stamp(self, name: str, /) -> bytes:
        member = self._members[name]
        return content_digest(f"{self._state}\0{name}\0{member.file_size}\0{member.CRC}".encode())

    def read(self, name: str, most: int = -1, /) -> bytes:  # noqa: ARG002 - only a whole can be checked
        member = self._members[name]
        _check_size(member.file_size)
        if member.flag_bits & 0x1:
            raise MediaError("encrypted in the zip")
        try:
            packed = self._packed(member)
            data = unpacked(packed, member.compress_type, member.file_size)
        except DAMAGED as error:
            raise MediaError(f"damaged in the zip ({error})") from error
        if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
            raise MediaError("damaged in the zip (wrong checksum)")
        return data

    def _packed(self, member: zipfile.ZipInfo) -> bytes:
        """Return the member as it lies there, without a `ZipFile`, which could not be shared by threads and forks."""
        _check_size(member.compress_size)
        with open(self._path, "rb") as file:
            file.seek(member.header_offset)
            signature, name, extra = struct.unpack("<4s22xHH", file.read(30))
            if signature != b"PK\x03\x04":
                raise zipfile.BadZipFile("no member at its offset")
            file.seek(name + extra, os.SEEK_CUR)
            return file.read(member.compress_size)


def _open_root(root: Path) -> _Root:
    if root.is_dir():
        return _Folder(root)
    if not root.exists():
        raise DataError(
            f"The root {str(root)!r} does not exist. Give the folder or zip that holds the files."
        )
    try:
        return _Zip(root)
    except DAMAGED as error:
        raise DataError(
            f"The root {str(root)!r} is neither a folder nor a zip: {error}."
        ) from error


def _plain(name: str) -> str:
    """Return a member's name with `/` and without `./`, as cells and archivers both may write it."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _check_size(size: int) -> None:
    if size > SIZE_LIMIT:
        raise MediaError(f"{size >> 20} MiB, more than the limit of {SIZE_LIMIT >> 20}")


def _reason(error: OSError) -> str:
    return (
        "file not found"
        if isinstance(error, FileNotFoundError)
        else (error.strerror or "unreadable").lower()
    )
