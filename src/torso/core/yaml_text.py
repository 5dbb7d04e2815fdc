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


def read_yaml(text: str) -> object:
    """Return the values in a YAML text.

    YAML 1.1, which PyYAML reads, takes `on`, `off`, `yes` and `no` for truth values, too; here they are texts, as in
    YAML 1.2, so that `blend: off` and `positive: yes` mean what they say.

    Raises:
        yaml.YAMLError: the text is no YAML.

    >>> read_yaml("{blend: off, positive: yes, refit: true}")
    {'blend': 'off', 'positive': 'yes', 'refit': True}
    """
    import yaml

    return yaml.load(text, Loader=_loader())


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
