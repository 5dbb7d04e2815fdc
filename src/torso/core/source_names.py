"""Registered parts, read in the source: importing them would import torch, which takes a second.

A part files itself with constants in its class line, `class Gated(Fusion, name="gated")`, so its syntax is enough.

>>> names = names_in_source("torso.encoders", "Encoder")
>>> "image/convnet" in names, "audio/hub" in names
(True, True)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["SourceClass", "classes_in_source", "names_in_source"]


@dataclass(frozen=True)
class SourceClass:
    """A class as its file has it.

    Attributes:
        node: its syntax.
        module: that of its file.
        ancestors: the classes of the same package that it comes from, the nearest first.
    """

    node: ast.ClassDef
    module: ast.Module
    ancestors: tuple[SourceClass, ...] = ()


def names_in_source(package: str, base: str) -> list[str]:
    """Return the names under which heirs of a class are filed, sorted; empty without source files.

    Args:
        package: import path of the package that defines the class and all its heirs.
        base: name of the class; its heirs say `name=`, and `form=` for names like `image/convnet`.
    """
    return sorted(name for name in classes_in_source(package, base) if name)


@cache
def classes_in_source(package: str, base: str) -> Mapping[str, SourceClass]:
    """Return name -> class of all heirs of a class; the class itself is under an empty name."""
    spec = find_spec(package)
    folders = [] if spec is None else spec.submodule_search_locations or []
    files = [file for folder in folders for file in Path(folder).rglob("*.py")]
    classes = {node.name: (node, module) for file in files for node, module in _classes(file)}
    heirs = {"": SourceClass(*classes[base])} if base in classes else {}
    for node, module in classes.values():
        above = tuple(_ancestors(node, classes))
        if (name := _keyword(node, "name")) and base in [each.node.name for each in above]:
            form = _keyword(node, "form")
            heirs[f"{form}/{name}" if form else name] = SourceClass(node, module, above)
    return heirs


def _classes(file: Path) -> Iterator[tuple[ast.ClassDef, ast.Module]]:
    module = ast.parse(file.read_bytes())
    return ((node, module) for node in module.body if isinstance(node, ast.ClassDef))


def _keyword(node: ast.ClassDef, key: str) -> str:
    """Return the constant that a class line says under `key`, or nothing."""
    values = [each.value for each in node.keywords if each.arg == key]
    return str(values[0].value) if values and isinstance(values[0], ast.Constant) else ""


def _ancestors(
    node: ast.ClassDef, classes: Mapping[str, tuple[ast.ClassDef, ast.Module]]
) -> Iterator[SourceClass]:
    for parent in node.bases:
        parent = parent.value if isinstance(parent, ast.Subscript) else parent
        if isinstance(parent, ast.Name) and parent.id in classes:
            yield SourceClass(*classes[parent.id])
            yield from _ancestors(classes[parent.id][0], classes)
