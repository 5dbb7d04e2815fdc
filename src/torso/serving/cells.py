"""Cells of a request by the kind of their column: the JSON that is sent, and the value that the run reads.

Every column has one Arrow type, so that rows of several requests can be answered together and mean what they mean alone.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from torso.serving.refusals import Refusal
from torso.serving.values import Json, Kind

__all__ = ["Cell", "cell_of"]


@dataclass(frozen=True)
class Cell:
    """The form of a column's cells.

    Attributes:
        send: what a client sends: `file`, `number`, `choice`, `text`, `date`, `list`, `numbers` or `steps`.
        type: in Arrow.
        read: JSON value -> the value for Arrow; raises a Refusal without row and column.
        schema: JSON Schema of a value.
    """

    send: str
    type: pa.DataType
    read: Callable[[object], object]
    schema: Json

    def array(self, values: list[object]) -> pa.Array:
        """Return values that were read as a column.

        Numbers that are all written as text, such as `12 kg`, stay texts, which the run reads in its own format.

        Raises:
            Refusal: numbers and texts in one column, or a text that is no Unicode.
        """
        if self.send == "number" and any(isinstance(value, str) for value in values):
            if any(isinstance(value, float) for value in values):
                raise Refusal(
                    "wrong_type",
                    "numbers and texts in one column",
                    cure="Send all its cells as numbers, or all as texts.",
                )
            return pa.array(values, pa.large_string())
        if self.send == "list" and any(isinstance(value, str) for value in values):
            if any(isinstance(value, list) for value in values):
                raise Refusal(
                    "wrong_type",
                    "lists and texts in one column",
                    cure="Send all its cells as lists.",
                )
            return pa.array(values, pa.large_string())
        return pa.array(values, self.type)


def cell_of(kind: Kind) -> Cell:
    """Return the form of the cells of a kind of input."""
    if kind.in_files:
        return _FILE
    return _BY_KIND.get(kind.name, _PLAIN)


def _wrong(value: object, expected: str, cure: str = "") -> Refusal:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
    return Refusal("wrong_type", f"expected {expected}, found {shown}", cure=cure)


def _number(value: object) -> object:
    if isinstance(value, str):
        return _unicode(value)
    if not isinstance(value, int | float):
        raise _wrong(value, "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refusal("not_finite", "a number that is not finite", cure="Send null for no value.")
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "a text")
    return _unicode(value)


def _unicode(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Refusal("wrong_type", "a text with half a character (a lone surrogate)") from None
    return text


def _plain(value: object) -> str:
    """Return a category as its text: 1, 1.0 and "1" are one value, true and "true" as well."""
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        number = _number(value)
        assert isinstance(number, float)
        return str(int(number)) if number.is_integer() else str(number)
    raise _wrong(value, "a text, a number, true or false")


def _labels(value: object) -> object:
    if isinstance(value, str):
        return _unicode(value)
    if not isinstance(value, list):
        raise _wrong(value, "a list of texts")
    return [_plain(label) for label in value]


def _numbers(value: object) -> list[float | None]:
    if not isinstance(value, list):
        raise _wrong(value, "a list of numbers")
    return [None if each is None else _strict_number(each) for each in value]


def _steps(value: object) -> list[list[float | None]]:
    if not isinstance(value, list):
        raise _wrong(value, "a list of steps, each a list of numbers")
    return [_numbers(step) for step in value]


def _strict_number(value: object) -> float:
    if isinstance(value, str):
        raise _wrong(value, "a number")
    number = _number(value)
    assert isinstance(number, float)
    return number


def _file(value: object) -> bytes:
    """Return the bytes of a file; a path or an address is never followed."""
    if isinstance(value, bytes):  # a part of a form
        return value
    if isinstance(value, str):
        raise Refusal(
            "not_bytes",
            "a path, an address or a bare text where a file's bytes belong",
            cure='Send {"base64": "…"}, or the file as a part of multipart/form-data.',
        )
    if not isinstance(value, Mapping) or not isinstance(value.get("base64"), str):
        raise _wrong(value, 'a file as {"base64": "…"}')
    extra = value.keys() - {"base64", "media_type", "name"}
    if extra:
        raise Refusal(
            "not_bytes",
            f"a file with {sorted(extra)}: nothing but its bytes is read",
            cure='Send {"base64": "…"}.',
        )
    try:
        return b64decode(value["base64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(
            "bad_base64", f"no base64: {error}", cure="Encode the file's bytes as base64."
        ) from None


def _types(*names: str) -> Json:
    return {"type": [*names, "null"]}


_NUMBERS = {"type": ["array", "null"], "items": {"type": ["number", "null"]}}
_FILE = Cell(
    "file",
    pa.large_binary(),
    _file,
    {
        "type": ["object", "null"],
        "properties": {
            "base64": {"type": "string", "contentEncoding": "base64"},
            "media_type": {"type": "string"},
            "name": {"type": "string"},
        },
        "required": ["base64"],
        "additionalProperties": False,
    },
)
_PLAIN = Cell("choice", pa.large_string(), _plain, _types("string", "number", "boolean"))
_TEXT = Cell("text", pa.large_string(), _text, _types("string"))
_BY_KIND = {
    "number": Cell("number", pa.float64(), _number, _types("number", "string", "boolean")),
    "category": _PLAIN,
    "binary": _PLAIN,
    "name": _TEXT,
    "text": _TEXT,
    "datetime": Cell("date", pa.large_string(), _plain, _types("string", "number")),
    "set": Cell(
        "list",
        pa.list_(pa.large_string()),
        _labels,
        {**_types("array", "string"), "items": {"type": ["string", "number", "boolean"]}},
    ),
    "vector": Cell("numbers", pa.list_(pa.float64()), _numbers, _NUMBERS),
    "sequence": Cell(
        "steps",
        pa.list_(pa.list_(pa.float64())),
        _steps,
        {
            "type": ["array", "null"],
            "items": {"type": "array", "items": {"type": ["number", "null"]}},
        },
    ),
}
