"""Names for parts: `class Gated(Fusion, name="gated")` files itself, YAML says `{type: gated, hidden: 64}`.

The constructor's signature is the schema: `build` checks the settings against it and there is no second
description to keep in step. A part outside Torso is named by its import path, `{type: "mine.fusion:Gated"}`;
such a name imports code, so `torso.load` refuses it unless told to trust the run (`no_imports`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from torso.core.errors import ConfigError, TorsoError, unknown

__all__ = ["Registry", "Spec", "no_imports", "spec_type"]

Part = TypeVar("Part")
Spec = str | Mapping[str, Any]
"""A part as YAML writes it: its name, or a mapping with the key `type` and the constructor's arguments.

`{gated: {hidden: 64}}` is short for `{type: gated, hidden: 64}`.
"""

_REFUSALS = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError)
"""What Python and torch raise where a setting has the wrong type or size."""

_imports_allowed: ContextVar[bool] = ContextVar("imports_allowed", default=True)


@contextmanager
def no_imports() -> Iterator[None]:
    """Refuse, inside the block, parts that are named by an import path."""
    token = _imports_allowed.set(False)
    try:
        yield
    finally:
        _imports_allowed.reset(token)


def spec_type(spec: Spec) -> tuple[str, dict[str, Any]]:
    """Split a spec into its type and its settings.

    >>> spec_type({"type": "gated", "hidden": 64})
    ('gated', {'hidden': 64})
    >>> spec_type({"gated": {"hidden": 64}})
    ('gated', {'hidden': 64})
    """
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, Mapping) and len(spec) == 1 and "type" not in spec:
        [(name, settings)] = spec.items()
        if isinstance(settings, Mapping) and "type" not in settings:
            return name, dict(settings)
    if not isinstance(spec, Mapping) or not isinstance(spec.get("type"), str):
        raise ConfigError(
            f"A part should be a name or a mapping with the key `type`. Found {spec!r}."
        )
    return spec["type"], {key: value for key, value in spec.items() if key != "type"}


class Registry(Generic[Part]):
    """The parts of one room, by name.

    Args:
        room: what a part is called in messages, e.g. `"fusion"`.
    """

    def __init__(self, room: str) -> None:
        self.room = room
        self._parts: dict[str, type[Part]] = {}

    def add(self, name: str, part: type[Part]) -> None:
        """File `part` under `name`; a second, different part of that name is an error."""
        filed = self._parts.setdefault(name, part)
        if (filed.__module__, filed.__qualname__) != (part.__module__, part.__qualname__):
            raise ConfigError(
                f"The {self.room} name {name!r} is taken by {filed.__module__}.{filed.__qualname__}. "
                f"Give {part.__module__}.{part.__qualname__} another name."
            )
        self._parts[name] = part

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._parts))

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def items(self) -> list[tuple[str, type[Part]]]:
        """Return `(name, class)` pairs, sorted by name."""
        return sorted(self._parts.items())

    def find(self, name: str) -> type[Part]:
        """Return the class filed under `name`, or imported from `module:Class`."""
        if ":" in name:
            return self._imported(name)
        if name not in self._parts:
            raise ConfigError(unknown(self.room, name, self))
        return self._parts[name]

    def _imported(self, name: str) -> type[Part]:
        if not _imports_allowed.get():
            raise ConfigError(
                f"The {self.room} {name!r} would import code from outside Torso, and this run is not trusted. "
                "If you know its origin, pass `trust_code=True`."
            )
        module, _, attribute = name.partition(":")
        try:
            part = getattr(import_module(module), attribute)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise ConfigError(f"Cannot import the {self.room} {name!r}: {error}.") from error
        if not isinstance(part, type):
            raise ConfigError(f"The {self.room} {name!r} is no class. Found {type(part).__name__}.")
        return cast("type[Part]", part)

    def build(self, spec: Spec, /, **offered: Any) -> Part:
        """Return the part that `spec` describes.

        Args:
            spec: name, or mapping with `type` and settings; every setting must be a constructor argument.
            offered: what the surroundings know (widths, vocabularies); only what the constructor asks for
                is passed, and a setting in `spec` wins over it.

        Raises:
            ConfigError: unknown name, unknown setting, or a value that the constructor refuses.
        """
        name, settings = spec_type(spec)
        return call(self.find(name), settings, offered, f"{self.room} {name!r}", self)

    def complete(self, spec: Spec, /, *, given: Collection[str] = ()) -> dict[str, Any]:
        """Return `spec` as a mapping with every default written out, for a file that hides nothing.

        Args:
            spec: name, or mapping with `type` and settings.
            given: constructor arguments that the surroundings offer, which are no settings.
        """
        name, settings = spec_type(spec)
        defaults = {
            key: list(parameter.default)
            if isinstance(parameter.default, tuple)
            else parameter.default
            for key, parameter in inspect.signature(self.find(name)).parameters.items()
            if key not in given and parameter.default not in (inspect.Parameter.empty, None)
        }
        return {"type": name, **defaults, **settings}


def call(
    make: Callable[..., Part],
    settings: Mapping[str, Any],
    offered: Mapping[str, Any],
    what: str,
    parts: Iterable[str] = (),
) -> Part:
    """Call `make` with `settings`, which it must know, and with those of `offered` that it asks for.

    An unknown setting that is nearly the name of one of `parts` may be a part written above its settings.
    """
    known = inspect.signature(make).parameters
    for key in settings:
        if key not in known:
            near = get_close_matches(key, list(parts), n=1, cutoff=0.8)
            hint = f" If a part was meant: it is called {near[0]!r}." if near else ""
            told = known.keys() & offered.keys()
            raise ConfigError(unknown(f"setting of {what}:", key, known.keys() - told, told) + hint)
    wanted = {key: value for key, value in offered.items() if key in known}
    try:
        return make(**{**wanted, **settings})
    except TorsoError:
        raise
    except _REFUSALS as error:
        below = {k: v for k, v in settings.items() if isinstance(v, int) and v < 0}
        why = str(error)
        if below and isinstance(error, RuntimeError):  # torch speaks of tensors
            why = f"{list(below)} should not be negative."
        raise ConfigError(f"Cannot build {what} from {dict(settings)!r}: {why}") from error
