"""Every message in the source that names something to paste, and the tests that paste it.

A cure is an option of the command line, a command, a setting or a call in backticks, or a line of pip. It is read in
the source, not at run time, so that a new one cannot be forgotten: `test_every_cure.py` asks for its test.
"""

from __future__ import annotations

import ast
import functools
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.places import ROOT

__all__ = ["TRIED", "Template", "fragments", "pasted", "templates", "tries"]

WORDS = re.compile(
    r"--[a-z][a-z-]+|\btorso [a-z]+ [^a-z]|\bpip install |\biconv |\bhf download |SETTING"
)
CODE = re.compile(r"\w( = |=|: |\()|\.\w+\(\)$")
"""Between backticks: a setting, an assignment or a call."""
NO_MESSAGES = ("Option", "Argument", "Field", "re.compile", "re.search")
"""Calls whose texts are help, descriptions or patterns."""

TRIED: dict[str, str] = {}
"""Fragment of a template -> the test that meets the message and follows it."""


@dataclass(frozen=True)
class Template:
    """A message of the source, `{}` for values, `{SETTING}` for `--set PATH=VALUE`.

    Args:
        place: file.
        text: the message, or the part of it that one expression holds.
    """

    place: str
    text: str

    def search(self, said: str) -> bool:
        """Return whether a text that was printed holds the message."""
        parts = (re.escape(part) for part in re.split(r"\{\}|\{SETTING\}", self.text))
        pattern = ".*?".join(parts).replace(r"\-\-set\ ", "--set '?")
        return re.search(pattern, said, re.DOTALL) is not None


@functools.cache
def templates() -> tuple[Template, ...]:
    """Return all cures of the source."""
    files = sorted((ROOT / "src" / "torso").rglob("*.py"))
    return tuple(template for file in files for template in _of_file(file))


def _of_file(file: Path) -> Iterator[Template]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    name = file.relative_to(ROOT / "src" / "torso").as_posix()
    for node in _messages(tree):
        text = _text(node)
        if text is not None and _is_cure(text):
            yield Template(name, text)


def _is_cure(text: str) -> bool:
    quoted = text.split("`")[1::2]
    return " " in text and bool(WORDS.search(text) or any(map(CODE.search, quoted)))


def _messages(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the outermost expressions that hold texts, without docstrings, help and patterns."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called.endswith(NO_MESSAGES):
            return
        if called == "setting":
            yield node
            return
    if isinstance(node, ast.expr) and _text(node) is not None:
        yield node
        inner = [
            part.value
            for part in getattr(node, "values", [])
            if isinstance(part, ast.FormattedValue)
        ]
        for value in inner:
            if not _is_setting(value):
                yield from _messages(value)
        return
    for child in ast.iter_child_nodes(node):
        yield from _messages(child)


def _is_setting(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "setting"


def _text(node: ast.AST) -> str | None:
    """Return the text of an expression with gaps for its values; None if it is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "{SETTING}" if _is_setting(node.value) else "{}"
    if _is_setting(node):
        return f"--set {_text(node.args[0]) or '{}'}="
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None and right is None else f"{left or '{}'}{right or '{}'}"
    return None


def fragments(fragment: str) -> list[Template]:
    """Return the templates that hold a fragment; it may begin with their file and a blank."""
    return [each for each in templates() if fragment in f"{each.place} {each.text}"]


def tries(*named: str) -> Callable[[Callable[..., str]], Callable[..., None]]:
    """Mark a test that returns what was printed, after it has followed the cures in it.

    Args:
        named: a fragment of each template that the printed text holds.
    """

    def marked(test: Callable[..., str]) -> Callable[..., None]:
        TRIED.update(dict.fromkeys(named, test.__qualname__))

        @functools.wraps(test)
        def tried(*args: object, **kwargs: object) -> None:
            said = test(*args, **kwargs)
            for fragment in named:
                assert any(each.search(said) for each in fragments(fragment)), (fragment, said)

        return tried

    return marked


def pasted(text: str, **filled: str) -> list[str]:
    """Return the settings that a text prints, as a shell passes them on.

    >>> pasted("To keep it: --set 'a.b c=[1, 2]' --set x.y=YEAR.", YEAR="1950")
    ['a.b c=[1, 2]', 'x.y=1950']

    Args:
        text: that was printed.
        filled: placeholder -> what a user writes in its place.
    """
    settings = []
    for found in re.finditer(r"--set ", text):
        rest = text[found.end() :]
        for end in [*(stop.start() for stop in re.finditer(r"[ \n]", rest)), len(rest)]:
            try:
                words = shlex.split(rest[:end].rstrip(".,;:)"))
            except ValueError:  # within quotes
                continue
            settings.append(words[0])
            break
    for placeholder, value in filled.items():
        settings = [each.replace(placeholder, value) for each in settings]
    return settings
