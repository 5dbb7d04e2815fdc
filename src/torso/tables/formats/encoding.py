"""The encoding of a text file, chosen by the text that it gives.

A byte-order mark settles it; else bytes that are UTF-8 are taken for it. Other bytes are decoded under each known
encoding, and the text that a person would sooner have written wins: common letters of one language cost little,
letters of mixed scripts and signs within words cost much (`torso.tables.formats.letters`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats.letters import cost
from torso.tables.formats.text_settings import TextSettings

__all__ = ["Decoded", "decoded", "is_utf8", "likely_encoding"]

_MARKS = (  # the longer first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSES = {  # encoding -> what it must be better by than the first
    "cp1252": 0.0,
    "gb18030": 0.0,
    "cp932": 0.4,
    "cp949": 0.5,
    "cp1251": 2.0,
    "big5": 2.0,
    "cp1254": 0.9,
    "cp1250": 1.0,
    "euc_jp": 1.0,
    "cp1253": 4.0,
    "cp1255": 5.0,
    "cp1256": 5.0,
    "koi8_r": 8.0,
    "mac_roman": 8.0,
    "cp850": 10.0,
    "utf-8": 3.0,  # with a few broken characters
}
_WESTERN = ("cp1252", "mac_roman", "cp850")
_BROKEN = "\ufffd"
_LINES_LOOKED_AT = 400
_BYTES_OF_A_LINE = 400
_WIDE_LOOK = 4096  # bytes in which UTF-16 without a mark shows as zeros at every other place
_END_OF_DOS = b"\x1a"
_NO_TEXT = {
    b"PK\x03\x04": "a zip or Excel file; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel file; save the sheet as CSV",
    b"\x1f\x8b": "a gzip file; let its name end in .gz",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"ARROW1": "an Arrow file; let its name end in .arrow",
    b"%PDF": "a PDF; give the table in it as CSV",
}
_SLACK, _DOUBT = 1.1, 4.0  # by which the usual encoding may cost more than another
_READ = 1 << 22


@dataclass(frozen=True)
class Decoded:
    """A file's text.

    Attributes:
        content: as UTF-8, without a byte-order mark.
        notes: one sentence if the file is not UTF-8.
        guess: its encoding, if only its text tells it.
    """

    content: pa.Buffer
    notes: tuple[str, ...] = ()
    guess: str | None = None


def decoded(raw: pa.Buffer, name: str, settings: TextSettings) -> Decoded:
    """Return the text of a file.

    Args:
        raw: its bytes.
        name: what messages call it.
        settings: the encoding as the user says, and as another file of its kind had.

    Raises:
        DataError: the encoding that the user names does not decode it, or it is no text.
    """
    _check_text(raw, name)
    mark = next((mark for mark in _MARKS if raw[: len(mark[0])].to_pybytes() == mark[0]), None)
    body = raw if mark is None else raw[len(mark[0]) :]
    while body[:3].to_pybytes() == codecs.BOM_UTF8:  # some programs write it twice
        body = body[3:]
    if body.size and body[body.size - 1 :].to_pybytes() == _END_OF_DOS:
        body = body[: body.size - 1]
    asked = settings.encoding
    if mark is not None and asked is not None and not _is_of(asked, mark[1]):
        note = f"{name} begins with the mark of {mark[1].upper()} and is read so, not as {asked}."
        return _converted(raw if mark[1] != "utf-8" else body, mark[1], note)
    if mark is not None and mark[1] != "utf-8":
        return _converted(raw, mark[1], f"{name} is {mark[1].upper()} (its first bytes say so).")
    if asked is not None:
        return _as_asked(body, name, asked)
    wide = None if mark is not None else _wide(body)
    if wide is not None:
        note = f"{name} is read as {wide.upper()}: every other byte is zero."
        return _converted(body, wide, note)
    return Decoded(body) if is_utf8(body) else _guessed(body, name, settings.usual)


def likely_encoding(content: bytes) -> str:
    """Return the encoding that gives the likeliest text: UTF-8 where the bytes are, with few broken ones too."""
    body = pa.py_buffer(content)
    mark = next((name for bytes_, name in _MARKS if content.startswith(bytes_)), None)
    return "utf-8" if is_utf8(body) else mark or _wide(body) or _likely(body, None)[0]


def _is_of(asked: str, marked: str) -> bool:
    """Return whether an encoding is of the family of a byte-order mark."""
    return asked.replace("_", "-").startswith(marked)


def _guessed(body: pa.Buffer, name: str, usual: str | None) -> Decoded:
    encoding, other, example = _likely(body, usual)
    cure = f"If that is wrong, name its encoding, such as --set data.encoding={other}"
    line = _first_bad_line(body)
    if encoding == "utf-8":
        text = body.to_pybytes().decode("utf-8", "replace")
        note = (
            f"{name} is UTF-8 but for {text.count(_BROKEN)} broken characters, the first in line {line}; they are "
            f"read as {_BROKEN!r}. {cure}"
        )
        return Decoded(pa.py_buffer(text.encode()), (note,))
    note = f"{name} is not UTF-8 (line {line}); it is read as {encoding}, which gives {example!r}. {cure}"
    return replace(_converted(body, encoding, note), guess=encoding)


def _check_text(raw: pa.Buffer, name: str) -> None:
    """Raise a DataError for a file that is no text, whatever its name ends in."""
    head = raw[: min(raw.size, _WIDE_LOOK)].to_pybytes()
    for magic, kind in _NO_TEXT.items():
        if head.startswith(magic):
            raise DataError(f"{name} is {kind}.")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower().startswith((b"<!doctype", b"<html")):
        raise DataError(
            f"{name} is a web page, not a table. Download the file that the page links to."
        )
    zeros = [head[start::4].count(0) for start in range(4)]
    if (
        sum(zeros) > 0.05 * len(head) and 0 not in zeros
    ):  # UTF-16 and UTF-32 have them at some places only
        raise DataError(f"{name} is no text: it is full of zero bytes. Give a table.")


def _as_asked(body: pa.Buffer, name: str, encoding: str) -> Decoded:
    valid = is_utf8(body)
    if valid and encoding in ("utf-8", "utf-8-sig", "ascii"):
        return Decoded(body)
    try:
        text = _converted(body, encoding)
    except DataError as error:
        likely = likely_encoding(body.to_pybytes())
        raise DataError(
            f"{name} is not {encoding}: {error} Its bytes look like {likely}: set data.encoding={likely}, "
            "or leave it out."
        ) from error
    if valid and any(not line.isascii() for line in _lines(body)):
        note = f"{name} is read as {encoding}, as data.encoding says, although its bytes are UTF-8, too."
        return replace(text, notes=(note,))
    return text


def _converted(body: pa.Buffer, encoding: str, *notes: str) -> Decoded:
    content = body.to_pybytes()
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if not notes:
            line = content.count(b"\n", 0, error.start) + 1
            raise DataError(f"line {line} cannot be decoded.") from error
        text = content.decode(encoding, "replace")
        count = text.count(_BROKEN)
        notes = (f"{notes[0]} {count} broken characters are read as {_BROKEN!r}.",)
    return Decoded(pa.py_buffer(text.removeprefix("\ufeff").encode("utf-8", "replace")), notes)


def is_utf8(body: pa.Buffer) -> bool:
    """Return whether the bytes are UTF-8, without a copy of them."""
    ends = pa.py_buffer(b"\0" * 8 + body.size.to_bytes(8, "little"))
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, body])
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _wide(body: pa.Buffer) -> str | None:
    """Return UTF-16 of one order where the zeros of its first bytes show it."""
    head = body[: min(_WIDE_LOOK, body.size) // 4 * 4].to_pybytes()
    if len(head) < 4:
        return None
    zeros = [head[start::4].count(0) / (len(head) // 4) for start in range(4)]
    if zeros[1] > 0.9 and zeros[2] > 0.9 and zeros[3] > 0.9:
        return "utf-32-le"
    if zeros[0] > 0.9 and zeros[1] > 0.9 and zeros[2] > 0.9:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > 0.3 and max(zeros[0], zeros[2]) < 0.05:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > 0.3 and max(zeros[1], zeros[3]) < 0.05:
        return "utf-16-be"
    return None


def _likely(body: pa.Buffer, usual: str | None) -> tuple[str, str, str]:
    """Return the likely encoding of bytes that are not UTF-8, the next one, and a word that the first gives."""
    lines = list(dict.fromkeys(line[:_BYTES_OF_A_LINE] for line in _foreign_lines(body)))
    scores = []
    for encoding, prior in (_GUESSES | {usual: 0.0} if usual else _GUESSES).items():
        text = _decoded_lines(lines, encoding)
        if text is not None:
            score = prior + cost(text, western=encoding in _WESTERN)
            # A short text leaves a doubt; a long one costs far more under a wrong encoding.
            score = score / _SLACK - _DOUBT if encoding == usual else score
            scores.append((score, encoding, text))
    (_, encoding, text), *others = sorted(scores)  # UTF-8 with broken characters decodes all
    other = next((name for _, name, other_text in others if other_text != text), "latin_1")
    return encoding, other, _example(text)


def _decoded_lines(lines: list[bytes], encoding: str) -> str | None:
    """Return the lines in one text; None where an encoding does not decode them."""
    if encoding == "utf-8":
        return "\n".join(line.decode(encoding, "replace") for line in lines)
    texts = []
    for line in lines:
        try:
            texts.append(line.decode(encoding))
        except UnicodeDecodeError as error:
            if len(line) < _BYTES_OF_A_LINE or error.start < len(line) - 4:  # not only cut there
                return None
            texts.append(line[: error.start].decode(encoding))
    return "\n".join(texts)


def _foreign_lines(body: pa.Buffer) -> Iterator[bytes]:
    """Yield the first lines that hold more than ASCII."""
    lines = (line.strip(b"\r\n") for line in _lines(body) if not line.isascii())
    return islice(lines, _LINES_LOOKED_AT)


def _lines(body: pa.Buffer) -> Iterator[bytes]:
    rest = b""
    for start in range(0, body.size, _READ):
        piece = rest + body[start : start + _READ].to_pybytes()
        lines = piece.splitlines(keepends=True)
        rest = lines.pop() if start + _READ < body.size else b""
        yield from lines


def _first_bad_line(body: pa.Buffer) -> int:
    for line_number, line in enumerate(_lines(body), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return line_number
    return 1


def _example(text: str) -> str:
    """Return the first word with a letter beyond ASCII."""
    return next((word[:20] for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()), "")
