"""Reads YAML as people write settings: only `true` and `false` are truth values.

By libyaml where PyYAML has it, in a sixth of the time. It is not written so: libyaml escapes emoji.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml import SafeLoader, YAMLError

__all__ = ["read_mapping", "read_yaml"]

_FEW = 10_000
"""Values that any text may stand for. Without aliases there are fewer of them than characters."""
_DEEPEST = 100
"""Lists and mappings inside each other. libyaml's composer ends the process at some ten thousand."""
_MANY = 1_000
"""Signs that may open a list or a mapping, up to which no text can nest too deeply for the process."""
_MOST_BITS = 1_024
"""Of a whole number: those with more have no float, and from 4,300 digits on no text."""
_NO_VALUE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of PyYAML for a text that looks like a date or a number and is none."""


def read_yaml(text: str) -> object:
    """Return the values in a YAML text.

    YAML 1.1, which PyYAML reads, takes `on`, `off`, `yes` and `no` for truth values, too; here they are texts, as in
    YAML 1.2, so that `blend: off` and `positive: yes` mean what they say.

    Raises:
        yaml.YAMLError: the text is no YAML, names a day or a number that there is not, nests more than 100 lists and
            mappings, or its aliases stand for far more values than it has characters.

    >>> read_yaml("{blend: off, positive: yes, refit: true}")
    {'blend': 'off', 'positive': 'yes', 'refit': True}
    """
    import yaml

    if sum(map(text.count, ("[", "{", "- ", "-\n", "? ", "?\n"))) > _MANY:
        _check_depth(text)
    try:
        values = yaml.load(text, Loader=_loader())
    except _NO_VALUE as error:
        raise yaml.YAMLError(
            f"a value is not what it looks like ({error!s:.100}); write it in quotes"
        ) from error
    _check_size(values, max(len(text), _FEW))
    return values


def _check_depth(text: str) -> None:
    """Refuse a text that nests too deeply, before values are made of it."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _too_deep()


def _check_size(values: object, most: int) -> None:
    """Refuse more than `most` nested values, each counted as often as it is met, deep ones and huge numbers."""
    import yaml

    rest, met = [(values, 0)], 0
    while rest:
        value, depth = rest.pop()
        met += 1
        if met > most:
            raise yaml.YAMLError(
                f"its aliases (*name) stand for more than {most:,} values; write out what is meant"
            )
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise yaml.YAMLError("a whole number has more than 300 digits; write it in quotes")
        if isinstance(value, dict | list):
            if depth >= _DEEPEST:
                raise _too_deep()
            inner = value.values() if isinstance(value, dict) else value
            rest += [(each, depth + 1) for each in inner]


def _too_deep() -> YAMLError:
    import yaml

    return yaml.YAMLError(
        f"it nests more than {_DEEPEST} lists and mappings inside each other, or its aliases (*name) do; write fewer"
    )


def read_mapping(text: str) -> dict[str, object]:
    """Return the mapping that a YAML text holds.

    Raises:
        yaml.YAMLError: the text is no YAML, or holds something else.
    """
    import yaml

    values = read_yaml(text)
    if not isinstance(values, dict):
        raise yaml.YAMLError(f"a mapping was expected, found {type(values).__name__}")
    return values


@cache
def _loader() -> type[SafeLoader]:
    import yaml

    base: type[SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        """A safe loader without the truth values of YAML 1.1."""

    truth = "tag:yaml.org,2002:bool"
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != truth]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(
        truth, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    return Loader
