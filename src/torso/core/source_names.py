"""Names of registered parts, read in the source: importing the parts would import torch, which takes a second.

A part files itself with constants in its class line, `class Gated(Fusion, name="gated")`, so its syntax is enough.

>>> names = names_in_source("torso.encoders", "Encoder")
>>> "image/convnet" in names, "audio/hub" in names
(True, True)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

__all__ = ["names_in_source"]


def names_in_source(package: str, base: str) -> list[str]:
    """Return the names under which heirs of a class are filed, sorted; empty without source files.

    Args:
        package: import path of the package that defines the class and all its heirs.
        base: name of the class; its heirs say `name=`, and `form=` for names like `image/convnet`.
    """
    spec = find_spec(package)
    folders = [] if spec is None else spec.submodule_search_locations or []
    files = [file for folder in folders for file in Path(folder).rglob("*.py")]
    classes = {node.name: node for file in files for node in _classes(file)}
    return sorted(
        f"{form}/{name}" if (form := _keyword(node, "form")) else name
        for node in classes.values()
        if (name := _keyword(node, "name")) and base in _ancestors(node, classes)
    )


def _classes(file: Path) -> Iterator[ast.ClassDef]:
    tree = ast.parse(file.read_bytes())
    return (node for node in tree.body if isinstance(node, ast.ClassDef))


def _keyword(node: ast.ClassDef, key: str) -> str:
    """Return the constant that a class line says under `key`, or nothing."""
    values = [each.value for each in node.keywords if each.arg == key]
    return str(values[0].value) if values and isinstance(values[0], ast.Constant) else ""


def _ancestors(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[str]:
    for parent in node.bases:
        if isinstance(parent, ast.Name):
            yield parent.id
            if parent.id in classes:
                yield from _ancestors(classes[parent.id], classes)
