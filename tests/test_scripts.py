"""Scripts outside the package import names that exist; most of them are too long to be run by a test."""

import ast
from importlib import import_module

from tests.places import ROOT


def test_benchmarks_and_examples_import_what_exists():
    absent = []
    for folder in ("benchmarks", "examples", "release"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.ImportFrom)
                    and (node.module or "").split(".")[0] == "torso"
                ):
                    module = import_module(str(node.module))
                    absent += [
                        f"{path.relative_to(ROOT)}:{node.lineno}: {node.module}.{alias.name}"
                        for alias in node.names
                        if not hasattr(module, alias.name) and not exists(node.module, alias.name)
                    ]
    assert absent == []


def exists(package: str | None, name: str) -> bool:
    """Return whether a package has a module of that name."""
    try:
        import_module(f"{package}.{name}")
    except ImportError:
        return False
    return True
