"""Rows of a request as a table that the run reads; each cell is checked by its column's kind, at the border."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from torso.core.errors import unknown
from torso.serving.cells import cell_of
from torso.serving.files import check_file
from torso.serving.refusals import Refusal
from torso.serving.settings import Limits
from torso.serving.values import Kind

__all__ = ["Rows", "parsed", "rows_of", "table_of"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one request.

    Attributes:
        table: with all inputs of the run.
        form: types of its columns; rows of one form can be answered together.
        size: bytes.
    """

    table: pa.Table
    form: tuple[str, ...]
    size: int

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)


def parsed(body: bytes) -> object:
    """Return the value of a JSON body.

    Raises:
        Refusal: no JSON, NaN, or nested too deeply.
    """
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise Refusal("too_deep", "lists or objects nested too deeply") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Refusal("bad_json", f"The body is no JSON: {error}.") from None


def _no_constant(name: str) -> object:
    raise Refusal(
        "bad_json", f"{name} is no JSON.", cure="Leave the cell out, or send null, for no value."
    )


def rows_of(sent: object, limits: Limits) -> list[Mapping[str, object]]:
    """Return the rows of a body: `{"row": {…}}` or `{"rows": [{…}, …]}`.

    Raises:
        Refusal: another form, none, or too many.
    """
    if not isinstance(sent, dict) or len(sent.keys() & {"row", "rows"}) != 1 or len(sent) != 1:
        given = sorted(sent)[:8] if isinstance(sent, dict) else type(sent).__name__
        raise Refusal(
            "bad_request",
            f'The body should be {{"row": {{…}}}} or {{"rows": [{{…}}, …]}}. Found {given}.',
            cure="GET /schema has an example.",
        )
    rows = [sent["row"]] if "row" in sent else sent["rows"]
    if not isinstance(rows, list):
        raise Refusal("bad_request", "`rows` should be a list of objects.")
    if not rows:
        raise Refusal("no_rows", "`rows` is empty.", cure="Send at least one row.")
    if len(rows) > limits.rows:
        raise Refusal(
            "too_many_rows",
            f"{len(rows):,} rows, more than the limit of {limits.rows:,}.",
            cure="Send fewer at once, or a table to /predict/table.",
        )
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise Refusal(
                "bad_request",
                f"Row {number} should be an object, column -> cell. Found {type(row).__name__}.",
                row=number,
            )
    return rows


def table_of(
    rows: Sequence[Mapping[str, object]], inputs: Mapping[str, Kind], limits: Limits
) -> Rows:
    """Return rows as a table; absent cells, null and empty texts count as missing.

    Args:
        rows: column -> cell as JSON has it; a file may be bytes.
        inputs: column -> its kind.
        limits: of files.

    Raises:
        Refusal: an unknown column, or a cell of another form than its kind's; it names row and column.
    """
    for number, row in enumerate(rows, 1):
        if not row.keys() <= inputs.keys():
            name = next(name for name in row if name not in inputs)
            raise Refusal(
                "unknown_column",
                f"Row {number}: {unknown('column', name[:80], inputs)}",
                cure="Send only the inputs that GET /schema lists.",
                row=number,
                column=name,
            )
    arrays = [_column(name, kind, rows, limits) for name, kind in inputs.items()]
    table = pa.table(dict(zip(inputs, arrays, strict=True)))
    return Rows(table, tuple(str(array.type) for array in arrays), int(table.nbytes))


def _column(
    name: str, kind: Kind, rows: Sequence[Mapping[str, object]], limits: Limits
) -> pa.Array:
    cell = cell_of(kind)
    values: list[object] = []
    for number, row in enumerate(rows, 1):
        value = row.get(name)
        try:
            value = None if value is None or value == "" else cell.read(value)
            if isinstance(value, bytes):
                value = value or None
                check_file(kind, value, limits)
        except Refusal as refusal:
            raise _placed(refusal, number, name) from None
        values.append(value)
    try:
        return cell.array(values)
    except Refusal as refusal:
        raise _placed(refusal, None, name) from None


def _placed(refusal: Refusal, row: int | None, column: str) -> Refusal:
    """Return a refusal that names row and column."""
    place = f"Column {column!r}" if row is None else f"Row {row}, column {column!r}"
    return Refusal(
        refusal.code, f"{place}: {refusal.message}.", cure=refusal.cure, row=row, column=column
    )
