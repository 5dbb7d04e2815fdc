"""Changes of inputs: of their bytes, and of the trees that JSON and YAML are."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

from .border import Change

__all__ = ["bytes_changed", "drawn", "mostly", "tree_changed", "tree_text"]

_ODD_BYTES = (0, 9, 10, 13, 27, 34, 39, 44, 58, 91, 123, 127, 128, 255)
DEEP, DIGITS, ALONE = "@deep@", "@digits@", "@alone@"
_WRITTEN = {DEEP: "[" * 3000 + "]" * 3000, DIGITS: "9" * 5000, ALONE: r'"\ud800"'}
"""Values that `json.dumps` cannot write -> their text."""
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e308, float("inf"), float("nan")),
    *(2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**20, 10**400),
    *(
        "",
        " ",
        "x",
        "é",
        "日本",
        "\0",
        "\x1b[31m",
        "-1",
        "1e999",
        "²",
        "NA",
        "null",
        "a.b",
        "=",
        "x" * 5000,
    ),
    *(
        "../../etc/passwd",
        "/",
        "~",
        "os:system",
        "9999-99-99",
        "2024-02-30T25:61",
        "0001-01-01",
        "number",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        [0] * 300,
        {"": None},
        {"type": None},
        {"kind": "number"},
        {"type": "concat"},
    ),
    *(DEEP, DIGITS, ALONE),
)


def bytes_changed(*tokens: bytes, most: int = 6) -> Change:
    """Return a change of some bytes: flipped, cut, doubled, moved between inputs; `tokens` are put in."""

    def change(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
        case = bytearray(draw.choice(corpus))
        for _ in range(draw.randint(1, most)):
            _change_bytes(draw, case, corpus, tokens)
        return bytes(case)

    return change


def _change_bytes(
    draw: random.Random, case: bytearray, corpus: Sequence[bytes], tokens: Sequence[bytes]
) -> None:
    at = draw.randrange(len(case) + 1)
    length = min(len(case) - at, 1 << draw.randrange(8))
    way = draw.randrange(8 if tokens else 7)
    if way == 0 and at < len(case):
        case[at] ^= 1 << draw.randrange(8)
    elif way == 1 and at < len(case):
        case[at] = draw.choice(_ODD_BYTES)
    elif way == 2:
        del case[at : at + length]
    elif way == 3:
        case[at:at] = case[at : at + length] * draw.choice((1, 1, 2, 50))
    elif way == 4:
        other = draw.choice(corpus)
        start = draw.randrange(len(other) + 1)
        case[at : at + length] = other[start : start + (1 << draw.randrange(8))]
    elif way == 5:
        case[at : at + length] = draw.randbytes(length)
    elif way == 6 and draw.random() < 0.3:
        del case[at:]
    elif tokens:
        case[at : at + draw.choice((0, 0, length))] = draw.choice(tokens)


def tree_changed(draw: random.Random, tree: Any, most: int = 3) -> Any:
    """Return the tree with some of its values taken out, doubled, moved, or made odd."""
    root = [json.loads(json.dumps(tree))]
    for _ in range(draw.randint(1, most)):
        slots = list(_slots(root))
        inside, key = draw.choice(slots)
        way = draw.randrange(6)
        if way < 3:
            inside[key] = copy.deepcopy(draw.choice(ODD))
        elif way == 3 and inside is not root:
            value = inside.pop(key)
            if isinstance(inside, dict) and draw.random() < 0.5:
                inside[str(draw.choice(ODD))[:200]] = value
        elif way == 4:
            other, name = draw.choice(slots)
            if name in other if isinstance(other, dict) else name < len(other):
                inside[key] = json.loads(json.dumps(other[name]))
        else:
            inside[key] = [inside[key]] if draw.random() < 0.5 else {"kind": inside[key]}
    return root[0]


def _slots(tree: Any) -> Any:
    pairs = enumerate(tree) if isinstance(tree, list) else tree.items()
    for key, value in pairs:
        yield tree, key
        if isinstance(value, list | dict):
            yield from _slots(value)


def tree_text(tree: Any) -> bytes:
    """Return the tree as JSON, which is YAML too, with what JSON's writer has no words for."""
    text = json.dumps(tree, ensure_ascii=False)
    for sign, written in _WRITTEN.items():
        text = text.replace(f'"{sign}"', written)
    return text.encode("utf-8", "surrogatepass")


def mostly(often: Change, seldom: Change, share: float = 0.2) -> Change:
    """Return a change that is `seldom` for a share of all cases."""

    def change(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
        return (seldom if draw.random() < share else often)(draw, corpus)

    return change


def drawn(most: int) -> Change:
    """Return a change that takes random bytes, as Hypothesis draws values from."""

    def change(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
        del corpus
        return draw.randbytes(draw.randint(8, most))

    return change
