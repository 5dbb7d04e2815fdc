"""A damaged Arrow or Parquet file is an error, never other memory read as text and never the end of the process."""

import io
import random

import pyarrow as pa
import pytest
from pyarrow import parquet

from torso.core.errors import DataError
from torso.tables import read_table

TABLES = {
    "text": pa.table({"text": ["one", "two", "three"]}),
    "bytes": pa.table({"bytes": pa.array([b"one", b"two", b"three"], pa.large_binary())}),
    "lists": pa.table({"lists": [[1, 2], [3], [4, 5, 6]]}),
    "words": pa.table({"words": pa.array(["a", "b", "a"]).dictionary_encode()}),
}


def written(table, form):
    sink = io.BytesIO()
    if form == "parquet":
        parquet.write_table(table, sink)
        return sink.getvalue()
    made = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with made(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("wrong", [4000, 2**31 - 1, -5, 1])
@pytest.mark.parametrize("form", ["file", "stream"])
@pytest.mark.parametrize("content", TABLES)
def test_an_offset_or_index_that_points_elsewhere(tmp_path, content, form, wrong):
    old = {
        "text": [0, 3, 6, 11],
        "bytes": [0, 3, 6, 11],
        "lists": [0, 2, 3, 6],
        "words": [0, 1, 0],
    }[content]
    size = 8 if content == "bytes" else 4
    raw, place = written(TABLES[content], form), b"".join(n.to_bytes(size, "little") for n in old)
    assert raw.count(place) == 1
    new = place[:size] + wrong.to_bytes(size, "little", signed=True) + place[2 * size :]
    if wrong == 1 and content != "words":
        new = place[::-1] if size == 4 else place[size:] + place[:size]  # falling offsets
    path = tmp_path / "table.arrow"
    path.write_bytes(raw.replace(place, new))
    if (content, wrong) == ("words", 1):
        assert read_table(path).column("words").values.to_pylist() == ["a", "b", "a"]
        return
    with pytest.raises(DataError, match=r"table.arrow is damaged or not a .arrow file"):
        read_table(path)


@pytest.mark.parametrize("form", ["file", "stream", "parquet"])
def test_any_changed_byte_is_read_or_refused(tmp_path, form):
    raw = written(pa.table({name: t.column(0) for name, t in TABLES.items()}), form)
    draw = random.Random(0)
    path = tmp_path / f"table.{'parquet' if form == 'parquet' else 'arrow'}"
    refused = 0
    for _ in range(60):
        changed = bytearray(raw)
        changed[draw.randrange(len(raw))] = draw.randrange(256)
        path.write_bytes(changed)
        try:
            table = read_table(path)
            for name in table.names:
                table.column(name).values.to_pylist()
        except DataError:
            refused += 1
    assert refused
