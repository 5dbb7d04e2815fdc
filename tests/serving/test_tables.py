"""`POST /predict/table`: every format in and out, what `torso predict` says, and files that unpack to any size."""

import io
import json
from base64 import b64encode

import pyarrow as pa
import pyarrow.csv
import pytest
from pyarrow import parquet

import torso
from tests.serving.live import live

MEDIA = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "arrows": "application/vnd.apache.arrow.stream",
}


def written(table, form, **options):
    """Return a table as the bytes of a format."""
    stream = io.BytesIO()
    if form == "csv":
        pyarrow.csv.write_csv(table, stream)
    elif form == "ndjson":
        return "\n".join(map(json.dumps, table.to_pylist())).encode()
    elif form == "parquet":
        parquet.write_table(table, stream, **options)
    else:
        begin = pa.ipc.new_stream if form == "arrows" else pa.ipc.new_file
        with begin(stream, table.schema, **options) as writer:
            writer.write_table(table)
    return stream.getvalue()


def read(content, form):
    if form == "csv":
        return pyarrow.csv.read_csv(io.BytesIO(content))
    if form == "ndjson":
        return pa.Table.from_pylist([json.loads(line) for line in content.splitlines()])
    if form == "parquet":
        return parquet.read_table(io.BytesIO(content))
    return (pa.ipc.open_stream if form == "arrows" else pa.ipc.open_file)(content).read_all()


@pytest.fixture(scope="module")
def table(rows):
    """A table with an id, longer than a piece."""
    many = [{"id": number, **rows[number % len(rows)]} for number in range(300)]
    return pa.Table.from_pylist(many)


@pytest.fixture(scope="module")
def expected(run, table):
    return torso.load(run, device="cpu").predict(table, keep=["id"], as_arrow=True)


@pytest.mark.parametrize("form", MEDIA)
def test_each_format_is_answered_as_by_the_library(client, table, expected, form):
    if form in ("csv", "ndjson"):  # text holds files as base64
        for name in ("photo", "sound"):
            cells = [cell and b64encode(cell).decode() for cell in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, [cells])
    answer = client.ask(
        "POST", "/predict/table?keep=id", written(table, form), Content_Type=MEDIA[form]
    )
    assert answer.status == 200, answer.content
    assert answer.headers["content-type"].startswith(MEDIA[form])
    assert answer.headers["x-torso-rows"] == "300"
    said = read(answer.content, form)
    assert said.column_names == expected.column_names
    assert said["id"].to_pylist() == list(range(300))
    for name in ("price", "price_low", "colour_probability_red"):
        own, other = said[name].to_pylist(), expected[name].to_pylist()
        assert own == pytest.approx(other, rel=1e-4, abs=1e-5)
    assert said["colour"].to_pylist() == expected["colour"].to_pylist()


def test_a_form_another_format_and_notes(client, table):
    content = written(table.select(["id", "note"]).slice(0, 3), "csv")
    body = b'--m\r\nContent-Disposition: form-data; name="table"; filename="a.csv"\r\n\r\n'
    answer = client.ask(
        "POST",
        "/predict/table",
        body + content + b"\r\n--m--\r\n",
        Content_Type="multipart/form-data; boundary=m",
        Accept="application/vnd.apache.parquet",
    )
    assert parquet.read_table(io.BytesIO(answer.content)).num_rows == 3
    assert "'photo'" in json.loads(answer.headers["x-torso-notes"])[0]


def test_cells_that_cannot_be_read(client, table):
    bad = table.select(["size"]).slice(0, 2).set_column(0, "size", [["much", "3"]])
    content, form = written(bad, "parquet"), {"Content_Type": MEDIA["parquet"]}
    answer = client.ask("POST", "/predict/table", content, **form)
    assert "'much'" in json.loads(answer.headers["x-torso-notes"])[1]
    refused = client.ask("POST", "/predict/table?unreadable=refuse", content, **form)
    assert (refused.status, refused.json["row"]) == (422, 1)


def test_bad_tables_are_refused(client, table, tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    paths = pa.table({"photo": [str(tmp_path / "a.png")]})
    structs = pa.table({"photo": [{"bytes": None, "path": str(tmp_path / "a.png")}]})
    cases = [
        (written(paths, "csv"), "csv", "not_bytes"),
        (written(paths, "parquet"), "parquet", "not_bytes"),
        (written(structs, "parquet"), "parquet", "not_bytes"),
        (b"PAR1 no parquet PAR1", "parquet", "unusable"),
        (b"no arrow", "arrow", "unusable"),
        (b"", "csv", "unusable"),
        (b"a,b\n1,2\n", "csv", "unusable"),
        (b"a", "text/html", "unsupported_media_type"),
    ]
    for content, form, code in cases:
        kind = MEDIA.get(form, form)
        answer = client.ask("POST", "/predict/table", content, Content_Type=kind)
        assert answer.json["code"] == code, (form, answer.json)
    keep = client.ask("POST", "/predict/table?keep=x", b"note\na\n", Content_Type="text/csv")
    assert keep.json["code"] == "unknown_column"


def test_bombs_are_refused_and_leave_the_server_well(run, json_rows):
    text = "x" * 1_000_000
    zeros = pa.table({"size": pa.array([0.0]).take(pa.array([0] * 3_000_000))})
    bombs = {
        "parquet": [
            written(zeros, "parquet", compression="zstd"),  # many rows in few bytes
            written(pa.table({"note": [text] * 400}), "parquet"),  # one long text, 400 times
        ],
        "arrow": [
            written(
                pa.table({"note": [text] * 400}),
                "arrow",
                options=pa.ipc.IpcWriteOptions(compression="zstd"),
            )
        ],
    }
    with live(run, "limits.table_bytes=5000000", "limits.table_rows=100000") as client:
        for form, contents in bombs.items():
            for content in contents:
                assert len(content) < 5_000_000
                answer = client.ask("POST", "/predict/table", content, Content_Type=MEDIA[form])
                assert (answer.status, answer.json["code"]) == (413, "table_too_large")
        long = b"note\n" + b"x\n" * 3_000_000
        answer = client.ask("POST", "/predict/table", long, Content_Type="text/csv")
        assert answer.json["code"] == "body_too_large"
        assert client.ask("POST", "/predict", {"row": json_rows[0]}).status == 200
