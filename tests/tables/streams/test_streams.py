"""A stream holds the rows, types and notes of the table that is read at once."""

from __future__ import annotations

import datetime
import gzip

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from torso.core.errors import DataError
from torso.runs.predicting.tally import summed_notes
from torso.tables import read_table
from torso.tables.formats.text_settings import TextSettings
from torso.tables.streams import csv_stream, json_stream, typed_streams
from torso.tables.streams.opening import is_large, open_stream
from torso.tables.streams.row_stream import NeedsWholeError
from torso.tables.table import write_table

ROWS = 2500
SIZE = 512
UNSET = TextSettings()


def mixed() -> pa.Table:
    draw = np.random.default_rng(0)
    day = datetime.date(2020, 1, 1)
    rows = range(ROWS)
    return pa.table(
        {
            "x": pa.array([None if row < SIZE else float(draw.normal()) for row in rows]),
            "k": pa.array(draw.integers(0, 9, ROWS)),
            "shop": pa.array(
                [None if row % 7 == 0 else f's{row % 5}, "q"\nline' * (row % 11 == 0) or f"s{row % 5}" for row in rows]
            ),
            "day": pa.array([day + datetime.timedelta(row) for row in rows]),
            "far": pa.array([2**45 if row % 100 == 0 else row for row in rows], pa.timestamp("s")),
            "flag": pa.array([row % 3 == 0 if row % 4 else None for row in rows]),
            "steps": pa.array([[float(row), 1.0] for row in rows]),
            "kind": pa.array([f"k{row % 3}" for row in rows]).dictionary_encode(),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    "ending", ["csv", "tsv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "arrow", "set"]
)
def test_pieces_are_the_whole(tmp_path, ending):
    path, table = tmp_path / f"t.{ending}", mixed()
    if ending == "set":
        parquet.write_to_dataset(table, path, partition_cols=["kind"])
    elif ending == "parquet":
        parquet.write_table(table, path, row_group_size=700)
    else:
        write_table(table.drop_columns(["far"]), path)
    whole, stream = read_table(path), open_stream(path, UNSET)
    stream.of_columns(stream.names)
    pieces = [*stream.pieces(SIZE, whole.names)]
    assert stream.rows == whole.rows == ROWS and stream.names == whole.names
    assert [piece.rows for piece in pieces] == [SIZE] * 4 + [ROWS - 4 * SIZE]
    assert pa.concat_tables([piece.data for piece in pieces]).equals(whole.data)
    assert [piece.column("k").row_number(0) for piece in pieces] == [1 + SIZE * n for n in range(5)]
    assert stream.typed == whole.typed and stream.folder == whole.folder
    rest = [piece.data for piece in stream.pieces(SIZE, ["x", "shop"], start=2 * SIZE)]
    assert pa.concat_tables(rest).equals(whole.data.select([n for n in whole.names if n in ("x", "shop")]).slice(2 * SIZE))  # fmt: skip
    told = summed_notes([*stream.notes, *(note for piece in pieces for note in piece.notes)])
    assert told == [*whole.notes]


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1;2\n\n3;4\n",
        "# by hand\na,b\n1,\"x\ny\"\n3,4\n\n",
        "a,a,\r\n1,2,3\r\n4,5,6\r\n",
        "\ufeffa,b\n1,2\n3,4",
        "note\nfirst\n\nlast\n",
        'a,b\n5" screen,2\n7" screen,4\n',
    ],
)  # fmt: skip
def test_dialects_and_what_is_told_of_them(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    whole, stream = read_table(path), open_stream(path, UNSET)
    pieces = [*stream.pieces(1, whole.names)]
    assert pa.concat_tables([piece.data for piece in pieces]).equals(whole.data)
    assert stream.notes == whole.notes


def test_a_long_row_takes_a_longer_block(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 400_000 + f"{'x' * 2_000_000},3\n" + "5,6\n" * 3)
    stream = open_stream(path, UNSET)
    pieces = [*stream.pieces(100_000, ["a", "b"])]
    assert pa.concat_tables([piece.data for piece in pieces]).equals(read_table(path).data)
    assert len(pieces) == 5


WHOLE = {
    "ragged.csv": b"a,b\n1,2\n3,4,\n",
    "old.csv": "a,b\ncaf\xe9,2\nth\xe9,4\n".encode("cp1252"),
    "wide.csv": "a,b\n1,2\n3,4\n".encode("utf-16"),
    "two.csv": b"a||b\n1||2\n3||4\n",
    "mixed.jsonl": b'{"a": 1}\n{"a": "x"}\n',
    "rows.jsonl": b'[{"a": 1}, {"a": 2}]\n',
    "list.json": b'[{"a": 1}, {"a": 2}]\n',
    "cut.parquet": b"PAR1 and no more",
}


@pytest.mark.parametrize("name", WHOLE)
def test_tables_that_only_the_whole_tells_are_left_to_it(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    with pytest.raises(NeedsWholeError):
        stream = open_stream(path, UNSET)
        stream.of_columns(stream.names)


def test_a_quote_that_takes_in_rows_is_refused_as_in_the_whole(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n1,"2\n3,4\n5,6"\n7,8\n')
    said = []
    for read in (read_table, lambda path: open_stream(path, UNSET)):
        with pytest.raises(DataError) as error:
            read(path)
        said.append(str(error.value))
    assert said[0] == said[1] and "a quote opens here" in said[0]


def test_a_folder_with_other_columns_names_the_file(tmp_path):
    folder = tmp_path / "days"
    (folder / "day=1").mkdir(parents=True)
    (folder / "day=2").mkdir()
    parquet.write_table(pa.table({"a": [1], "b": [2]}), folder / "day=1" / "p.parquet")
    parquet.write_table(pa.table({"a": [1]}), folder / "day=2" / "p.parquet")
    with pytest.raises(DataError, match=r"day=2/p\.parquet has no column 'b'"):
        read_table(folder)
    parquet.write_table(pa.table({"a": [3], "b": [4]}), folder / "day=2" / "p.parquet")
    assert read_table(folder).data.to_pydict() == {"a": [1, 3], "b": [2, 4], "day": [1, 2]}


def test_only_large_tables_come_in_pieces(tmp_path):
    small, many = tmp_path / "small.csv", tmp_path / "many.parquet"
    small.write_text("a\n1\n2\n")
    parquet.write_table(pa.table({"a": np.zeros(1_000_000, np.int8)}), many)
    packed = tmp_path / "p.csv.gz"
    packed.write_bytes(gzip.compress(b"a\n1\n"))
    assert [is_large(path) for path in (small, many, packed, tmp_path / "gone.csv")] == [False, True, False, False]  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow", "set"])
def test_no_piece_keeps_those_before_it(tmp_path, monkeypatch, ending):
    path, size = tmp_path / f"t.{ending}", 5000
    for module in (typed_streams, json_stream):
        monkeypatch.setattr(module, "_ROWS", size)
    monkeypatch.setattr(csv_stream, "BLOCK_BYTES", (1 << 18, 1 << 20))
    draw = np.random.default_rng(0)
    table = pa.table({name: draw.normal(size=24 * size) for name in "abcd"})
    if ending == "set":
        path.mkdir()
        parquet.write_table(table, path / "all.parquet", row_group_size=size)
    elif ending == "parquet":
        parquet.write_table(table, path, row_group_size=size)
    else:
        write_table(table, path) if ending != "arrow" else write_batches(table, path, size)
    stream = open_stream(path, UNSET)
    before, held = pa.total_allocated_bytes(), []
    for piece in stream.pieces(size, ["a", "b", "c", "d"]):
        held.append(pa.total_allocated_bytes() - before)
        del piece
    assert len(held) == 24 and max(held[6:]) <= 2 * max(held[:6])


def write_batches(table, path, size):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=size)
