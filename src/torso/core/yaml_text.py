"""Reads YAML as people write settings: only `true` and `false` are truth values.

By libyaml where PyYAML has it, in a sixth of the time. It is not written so: libyaml escapes emoji.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml import SafeLoader

__all__ = ["read_mapping", "read_yaml"]

_FEW = 10_000
"""Values that any text may stand for. Without aliases there are fewer of them than characters."""


def read_yaml(text: str) -> object:
    """Return the values in a YAML text.

    YAML 1.1, which PyYAML reads, takes `on`, `off`, `yes` and `no` for truth values, too; here they are texts, as in
    YAML 1.2, so that `blend: off` and `positive: yes` mean what they say.

    Raises:
        yaml.YAMLError: the text is no YAML, or its aliases stand for far more values than it has characters.

    >>> read_yaml("{blend: off, positive: yes, refit: true}")
    {'blend': 'off', 'positive': 'yes', 'refit': True}
    """
    import yaml

    values = yaml.load(text, Loader=_loader())
    most = max(len(text), _FEW)
    if _is_larger(values, most):
        raise yaml.YAMLError(
            f"its aliases (*name) stand for more than {most:,} values; write out what is meant"
        )
    return values


def _is_larger(values: object, most: int) -> bool:
    """Return whether nested values are more than `most`, each counted as often as it is met."""
    rest, met = [values], 0
    while rest:
        value = rest.pop()
        met += 1
        if met > most:
            return True
        if isinstance(value, dict):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return False


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
