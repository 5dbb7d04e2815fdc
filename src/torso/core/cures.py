"""Cures that messages print: settings as a shell and YAML take them."""

from __future__ import annotations

import json
import shlex

from torso.core.yaml_text import read_yaml

__all__ = ["setting"]

_PLACEHOLDERS = ("[...]", "[low, high]", "[WIDTH,HEIGHT]")


def setting(path: str, value: object) -> str:
    r"""Return `--set PATH=VALUE`, quoted where a shell or YAML would read it otherwise.

    >>> setting("inputs.size.kind", "number")
    '--set inputs.size.kind=number'
    >>> setting("inputs.First seen.kind", "datetime")
    "--set 'inputs.First seen.kind=datetime'"
    >>> print(setting("data.missing", ["?", "none"]), setting("data.split.group", "2024"))
    --set 'data.missing=["?", "none"]' --set 'data.split.group="2024"'
    """
    text = str(value) if isinstance(value, str) and _as_it_stands(value) else None
    text = json.dumps(value, ensure_ascii=False) if text is None else text
    return f"--set {shlex.quote(f'{path}={text}')}"


def _as_it_stands(text: str) -> bool:
    """Return whether YAML, and the reading of settings, take a text for itself."""
    import yaml

    if text in _PLACEHOLDERS:
        return True
    try:
        float(text)
    except ValueError:
        try:
            return bool(read_yaml(text) == text)
        except yaml.YAMLError:
            return False
    return False
