"""Settings of a text file that the user gives: delimiter, encoding, decimal mark."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from torso.core.errors import ConfigError

__all__ = ["TextSettings", "known_delimiter", "known_encoding"]


@dataclass(frozen=True)
class TextSettings:
    """Settings of a text file that the user gives; the others are found by looking.

    Attributes:
        delimiter: between two cells of a CSV.
        encoding: such as utf-8, gb18030 or cp1252.
        usual: encoding that is taken where the text leaves a doubt, such as that of the training table.

    Raises:
        ConfigError: a value breaks its rule.
    """

    delimiter: str | None = None
    encoding: str | None = None
    usual: str | None = None

    def __post_init__(self) -> None:
        for name, known in (
            ("delimiter", known_delimiter),
            ("encoding", known_encoding),
            ("usual", known_encoding),
        ):
            value = getattr(self, name)
            if value is not None:
                try:
                    object.__setattr__(self, name, known(value))
                except ValueError as error:
                    raise ConfigError(f"`data.{name}` {error}. Found {value!r}.") from None


_NAMES = {
    "tab": "\t",
    "\\t": "\t",
    "space": " ",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "colon": ":",
}


def known_delimiter(text: str) -> str:
    r"""Return a delimiter; `tab` and `\t` are one, too.

    Raises:
        ValueError: it is no delimiter.
    """
    delimiter = _NAMES.get(text.lower(), text)
    if not 1 <= len(delimiter) <= 4 or re.search(r"[\w\"'\r\n]", delimiter):
        raise ValueError(
            "should be one to four signs such as ; or tab, no letters, digits or quotes"
        )
    return delimiter


def known_encoding(name: str) -> str:
    """Return Python's name of an encoding of text.

    Raises:
        ValueError: there is none of this name.

    >>> known_encoding("Shift-JIS")
    'shift_jis'
    """
    try:
        info = codecs.lookup(name)
    except LookupError:
        info = None
    # Python calls its codecs of bytes, such as gzip, encodings, too.
    if info is None or not getattr(info, "_is_text_encoding", True):
        raise ValueError(
            "should be an encoding of text, such as utf-8, gb18030, cp1252 or shift_jis"
        )
    return info.name
