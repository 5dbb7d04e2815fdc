"""A column on its way into a table: its cells, and the facts that no Arrow type holds."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from torso.core.errors import DataError, cell_error

__all__ = ["Categories", "RawColumn", "Unreadable"]


@dataclass(frozen=True)
class Categories:
    """The values that a categorical type allows.

    Attributes:
        names: each as text, in the order of the type.
        ordered: the type says that they have an order.
    """

    names: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Unreadable:
    """Why no kind can read a column.

    Attributes:
        row: of the first cell that cannot be read, from 0.
        problem: the rule and the value found.
        cure: a sentence.
    """

    row: int
    problem: str
    cure: str

    def error(self, table: str, column: str) -> DataError:
        """Return the error for somebody who asks for the column."""
        return cell_error(table, self.row + 1, column, f"{self.problem}. {self.cure}")


@dataclass(frozen=True)
class RawColumn:
    """Cells of any Arrow type, with the facts that the type cannot hold.

    Attributes:
        values: the cells; where the column is unreadable, true for each that holds something.
        field: name and type as a file gives them; None for a column without metadata.
        note: how cells were changed, to be told to the user; empty if they were not.
        unreadable: why no kind can read the cells.
        categories: of a categorical type.
        is_settled: the cells are of a common type already, and null where they hold nothing.
    """

    values: pa.ChunkedArray
    field: pa.Field | None = None
    note: str = ""
    unreadable: Unreadable | None = None
    categories: Categories | None = None
    is_settled: bool = False

    @classmethod
    def of(cls, values: pa.Array | pa.ChunkedArray, note: str = "") -> RawColumn:
        """Return a column of `values`."""
        chunked = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
        return cls(chunked, note=note)

    @classmethod
    def without_cells(cls, filled: pa.Array | pa.ChunkedArray, why: Unreadable) -> RawColumn:
        """Return a column that cannot be read, of which only is known which cells are `filled`."""
        marks = pc.if_else(filled, True, pa.scalar(None, pa.bool_()))
        chunked = marks if isinstance(marks, pa.ChunkedArray) else pa.chunked_array([marks])
        return cls(chunked, unreadable=why)
