"""The parts of a room as their source describes them: names and settings, without an import of torch.

Types that only torch or another room knows accept every value here; the registry itself checks again once the parts
are imported.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from torso.core.errors import ConfigError, unknown
from torso.core.ranges import Limits, Range, SetBy
from torso.core.registry import Registry
from torso.core.signature import REQUIRED, Setting, notes_of
from torso.core.source_names import SourceClass, classes_in_source

__all__ = ["SourceRegistry"]

_LIGHT = (
    "typing",
    "collections.abc",
    "torso.core.ranges",
    "torso.core.signature",
    "torso.core.spec",
)
"""Modules whose names are imported where an annotation uses them; those of other modules are read in the source."""
_TORSO = Path(__file__).parents[1]


class SourceRegistry(Registry[object]):
    """Names and settings of a room's parts; it checks specs and builds nothing.

    >>> registry = SourceRegistry("fusion", "torso.fusion", "Fusion")
    >>> sorted(registry.settings("gated"))
    ['dim', 'gate', 'modalities']

    Args:
        room: what a part is called in messages.
        package: import path of the package that defines the parts.
        base: name of the class that all parts come from.
    """

    def __init__(self, room: str, package: str, base: str) -> None:
        self._classes = classes_in_source(package, base)
        own = self._classes.get("")
        super().__init__(room, common=_common(own) if own else ())
        self._settings: dict[str, dict[str, Setting]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name in self._classes if name))

    def __contains__(self, name: object) -> bool:
        return name != "" and name in self._classes

    def find(self, name: str) -> type[object]:
        """Return a stand-in for the class of that name.

        Raises:
            ConfigError: no part is called so.
        """
        if name not in self:
            raise ConfigError(unknown(self.room, name, self))
        return type(name, (), {})

    def settings(self, name: str) -> dict[str, Setting]:
        """Return all arguments of a part, as `Registry.settings`, without their meanings."""
        self.find(name)
        if name not in self._settings:
            self._settings[name] = {**_arguments(self._classes[name]), **self.common}
        return self._settings[name]


def _arguments(part: SourceClass) -> dict[str, Setting]:
    """Return the arguments of the nearest constructor."""
    for each in (part, *part.ancestors):
        for node in each.node.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                return dict(_signature(node.args, _Names(each.module)))
    return {}


def _signature(args: ast.arguments, names: _Names) -> Iterator[tuple[str, Setting]]:
    usual = [*args.posonlyargs, *args.args]
    without = len(usual) - len(args.defaults)
    defaults = [*[None] * without, *args.defaults, *args.kw_defaults]
    for node, default in list(zip([*usual, *args.kwonlyargs], defaults, strict=True))[1:]:
        kind = names.value(node.annotation, object)
        notes = notes_of(kind)
        decided = SetBy.USER if node in args.kwonlyargs else SetBy.DATA
        decided = next((note for note in notes if isinstance(note, SetBy)), decided)
        sensible = next((note for note in notes if isinstance(note, Range)), None)
        value = REQUIRED if default is None else names.value(default, ...)
        limits = next((note for note in notes if isinstance(note, Limits)), None)
        by_user = decided is SetBy.USER
        yield node.arg, Setting(node.arg, kind, value, "", sensible, by_user, limits)


def _common(base: SourceClass) -> list[Setting]:
    """Return the settings that a room's base class gives to every part."""
    for node in base.node.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "registry":
            words = node.value.keywords if isinstance(node.value, ast.Call) else []
            common = next((word.value for word in words if word.arg == "common"), None)
            settings = _Names(base.module).value(common, ())
            return (
                [each for each in settings if isinstance(each, Setting)]
                if isinstance(settings, list)
                else []
            )
    return []


class _Names(Mapping[str, object]):
    """Values of the names at the top of a module, looked up when they are used."""

    def __init__(self, module: ast.Module) -> None:
        self._nodes = {name: node for node in module.body for name in _bound(node)}

    def value(self, node: ast.expr | None, otherwise: object) -> object:
        """Return the value of an expression, or `otherwise` if it needs a name that is not read."""
        if node is None:
            return otherwise
        try:
            return self._evaluated(node)
        except (KeyError, NameError, TypeError, AttributeError, ImportError):
            return otherwise

    def __getitem__(self, name: str) -> object:
        node = self._nodes.get(name)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            return self._evaluated(node.value)
        if isinstance(node, ast.ClassDef):
            return type(name, (), {})
        if isinstance(node, ast.ImportFrom) and node.module:
            return _imported(node.module, name)
        return vars(builtins)[name]

    def _evaluated(self, node: ast.expr) -> object:
        return eval(
            compile(ast.Expression(node), "<source>", "eval"), {}, self
        )  # Torso's own source

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def _bound(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top of a module gives a meaning."""
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names if alias.asname in (None, alias.name)]
    if isinstance(node, ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _imported(module: str, name: str) -> object:
    """Return the value of a module's name; a stand-in for a class of a module that is not read."""
    if module in _LIGHT:
        return getattr(import_module(module), name)
    first, *rest = module.split(".")
    path = _TORSO.joinpath(*rest)
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if first == "torso" and file.is_file():
            return _Names(ast.parse(file.read_bytes()))[name]
    return type(name, (), {})
