"""A small modality of each form, some rows of which lack it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.columns.sources import ListSource, Source, joined
from torso.plain.flat import Part
from torso.tables import read_table
from torso.tables.table import Column

ROWS = 12
GAPS = (3, 7)
_PEOPLE = ["Ada Byron", "Alan Turing", "Ada  BYRON", None, "Grace Hopper", "Alan Turing"] * 2
_COLUMNS: dict[str, dict[str, list]] = {
    "numbers": {
        "number": [1.5, 2.0, -3.0, None, 5.0, 0.0] * 2,
        "datetime": ["2021-03-04", "2022-01-01", "1999-12-31", None] * 3,
    },
    "categories": {
        "category": ["a", "b", "a", None, "c", "a"] * 2,
        "binary": [True, False, True, None] * 3,
    },
    "names": {"name": _PEOPLE},
    "sets": {"set": [["x", "y"], [], ["y"], None, ["z", "x"], ["y"]] * 2},
    "vector": {"vector": [[1.0, 2.0], [0.0, 5.0], None, [3.0, 3.0]] * 3},
    "sequence": {"sequence": [[[1.0, 2.0], [3.0, 0.0]], [[0.0, 0.0]], None, [[5.0, 1.0]] * 3] * 3},
    "text": {"text": ["Sun and rain", "no rain", None, "A sunny day, 25 degrees"] * 3},
}


class Encoded(ListSource):
    """Tokens of an encoder."""

    encoded = True


@dataclass(frozen=True)
class Example:
    """A modality with its cells."""

    part: Part
    columns: dict[str, Column]
    source: Source

    def only(self, rows: list[int]) -> Example:
        """Return some rows, as a table of their own."""
        if isinstance(self.source, ListSource):
            old = self.source
            arrays = [old.arrays[row] for row in rows]
            source = type(old)(arrays, old.tail, old.dtype, old.fixed)
            return Example(self.part, self.columns, source)
        cells = {
            name: [column.values[row].as_py() for row in rows]
            for name, column in self.columns.items()
        }
        return Example(self.part, *_laid_out(self.part, cells))


def example(form: str) -> Example:
    """Return the example of a form."""
    if form in _COLUMNS:
        cells = _COLUMNS[form]
        table = read_table(cells)
        kinds = {name: Input.registry.build(name) for name in cells}
        for name, kind in kinds.items():
            kind.fit(table.column(name))
        part = Part(form, form, kinds)
        return Example(part, *_laid_out(part, cells))
    kind, shape, fixed = {
        "audio": (Input.registry.build("audio"), (20, 64), None),
        "image": (
            Input.registry.build(
                "image",
            ),
            (16, 16, 3),
            16,
        ),
        "video": (Input.registry.build("image"), (4, 16, 16, 3), None),
        "encoded": (Input.registry.build("text"), (5, 70), None),
    }[form]
    random = np.random.default_rng(0)
    arrays = [None if row in GAPS else _media(random, shape, fixed, row) for row in range(ROWS)]
    dtype = np.dtype(np.uint8 if shape[-1] == 3 else np.float16)
    source = (Encoded if form == "encoded" else ListSource)(arrays, shape[1:], dtype, fixed)
    return Example(
        Part(form, form, {form: kind}), {form: read_table({form: [""] * ROWS}).column(form)}, source
    )


def _media(
    random: np.random.Generator, shape: tuple[int, ...], fixed: int | None, row: int
) -> np.ndarray:
    length = shape[0] if fixed else 1 + (shape[0] + row) % shape[0]
    if shape[-1] == 3:
        return random.integers(0, 256, (length, *shape[1:]), np.uint8)
    return random.standard_normal((length, *shape[1:])).astype(np.float16)


def _laid_out(part: Part, cells: dict[str, list]) -> tuple[dict[str, Column], Source]:
    table = read_table(cells)
    columns = {name: table.column(name) for name in cells}
    return columns, joined(
        [kind.source(columns[name], Reading()) for name, kind in part.columns.items()]
    )
