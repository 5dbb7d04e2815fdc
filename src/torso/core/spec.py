"""A part as it is named: one grammar for YAML, `--set` and Python, read here and nowhere else.

>>> Spec.parse("gated") == Spec.parse({"type": "gated"}) == Spec("gated")
True
>>> spellings = [{"type": "late", "hidden": 8}, {"late": {"hidden": 8}}, {"late": {}, "hidden": 8}]
>>> [Spec.parse(value, names=["late"]).as_dict() for value in spellings]
[{'type': 'late', 'hidden': 8}, {'type': 'late', 'hidden': 8}, {'type': 'late', 'hidden': 8}]
>>> Spec.parse("convnet", form="image").name
'image/convnet'
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torso.core.errors import ConfigError

__all__ = ["Settings", "Spec", "SpecLike", "words"]

Settings = Mapping[str, Any]
"""Settings of a part by name; their values are of every kind."""

SpecLike = str | Settings
"""A part as YAML writes it: its name, or a mapping with the key `type` and the constructor's arguments.

`{gated: {gate: softmax}}` is short for `{type: gated, gate: softmax}`.
"""


@dataclass(frozen=True, slots=True)
class Spec:
    """Name and settings of a part.

    Attributes:
        name: as it is registered, e.g. `image/convnet`, or `module:Class`; empty where only settings are given.
        settings: arguments of the constructor.
    """

    name: str = ""
    settings: Settings = field(default_factory=dict)

    @classmethod
    def parse(cls, value: object, names: Container[object] = (), form: str = "") -> Spec:
        """Return the part that `value` describes, in any spelling; its name may be left open.

        Args:
            value: a spec, a name, a mapping, or None for nothing said.
            names: those of the room, which tell `{gated: {gate: softmax}}` from settings of a part left open.
            form: completes a short name: `convnet` of form `image` is `image/convnet`.

        Raises:
            ConfigError: neither a name nor a mapping.
        """
        if value is None:
            return cls()
        if isinstance(value, Spec):
            return cls(_full(value.name, form), value.settings)
        if isinstance(value, str):
            return cls(_full(value, form))
        if not isinstance(value, Mapping) or not isinstance(value.get("type", ""), str):
            raise no_part(value)
        settings = {str(key): setting for key, setting in value.items() if key != "type"}
        if "type" in value:
            return cls(_full(value["type"], form), settings)
        parts = [key for key in settings if ":" in key or _full(key, form) in names]
        if len(parts) == 1 and (len(settings) == 1 or isinstance(settings[parts[0]], Mapping)):
            inner = settings.pop(parts[0]) or {}
            if not isinstance(inner, Mapping) or "type" in inner:
                raise no_part(value)
            return cls(_full(parts[0], form), {**inner, **settings})
        return cls("", settings)

    def over(self, default: Spec) -> Spec:
        """Return this spec, with `default` where it leaves the name open or names the same part."""
        if self.name not in ("", default.name):
            return self
        return Spec(default.name, {**default.settings, **self.settings})

    def short(self, form: str) -> str:
        """Return the name without its form: `convnet` of `image/convnet`."""
        return self.name.removeprefix(f"{form}/")

    def as_dict(self, form: str = "") -> dict[str, object]:
        """Return the mapping that YAML holds; a name of `form` is short."""
        return {"type": self.short(form), **self.settings}


def words(value: object) -> Iterator[str]:
    """Yield the texts in a value, keys included.

    >>> [*words({"fusion": {"late": ["mine:Part", 3]}})]
    ['fusion', 'late', 'mine:Part']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from words(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from words(inner)


def no_part(value: object) -> ConfigError:
    """Return the error for a value that names no part."""
    return ConfigError(
        f"A part should be a name or a mapping with the key `type`. Found {value!r}."
    )


def _full(name: str, form: str) -> str:
    return f"{form}/{name}" if name and form and ":" not in name and "/" not in name else name
