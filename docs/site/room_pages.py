"""One page per room, made from its docstrings: what `<!-- room: NAME -->` in a page is replaced by.

griffe reads the source without importing it, so the site needs no torch, and no page can lag behind the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import griffe
from sphinx.application import Sphinx

__all__ = ["room_page", "setup"]

SOURCE = Path(__file__).resolve().parents[2] / "src"
MARK = re.compile(r"^<!-- room: (\w+) -->$", re.MULTILINE)
LINK = re.compile(r"(?<!\]\()(?<!<)https?://[^\s),]+")
PROMPTS = re.compile(r"(?:^>>> .*\n(?:(?!\n).*\n?)*)", re.MULTILINE)


@cache
def package() -> griffe.Module:
    """Return the package as its source says it."""
    loaded = griffe.load(
        "torso", search_paths=[str(SOURCE)], docstring_parser="google", allow_inspection=False
    )
    assert isinstance(loaded, griffe.Module)
    return loaded


def in_markdown(text: str) -> str:
    """Return a docstring with its examples as blocks."""
    linked = LINK.sub(r"<\g<0>>", text)
    return PROMPTS.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```\n", linked + "\n").strip()


def public(module: griffe.Module) -> Iterator[griffe.Class | griffe.Function]:
    """Yield the classes and functions that a module exports, by name."""
    for name in sorted(map(str, module.exports or ()), key=str.lower):
        own = module.members.get(name)
        if own is None:
            continue
        target = own.final_target if isinstance(own, griffe.Alias) else own
        if isinstance(target, griffe.Class | griffe.Function) and target.docstring:
            yield target


def call(part: griffe.Class | griffe.Function) -> str:
    """Return how a part is called, without types."""
    function = part.members.get("__init__") if isinstance(part, griffe.Class) else part
    if not isinstance(function, griffe.Function):
        return f"{part.name}()" if isinstance(part, griffe.Function) else part.name
    words, starred = [], False
    for parameter in function.parameters:
        kind = parameter.kind.value if parameter.kind else ""
        if parameter.name in ("self", "cls"):
            continue
        if "variadic" in kind:
            words.append(("**" if "keyword" in kind else "*") + parameter.name)
            starred = True
            continue
        if kind == "keyword-only" and not starred:
            words.append("*")
            starred = True
        default = "" if parameter.default is None else f"={parameter.default}"
        words.append(parameter.name + default)
    return f"{part.name}({', '.join(words)})"


def entry(part: griffe.Class | griffe.Function) -> str:
    """Return the section of a class or a function: call, docstring, what its arguments mean."""
    blocks = [f"### `{part.name}`", f"```python\n{call(part)}\n```"]
    assert part.docstring
    for section in part.docstring.parsed:
        if section.kind is griffe.DocstringSectionKind.text:
            blocks.append(in_markdown(section.value))
        elif section.kind is griffe.DocstringSectionKind.parameters:
            rows = [f"| `{each.name}` | {cell(each.description)} |" for each in section.value]
            blocks.append("\n".join(["| argument | meaning |", "| --- | --- |", *rows]))
        elif section.kind is griffe.DocstringSectionKind.examples:
            blocks += [in_markdown(text) for _, text in section.value]
        elif section.kind in (
            griffe.DocstringSectionKind.returns,
            griffe.DocstringSectionKind.raises,
        ):
            word = section.kind.value.capitalize()
            said = "; ".join(cell(each.description) for each in section.value)
            blocks.append(f"**{word}:** {said}")
    return "\n\n".join(blocks)


def cell(text: str) -> str:
    """Return a text as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def room_page(name: str) -> str:
    """Return what the docstrings of a room say: the room, its parts, and those of its folders."""
    room = package().members[name]
    assert isinstance(room, griffe.Module)
    blocks = [in_markdown(room.docstring.value) if room.docstring else ""]
    folders = [room, *(each for each in room.modules.values() if each.is_package)]
    seen: set[str] = set()
    for folder in folders:
        parts = [part for part in public(folder) if part.path not in seen]
        seen |= {part.path for part in parts}
        if parts:
            blocks += [f"## `{folder.path}`"]
            if folder is not room and folder.docstring:
                blocks.append(in_markdown(folder.docstring.value))
            blocks += map(entry, parts)
    return "\n\n".join([*blocks, "## Modules", modules(room)])


def modules(room: griffe.Module) -> str:
    """Return a line per public module of a room: its path and the first sentence about it."""
    rows = [
        f"| `{each.path}` | {cell(LINK.sub('', each.docstring.value).partition(chr(10) * 2)[0])} |"
        for each in all_modules(room)
        if each.docstring
    ]
    return "\n".join(["| module | content |", "| --- | --- |", *rows])


def all_modules(room: griffe.Module) -> Iterator[griffe.Module]:
    """Yield the public modules below a room."""
    for name, each in sorted(room.modules.items()):
        if not name.startswith("_"):
            yield each
            yield from all_modules(each)


def add_room(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put a room's docstrings where a page asks for them."""
    source[0] = MARK.sub(lambda found: room_page(found[1]), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask to see each page before it is parsed."""
    app.connect("source-read", add_room)
    return {"parallel_read_safe": True}
