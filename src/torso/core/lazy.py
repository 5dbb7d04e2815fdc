"""Packages that import their names on first use, so their light modules stay light."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib import import_module

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, str], rooms: Collection[str] = ()
) -> Callable[[str], object]:
    """Return a package's `__getattr__`.

    Args:
        package: its `__name__`.
        homes: module -> the public names that it defines, with spaces between; `.module` is one of the package.
        rooms: packages inside it that `import PACKAGE` alone shall give.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> object:
        try:
            if name in modules:
                return getattr(import_module(modules[name], package), name)
            if name in rooms:
                return import_module(f".{name}", package)
        except ModuleNotFoundError as error:
            if (
                package != "torso"
            ):  # whoever asked the face, or the command line, says what was asked for
                raise
            from torso.core.optional import needs_training

            raise needs_training(error, f"`{package}.{name}`") from error
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
