"""Names for parts: `class Gated(Fusion, name="gated")` files itself, YAML says `{type: gated, gate: softmax}`.

The constructor's signature is the schema: `build` checks the settings against it and there is no second
description to keep in step. A part outside Torso is named by its import path, `{type: "mine.fusion:Gated"}`;
such a name imports code, so those that a file brings along are refused unless the file is trusted (`no_imports`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Generic, TypeVar, cast

from torso.core.errors import ConfigError, TorsoError, nearest, unknown
from torso.core.limits import beyond
from torso.core.ranges import SetBy
from torso.core.setting_types import accepts, choices, members, rule
from torso.core.signature import REQUIRED, Setting, settings_of
from torso.core.spec import Spec, SpecLike, no_part

__all__ = ["Registry", "imported", "imported_object", "no_imports", "refusal"]

Part = TypeVar("Part")

_REFUSALS = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError)
"""Errors of Python and torch for a setting of the wrong type or size."""

_trusted: ContextVar[Container[str] | None] = ContextVar("trusted", default=None)
"""The import paths that may be followed; None for all."""


@contextmanager
def no_imports(besides: Container[str] = ()) -> Iterator[None]:
    """Refuse, inside the block, parts that are named by an import path.

    Args:
        besides: import paths that the user named, not a file.
    """
    token = _trusted.set(besides)
    try:
        yield
    finally:
        _trusted.reset(token)


def imported(name: str, room: str) -> type:
    """Return the class that `module:Class` names.

    Args:
        name: the import path.
        room: what the class is meant for, for messages.

    Raises:
        ConfigError: it cannot be imported, is no class, or a file that is not trusted names it.
    """
    part = imported_object(name, room)
    if not isinstance(part, type):
        raise ConfigError(f"The {room} {name!r} is no class. Found {type(part).__name__}.")
    return part


def imported_object(name: str, room: str) -> object:
    """Return the object that `module:name` names.

    Args:
        name: the import path.
        room: what it is meant for, for messages.

    Raises:
        ConfigError: it cannot be imported, or a file that is not trusted names it.
    """
    trusted = _trusted.get()
    if trusted is not None and name not in trusted:
        raise ConfigError(
            f"The {room} {name!r} would import code from outside Torso, and the file that names it is not trusted. "
            "If you know its origin, pass `trust_code=True` (--trust-code)."
        )
    path, _, attribute = name.partition(":")
    try:
        module = import_module(path)
        return reduce(getattr, attribute.split("."), module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"Cannot import the {room} {name!r}: {error}.{_where_modules_lie(path, error.name)}"
        ) from error
    except AttributeError as error:
        near = nearest(attribute, vars(module))
        hint = f" Did you mean {near!r}?" if near else ""
        raise ConfigError(f"Cannot import the {room} {name!r}: {error}.{hint}") from error
    except Exception as error:  # whatever the module does when it is run
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ConfigError(f"Cannot import the {room} {name!r}: {why}.") from error


def _where_modules_lie(path: str, absent: str | None) -> str:
    """Return how Python finds a module: in this folder if its file lies here, else where it is installed."""
    package = path.partition(".")[0]
    if absent not in (path, package):  # a module that it imports itself
        return ""
    here = Path(f"{package}.py").is_file() or Path(package).is_dir()
    where = (
        "this folder: PYTHONPATH=." if here else f"the folder of {package}.py: PYTHONPATH=FOLDER"
    )
    return f" Install it, or let Python look in {where} torso ..."


class Registry(Generic[Part]):
    """The parts of one room, by name.

    Args:
        room: what a part is called in messages, e.g. `"fusion"`.
        positional: who decides the constructor's arguments that are not keyword-only.
        common: settings that every part of the room has beside its constructor's.
    """

    def __init__(
        self, room: str, *, positional: SetBy = SetBy.DATA, common: Collection[Setting] = ()
    ) -> None:
        self.room = room
        self.positional = positional
        self.common = {setting.name: setting for setting in common}
        self.base: type = object
        self._parts: dict[str, type[Part]] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the class whose attribute the registry is as the base of its parts."""
        self.base = owner

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
        if not isinstance(name, str):  # as YAML may hold it
            raise ConfigError(f"The name of a {self.room} should be a text. Found {name!r:.80}.")
        if ":" in name:
            return self._imported(name)
        if name not in self._parts:
            raise ConfigError(unknown(self.room, name, self))
        return self._parts[name]

    def _imported(self, name: str) -> type[Part]:
        part = imported(name, self.room)
        if not issubclass(part, self.base):
            raise ConfigError(
                f"The {self.room} {name!r} should be a subclass of {self.base.__module__.split('._')[0]}."
                f"{self.base.__name__}. Found a class of the bases {[base.__name__ for base in part.__bases__]}."
            )
        return cast("type[Part]", part)

    def settings(self, name: str) -> dict[str, Setting]:
        """Return all arguments of a part, those that the data decide too, then those of every part here."""
        return {**settings_of(self.find(name), self.positional), **self.common}

    def parse(self, value: object, form: str = "") -> Spec:
        """Return the spec that `value` means; its name may be left open."""
        return Spec.parse(value, self, form)

    def check(self, spec: Spec, offered: Collection[str] = ()) -> None:
        """Refuse an unknown name, an unknown setting, or a value of another type.

        Args:
            spec: of a part of this room.
            offered: arguments that the surroundings offer, which messages do not list.

        Raises:
            ConfigError: with the nearest name or the values that would do.
        """
        known = self.settings(spec.name)
        title = f"{self.room} {spec.name!r}"
        for key, value in spec.settings.items():
            if key not in known:
                raise ConfigError(self._no_setting(title, key, known, offered))
            fits = accepts(known[key].type, value)
            own = ":" in spec.name  # the user's code, whose names may mean anything
            why = refusal(known[key], value) if not fits else not own and beyond(known[key], value)
            if why:
                raise ConfigError(f"Cannot build {title} from {dict(spec.settings)!r}: {why}")
            if self.nests(known[key]):
                self._check_nested(value)

    def nests(self, setting: Setting) -> bool:
        """Return whether a setting is itself a part, which is always of this room."""
        return set(members(SpecLike)) <= set(members(setting.type))

    def _check_nested(self, value: object) -> None:
        """Check a part inside a part; a short name may be of several forms, and its own part checks it then."""
        if not isinstance(value, str | Mapping):
            return  # an object that is built already
        spec = self.parse(value)
        named = [name for name in self if spec.name in (name, name.rpartition("/")[2])]
        if ":" in spec.name or len(named) == 1:
            self.check(Spec(named[0] if named else spec.name, spec.settings))
        elif not named:
            self.find(self._named(value).name)

    def _no_setting(
        self, title: str, key: str, known: Mapping[str, Setting], offered: Collection[str]
    ) -> str:
        """Return the sentence about an unknown setting; it may be a part written above its settings."""
        near = get_close_matches(key, list(self), n=1, cutoff=0.8)
        hint = f" If a part was meant: it is called {near[0]!r}." if near else ""
        hidden = {name for name in known if name in offered or not known[name].by_user}
        return unknown(f"setting of {title}:", key, known.keys() - hidden, hidden) + hint

    def build(self, spec: Spec | SpecLike, /, **offered: object) -> Part:
        """Return the part that `spec` describes.

        Args:
            spec: its name, or a mapping with `type` and settings; every setting must be a constructor argument.
            offered: what the surroundings know (widths, vocabularies); only what the constructor asks for
                is passed, and a setting in `spec` wins over it.

        Raises:
            ConfigError: unknown name, unknown setting, or a value that the constructor refuses.
        """
        spec = self._named(spec)
        self.check(spec, offered)
        make: Callable[..., Part] = self.find(spec.name)
        asked = settings_of(make, self.positional)
        given = {key: value for key, value in offered.items() if key in asked} | {**spec.settings}
        absent = [name for name, setting in asked.items() if setting.required and name not in given]
        if absent:
            raise ConfigError(
                f"Cannot build {self.room} {spec.name!r} from {dict(spec.settings)!r}: "
                f"Parameter `{absent[0]}` is required."
            )
        try:
            return make(**given)
        except TorsoError:
            raise
        except _REFUSALS as error:
            settings = dict(spec.settings)
            below = [key for key, value in settings.items() if isinstance(value, int) and value < 0]
            why = str(error)
            if below and isinstance(error, RuntimeError):  # torch speaks of tensors
                why = f"{below} should not be negative."
            raise ConfigError(
                f"Cannot build {self.room} {spec.name!r} from {settings!r}: {why}"
            ) from error

    def complete(self, spec: Spec | SpecLike, /, *, given: Collection[str] = ()) -> Spec:
        """Return `spec` with every default written out, for a file that hides nothing.

        Args:
            spec: its name, or a mapping with `type` and settings.
            given: constructor arguments that the surroundings offer, which are no settings.
        """
        spec = self._named(spec)
        defaults = {
            name: list(setting.default) if isinstance(setting.default, tuple) else setting.default
            for name, setting in settings_of(self.find(spec.name), self.positional).items()
            if name not in given and setting.default not in (REQUIRED, None)
        }
        return Spec(spec.name, {**defaults, **spec.settings})

    def _named(self, value: Spec | SpecLike) -> Spec:
        """Return the spec that `value` means, which has to name its part."""
        spec = self.parse(value)
        if not spec.name and len(spec.settings) == 1:  # perhaps a part that nobody knows
            [(name, settings)] = spec.settings.items()
            if isinstance(settings, Mapping):
                return Spec(name, settings)
        if not spec.name:
            raise no_part(value)
        return spec


def refusal(setting: Setting, value: object) -> str:
    """Return the sentence about a value of another type than its setting's."""
    near = get_close_matches(str(value), map(str, choices(setting.type)), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if isinstance(value, str) and accepts(setting.type, 0.5) and _is_number(value):
        hint = f" Write {float(value)!r}; YAML reads {value} as text."
    return f"Parameter `{setting.name}` should be {rule(setting.type)}. Found {value!r}.{hint}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
