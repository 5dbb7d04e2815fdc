"""The shape of the code in figures: sizes, parameters, `Any`, circles, words, and the cases of the suite.

    python benchmarks/shape.py                      # this tree
    python benchmarks/shape.py --tree ../elsewhere  # another checkout
    python benchmarks/shape.py --cases --json       # also collects the tests (15 s); JSON instead of a table

The figures come from the syntax tree and are the same on every machine. `tests/test_architecture.py` holds the
limits, with the functions below.

* A function's parameters: all but `self`, `cls`, `*args` and `**kwargs`. Constructors of parts (encoders, fusions, ...)
  are counted apart: their signature is the list of their settings.
* A function's length: its lines from `def` to the end, docstring included.
* Mutual imports: pairs of rooms, or of packages in a room, that import each other.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

__all__ = ["Definition", "Tree", "main"]

ROOT = Path(__file__).resolve().parents[1]
LONG_SIGNATURE = 6
PARTS = {"encoders", "fusion", "sharing", "balancing", "tasks", "columns", "heads", "data"}
"""Rooms of parts; the last two were called so before the tree moved."""
VAGUE_NAMES = {"one", "found"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
OF_WHOSE = re.compile(r"\bof whose\b")
RIDDLE = re.compile(r"(What|Whether)\b")
WHAT_CLAUSE = re.compile(r"\bwhat\b", re.IGNORECASE)


@dataclass(frozen=True)
class Definition:
    """A function or method: where it stands, its parameters and its lines."""

    module: str
    name: str
    parameters: int
    lines: int

    @property
    def of_a_part(self) -> bool:
        """True for the constructor of a part: its signature is the schema of the part's settings."""
        return self.name == "__init__" and Tree.room(self.module) in PARTS

    def __str__(self) -> str:
        return f"{self.module}:{self.name} ({self.parameters} parameters, {self.lines} lines)"


class Tree:
    """The modules under a `src` folder, parsed once, when first asked.

    Args:
        src: the folder that holds the package.
    """

    def __init__(self, src: Path) -> None:
        self.src = src
        self.paths = {self._name(path): path for path in sorted(src.glob("torso/**/*.py"))}

    @cached_property
    def texts(self) -> dict[str, str]:
        """Module -> its source."""
        return {name: path.read_text(encoding="utf-8") for name, path in self.paths.items()}

    @cached_property
    def parsed(self) -> dict[str, ast.Module]:
        """Module -> its syntax tree."""
        return {name: ast.parse(text) for name, text in self.texts.items()}

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.src).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @staticmethod
    def room(module: str) -> str:
        """Return the room of a module: `fusion` for `torso.fusion.gated`."""
        return module.split(".")[1] if "." in module else module

    def lines(self) -> dict[str, int]:
        """Return module -> its number of lines."""
        return {name: len(text.splitlines()) for name, text in self.texts.items()}

    def lines_of(self) -> Counter[str]:
        """Return how many lines are docstrings, imports, blank, and code with its comments."""
        total: Counter[str] = Counter()
        for module, tree in self.parsed.items():
            docstrings, imports = set(), set()
            for node in ast.walk(tree):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    imports |= _span(node)
                elif isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
                    docstrings |= _span(node.body[0])
            lines = self.texts[module].splitlines()
            blank = {number for number, line in enumerate(lines, 1) if not line.strip()}
            blank -= docstrings
            total["docstrings"] += len(docstrings)
            total["imports"] += len(imports)
            total["blank lines"] += len(blank)
            total["code"] += len(lines) - len(docstrings) - len(imports) - len(blank)
        return total

    def packages(self) -> list[str]:
        """Return the modules that are an `__init__.py`."""
        return [name for name, path in self.paths.items() if path.name == "__init__.py"]

    @cached_property
    def definitions(self) -> list[Definition]:
        """Every function and method."""
        return list(self._definitions())

    def _definitions(self) -> Iterator[Definition]:
        for module, tree in self.parsed.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    given = node.args
                    names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
                    count = len(names) - (names[:1] in (["self"], ["cls"]))
                    assert node.end_lineno is not None
                    yield Definition(module, node.name, count, node.end_lineno - node.lineno + 1)

    def any_count(self) -> Counter[str]:
        """Return module -> how often `Any` stands in it, apart from the import."""
        return Counter(
            module
            for module, tree in self.parsed.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id == "Any"
        )

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """Module -> the modules it imports anywhere: at the top, in a function, for types only."""
        return {module: set(self._imports(module)) for module in self.parsed}

    @cached_property
    def inner_imports(self) -> dict[str, set[str]]:
        """Module -> the modules of this tree that it imports."""
        return {module: others & self.paths.keys() for module, others in self.imports.items()}

    def _imports(self, module: str) -> Iterator[str]:
        for node in ast.walk(self.parsed[module]):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{module}: relative import in line {node.lineno}"
                assert node.module is not None
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                yield from (inside & self.parsed.keys()) or {node.module}

    def mutual_imports(self) -> list[tuple[str, str]]:
        """Return the pairs of rooms, and of packages within them, that import each other."""

        def packages(module: str) -> set[str]:
            parts = module.split(".")
            inner = ".".join(parts[:3])
            room = ".".join(parts[:2])
            return {room, inner} if self._is_package(inner) else {room}

        pairs = {
            (left, right)
            for module, others in self.inner_imports.items()
            for other in others
            for left in packages(module)
            for right in packages(other)
            if not f"{left}.".startswith(f"{right}.") and not right.startswith(f"{left}.")
        }
        names = sorted({name for pair in pairs for name in pair} - {"torso"})
        return [p for p in combinations(names, 2) if p in pairs and p[::-1] in pairs]

    def _is_package(self, module: str) -> bool:
        return self.src.joinpath(*module.split(".")).is_dir()

    def docstrings(self) -> Iterator[tuple[str, str]]:
        """Yield `module:line` and text of every docstring."""
        for module, tree in self.parsed.items():
            for node in ast.walk(tree):
                if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
                    yield f"{module}:{getattr(node, 'lineno', 1)}", text

    def strings(self) -> Iterator[tuple[str, str]]:
        """Yield `module:line` and text of every string: docstrings and messages."""
        for module, tree in self.parsed.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{module}:{node.lineno}", node.value

    def riddles(self) -> list[str]:
        """Return the docstrings that open with `What` or `Whether`, and the strings that say `of whose`."""
        opening = [
            f"{where}: {text[:60]!r}" for where, text in self.docstrings() if RIDDLE.match(text)
        ]
        return opening + [
            f"{where}: of whose" for where, text in self.strings() if OF_WHOSE.search(text)
        ]

    def what_clauses(self) -> list[str]:
        """Return the docstrings whose first paragraph holds the word `what`."""
        return [
            where
            for where, text in self.docstrings()
            if WHAT_CLAUSE.search(text.partition("\n\n")[0])
        ]

    def vague_names(self) -> list[str]:
        """Return where a name of `VAGUE_NAMES` is bound."""
        return [
            f"{module}:{name}"
            for module, tree in self.parsed.items()
            for name in _bound(tree)
            if name in VAGUE_NAMES
        ]

    def rooms(self) -> list[str]:
        """Return the packages directly under `torso`."""
        return [name for name in self.packages() if name.count(".") == 1]

    def without_example(self) -> list[str]:
        """Return the rooms whose package docstring shows no example."""
        return [
            name
            for name in self.rooms()
            if ">>>" not in (ast.get_docstring(self.parsed[name]) or "")
        ]


