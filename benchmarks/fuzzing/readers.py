"""Files of tables, in each format, and zips of files that cells name."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from torso.columns.media.files import MediaFiles
from torso.core.errors import DataError
from torso.tables.peek import column_names
from torso.tables.table import read_table

from .border import Border, Change
from .changes import bytes_changed, mostly, tree_changed, tree_text

__all__ = ["READERS"]

_COLUMNS = {
    "note": ["good, old", None, 'she said "no"', "naïve 日本"],
    "size": [1.5, -2.0, None, 1e12],
    "day": ["2024-01-31", "31.12.2023", "", "12/25/2020 10:00"],
    "tags": ["a|b", "b", "a|c|d", None],
    "money": ["€ 1.234,50", "(3)", "12 %", "1,000"],
}
_ROWS: list[dict[str, object]] = [
    dict(zip(_COLUMNS, cells, strict=True)) for cells in zip(*_COLUMNS.values(), strict=True)
]
_NESTED = [{"x": [1, 2], "y": {"z": None}, "pixels": [[0.5, 1]]}, {"x": None, "y": {"z": "a"}}]


def _text(mark: str) -> bytes:
    lines = [list(_COLUMNS), *([str(cell or "") for cell in row.values()] for row in _ROWS)]
    quoted = (
        '"' + cell.replace('"', '""') + '"' if set(cell) & {mark, '"'} else cell
        for line in lines
        for cell in line
    )
    cells = list(quoted)
    width = len(_COLUMNS)
    return "\n".join(
        mark.join(cells[at : at + width]) for at in range(0, len(cells), width)
    ).encode()


_CSV = (
    *(
        _text(","),
        _text(";"),
        _text("\t"),
        _text("|").replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + _text(","),
    ),
    *(_text(",").decode().encode("utf-16"), _text(";").decode().encode("cp1252", "replace")),
    b"a\n1\n2\n3\n",
)
_CSV_TOKENS = (
    *(
        b'"',
        b'""',
        b",",
        b";",
        b"\t",
        b"|",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\\",
        b"'",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(
        b"\x1a",
        b"\xe9",
        b"\xed\xa0\x80",
        b"#",
        b" ",
        b"sep=;\n",
        b",,,,,,,,,,,,",
        b"9" * 400,
        b"1e400",
        b"\xc2\xa0",
    ),
)
_JSON_TOKENS = (
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b":",
        b",",
        b'"',
        b"null",
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"9" * 5000,
    ),
    *(
        rb"\ud800",
        rb"\u0000",
        b"[" * 3000,
        b'{"a":' * 3000,
        b"\n",
        b"\xff",
        b'"":',
        b'"note":',
        b"true",
    ),
)


def _lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


_SHAPES = (
    _ROWS,
    _NESTED,
    {name: list(cells) for name, cells in _COLUMNS.items()},
    {"columns": list(_COLUMNS), "index": [0], "data": [list(row.values()) for row in _ROWS]},
    {"status": 1, "data": _ROWS},
    [list(_COLUMNS), *(list(row.values()) for row in _ROWS)],
)


def _tree_of_rows(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    del corpus
    return tree_text(tree_changed(draw, draw.choice(_SHAPES)))


def _tree_in_lines(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    del corpus
    rows = tree_changed(draw, draw.choice((_ROWS, _NESTED)))
    return b"\n".join(map(tree_text, rows if isinstance(rows, list) else [rows]))


def _table() -> pa.Table:
    return pa.table(
        {
            **_COLUMNS,
            "vector": [[1.0, 2.0], None, [], [3.0]],
            "struct": [{"bytes": b"x", "path": "a"}, None, {"bytes": None, "path": "b"}, None],
            "code": pa.array(["a", "b", None, "a"]).dictionary_encode(),
            "time": pa.array([1, None, 3, 4], pa.timestamp("us", "UTC")),
        }
    )


def _parquet(**settings: object) -> bytes:
    stream = io.BytesIO()
    pa.parquet.write_table(_table(), stream, **settings)
    return stream.getvalue()


def _arrow(compression: str) -> bytes:
    stream = io.BytesIO()
    pa.feather.write_feather(_table(), stream, compression=compression)
    return stream.getvalue()


def _zip(content: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _read(file: Path, case: bytes) -> None:
    file.write_bytes(case)
    column_names(file)
    table = read_table(file)
    for name in table.names:
        try:
            table.column(name).values.slice(0, 8).to_pylist()
        except DataError:
            continue


def _reader(
    suffix: str,
    corpus: Sequence[bytes],
    change: Change,
    share: float,
    *,
    guided: bool,
    folder: Path,
) -> Border:
    return Border(partial(_read, folder / f"table{suffix}"), corpus, change, share, guided=guided)


def _of(
    suffix: str,
    corpus: Callable[[], Sequence[bytes]],
    change: Change,
    share: float = 1.0,
    *,
    guided: bool = False,
) -> Callable[[Path], Border]:
    return lambda folder: _reader(suffix, corpus(), change, share, guided=guided, folder=folder)


_MEMBERS = {"a.txt": b"x" * 200, "photos/b.png": bytes(range(256)), "photos/é.bin": b"y"}


def _members(folder: Path) -> Border:
    file = folder / "root.zip"

    def call(case: bytes) -> None:
        file.write_bytes(case)
        files = MediaFiles([file])
        for name in _MEMBERS:
            files.read(name)

    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    corpus = [_zip(_MEMBERS, method) for method in methods]
    return Border(
        call, corpus, bytes_changed(b"PK\x01\x02", b"PK\x05\x06", b"\xff" * 4, b"../"), 1.0
    )


_text_changed = bytes_changed(*_CSV_TOKENS)
READERS: dict[str, Callable[[Path], Border]] = {
    "read csv": _of(".csv", lambda: _CSV, _text_changed, 3.0, guided=True),
    "read tsv": _of(".tsv", lambda: _CSV, _text_changed),
    "read json": _of(
        ".json",
        lambda: [tree_text(shape) for shape in _SHAPES],
        mostly(_tree_of_rows, bytes_changed(*_JSON_TOKENS), 0.4),
        2.0,
        guided=True,
    ),
    "read jsonl": _of(
        ".jsonl",
        lambda: [_lines(_ROWS), _lines(_NESTED)],
        mostly(_tree_in_lines, bytes_changed(*_JSON_TOKENS), 0.4),
        2.0,
        guided=True,
    ),
    "read csv.gz": _of(".csv.gz", lambda: [gzip.compress(text) for text in _CSV], bytes_changed()),
    "read zip": _of(
        ".zip",
        lambda: [_zip({"t.csv": text}) for text in _CSV[:3]],
        bytes_changed(b"PK\x01\x02", b"\xff" * 4),
    ),
    "read parquet": _of(
        ".parquet",
        lambda: [
            _parquet(),
            _parquet(compression="zstd"),
            _parquet(use_dictionary=False, version="1.0"),
        ],
        bytes_changed(b"PAR1", b"\xff" * 4, b"\0" * 8, b"\x7f"),
        3.0,
    ),
    "read arrow": _of(
        ".arrow",
        lambda: [_arrow("uncompressed"), _arrow("lz4"), _arrow("zstd")],
        bytes_changed(b"ARROW1", b"\xff" * 4, b"\0" * 8, b"\x7f"),
        3.0,
    ),
    "files in zips": _members,
}
