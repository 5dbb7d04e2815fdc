"""Rows of a multipart form: a part per column, or `row` / `rows` in JSON whose files are other parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torso.serving.refusals import Refusal
from torso.serving.rows import parsed, rows_of
from torso.serving.settings import Limits
from torso.serving.values import Kind

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["only_file", "rows_of_form"]

_PARTS = 1000
_JSON = ("row", "rows")


async def rows_of_form(
    request: Request, body: bytes, inputs: Mapping[str, Kind], limits: Limits
) -> Sequence[Mapping[str, object]]:
    """Return the rows of a form.

    Args:
        request: of Starlette.
        body: of the request.
        inputs: column -> its kind.
        limits: of rows.

    Raises:
        Refusal: a damaged form, or a cell that names a part which is not there.
    """
    texts, files, _ = await _parts(request, body)
    if len(texts.keys() & {*_JSON} - inputs.keys()) == 1:
        return _of_json(texts, files, limits)
    row: dict[str, object] = {**texts}
    for name, data in files.items():
        kind = inputs.get(name)
        row[name] = data if kind is None or kind.in_files else _decoded(name, data)
    return [{name: _cell(inputs.get(name), cell) for name, cell in row.items()}]


async def only_file(request: Request, body: bytes) -> tuple[str, bytes]:
    """Return name and content of the table in a form, the file of the part `table`.

    Raises:
        Refusal: a damaged form, or another number of files.
    """
    _, files, names = await _parts(request, body)
    if set(files) != {"table"}:
        raise Refusal(
            "bad_request", f"The form should hold one file, `table`. Found {sorted(files)[:8]}."
        )
    return names["table"], files["table"]


async def _parts(
    request: Request, body: bytes
) -> tuple[dict[str, str], dict[str, bytes], dict[str, str]]:
    """Return texts and files by the names of their parts, and the files' own names."""
    from starlette.exceptions import HTTPException
    from starlette.formparsers import MultiPartException
    from starlette.requests import Request as Replayed

    async def replay() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    texts: dict[str, str] = {}
    files: dict[str, bytes] = {}
    names: dict[str, str] = {}
    try:
        async with Replayed(request.scope, replay).form(
            max_files=_PARTS, max_fields=_PARTS, max_part_size=max(1, len(body))
        ) as form:
            for name, part in form.multi_items():
                if name in texts or name in files:
                    raise Refusal("bad_request", f"Two parts of the form are called {name!r:.80}.")
                if isinstance(part, str):
                    texts[name] = part
                else:
                    files[name] = await part.read()
                    names[name] = part.filename or ""
    except (HTTPException, MultiPartException) as error:
        reason = getattr(error, "detail", None) or getattr(error, "message", "damaged")
        raise Refusal("bad_request", f"The form cannot be read: {reason}") from None
    return texts, files, names


def _of_json(
    texts: Mapping[str, str], files: Mapping[str, bytes], limits: Limits
) -> list[Mapping[str, object]]:
    """Return the rows in JSON, each `{"part": NAME}` as the content of that part."""
    others = sorted(texts.keys() - {*_JSON})
    if others:
        raise Refusal(
            "bad_request",
            f"Beside `row` or `rows` a form holds nothing but files. Found {others[:8]}.",
        )
    sent = {name: parsed(text.encode()) for name, text in texts.items()}
    rows: list[Mapping[str, object]] = []
    for number, row in enumerate(rows_of(sent, limits), 1):
        cells = {}
        for name, cell in row.items():
            if isinstance(cell, dict) and cell.keys() == {"part"}:
                if cell["part"] not in files:
                    raise Refusal(
                        "not_bytes",
                        f"Row {number}, column {name!r}: the form has no file called {cell['part']!r:.80}.",
                        row=number,
                        column=name,
                    )
                cell = files[cell["part"]]
            cells[name] = cell
        rows.append(cells)
    return rows


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refusal(
            "wrong_type",
            f"Column {name!r}: expected a text, found a file of {len(data):,} bytes.",
            column=name,
        ) from None


def _cell(kind: Kind, cell: object) -> object:
    """Return a part as its kind reads it: a form holds nothing but texts and files, and lists are JSON."""
    if kind is None or not isinstance(cell, str) or kind.name not in ("vector", "sequence", "set"):
        return cell
    return parsed(cell.encode()) if cell.lstrip().startswith("[") else cell