def _span(node: ast.stmt) -> set[int]:
    assert node.end_lineno is not None
    return set(range(node.lineno, node.end_lineno + 1))


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def cases(root: Path) -> int:
    """Return the number of cases that pytest collects in a checkout."""
    run = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
    done = subprocess.run(run, cwd=root, capture_output=True, text=True, check=True)
    return sum(int(count) for count in re.findall(r": (\d+)$", done.stdout, re.MULTILINE))


def figures(root: Path) -> dict[str, Any]:
    """Return figure -> value for a checkout."""
    tree = Tree(root / "src")
    lines, definitions = tree.lines(), tree.definitions
    long = [each for each in definitions if each.parameters > LONG_SIGNATURE]
    per_room: Counter[str] = Counter()
    for module, count in lines.items():
        per_room[tree.room(module)] += count
    return {
        "files": len(lines),
        "lines": sum(lines.values()),
        **{f"of these, {kind}": count for kind, count in tree.lines_of().items()},
        "longest file": max(lines.values()),
        "longest function": max(each.lines for each in definitions),
        f"functions with more than {LONG_SIGNATURE} parameters": len(long),
        "of these, constructors of parts": sum(each.of_a_part for each in long),
        "most parameters": max(each.parameters for each in definitions),
        "`Any` in annotations": sum(tree.any_count().values()),
        "mutual imports": len(tree.mutual_imports()),
        "rooms": len(tree.rooms()),
        "rooms that show an example": len(tree.rooms()) - len(tree.without_example()),
        "names `one` and `found` bound": len(tree.vague_names()),
        "docstrings that open with What or Whether, and `of whose`": len(tree.riddles()),
        "first sentences with a what-clause": len(tree.what_clauses()),
        "lines per room": dict(per_room.most_common()),
    }


def main() -> None:
    """Print the figures of a checkout."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout; default: this one")
    parser.add_argument("--cases", action="store_true", help="collect the tests, too")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    values = figures(given.tree)
    rooms = values.pop("lines per room")
    if given.cases:
        values["cases in the test suite"] = cases(given.tree)
    if given.json:
        print(json.dumps({**values, "lines per room": rooms}, indent=1))
        return
    for title, rows in (("figure", values), ("lines in room", rooms)):
        print(f"| {title} | value |\n| --- | --- |")
        print("\n".join(f"| {name} | {value:,} |" for name, value in rows.items()), end="\n\n")


if __name__ == "__main__":
    main()
