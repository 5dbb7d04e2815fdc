"""Every dialect of a CSV is read cell by cell as it was written, and told where it is not the usual one."""

import csv
import io

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import small_tables as tables
from torso.core.errors import ConfigError, DataError
from torso.tables.formats.text_settings import TextSettings
from torso.tables.table import read_table, write_table

LETTERS = "abcß é,;\t|'\"\n.-北"
PREAMBLES = {
    "": "",
    "title": "Report: of, the; year\nat last\n\n",
    "comments": "# made by hand\n## twice\n",
}


def read(folder, content, name="t.csv", **said):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, settings=TextSettings(**said))


def rows_of(table):
    columns = [table.column(name).values.cast("large_string").to_pylist() for name in table.names]
    return [list(row) for row in zip(*columns, strict=True)]


@st.composite
def written(draw):
    """Return rows of texts and the bytes of a file that holds them."""
    names = draw(st.permutations(["size", "note", "the age", "x_1"]))[: draw(st.integers(1, 4))]
    cell = st.text(LETTERS, max_size=8).filter(lambda text: text.count("\n") < 2)
    row = st.lists(cell, min_size=len(names), max_size=len(names))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    sound = [";"] if len(names) == 1 else [",", ";", "\t", "|"]
    delimiter = draw(st.sampled_from(sound))
    preamble = draw(st.sampled_from(list(PREAMBLES.values() if len(names) > 1 else [""])))
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=delimiter,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerows([names, *rows])
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
    return names, rows, preamble, text.getvalue(), encoding


@given(written())
@settings(max_examples=25, deadline=None)
@example((["note"], [[""], ["a"], [""]], "", "note\n\na\n\n", "utf-8"))
def test_every_dialect_is_read_cell_by_cell(tmp_path_factory, file):
    names, rows, preamble, text, encoding = file
    folder = tmp_path_factory.mktemp("t")
    table = read(folder, (preamble + text).encode(encoding))
    expected = [[cell.strip() or None for cell in row] for row in rows]
    assert (table.names, rows_of(table)) == (names, expected)
    header = preamble + text[: text.index("\n") + 1]
    for row, cells in zip(rows, expected, strict=True):  # alone as in the whole file
        line = io.StringIO()
        csv.writer(line, delimiter=_delimiter(text, names), lineterminator="\n").writerow(row)
        alone = read(folder, (header + line.getvalue()).encode(encoding))
        assert (alone.names, rows_of(alone)) == (names, [cells])


def _delimiter(text, names):
    line = text.partition("\n")[0]
    return next((mark for mark in ",;\t|" if mark in line), ",") if len(names) > 1 else ","


@pytest.mark.parametrize(
    ("content", "names", "cells", "told"),
    [
        ("a;b\n1,5;x\n2;y\n", "a b", "1,5 x 2 y", "';' separates"),
        ("Preis, EUR;Menge, kg\n1,5;2,5\n", "Preis, EUR;Menge, kg", "1,5 2,5", "';' separates"),
        ("a||b\n1||2\n", "a b", "1 2", "'||' separates"),
        ("a\x01b\n1\x012\n", "a b", "1 2", "Ctrl-A separates"),
        ("a¦b\n1¦2\n", "a b", "1 2", "'¦' separates"),
        ("sep=;\na;b\n1;2\n", "a b", "1 2", "first line says that ';'"),
        ("note\nred, blue\ngreen\n", "note", "red, blue;green", "separates nothing"),
        ("note\n1,5\n", "note", "1,5", "separates nothing"),
        ("tags\na;b\nc;d\n", "tags", "a;b c;d", ""),
        ("id,tags\n1,a;b\n", "id tags", "1 a;b", ""),
        ("'a','b'\n'1,5','x'\n", "a b", "1,5 x", "single quotes"),
        ('a, b\n1, "x, y"\n', "a b", "1;x, y", ""),
        ('a,b\n1,"say \\"hi\\", you"\n', "a b", '1;say "hi", you', "backslash"),
        ('a,b\n1,"C:\\dir\\"\n', "a b", "1 C:\\dir\\", ""),
        ("Sales,,\n,,\ndate,sum,shop\nMay,5,x\n", "date sum shop", "May 5 x", "line 3"),
        ("Title: x\n\na;b;a\n1,5;x;2\n", "a;b;a.1", "1,5 x 2", "line 3"),
        ("Of a, b; c\nMay 5\n\na\tb\n1\t2\n", "a b", "1 2", "a tab separates"),
        ("Report: x\na,b\n1,2\n", "a b", "1 2", "the header is line 2"),
        ("##x=1\n#CHROM,POS\n1,2\n", "#CHROM POS", "1 2", "the header is line 2"),
        ("# a,b\n1,2\n3,4\n", "a b", "1 2 3 4", ""),
        ("#,b\n1,2\n", "# b", "1 2", ""),
        ("a,b\n1,2,\n3,4,\n", "a b", "1 2 3 4", "empty cells behind"),
        ("a,b\n1,2\n# to be done\n3,4\n", "a b", "1 2 3 4", "begin with #"),
        ("a,b\n\n1,2\n\n3,4\n\n", "a b", "1 2 3 4", "2 blank lines"),
        ("a,b\r1,2\r3,4\r", "a b", "1 2 3 4", ""),
        (",a,a,\n1,2,3,4\n", "Unnamed: 0;a;a.1;Unnamed: 3", "1 2 3 4", "several columns"),
    ],
)  # fmt: skip
def test_a_dialect_is_seen_and_told(tmp_path, content, names, cells, told):
    table = read(tmp_path, content)
    assert table.names == names.split(";" if ";" in names else " ")
    flat = [cell for row in rows_of(table) for cell in row]
    assert flat == cells.split(";" if ", " in cells else " ")
    assert told in " ".join(table.notes) and bool(told) == bool(table.notes)


def test_the_cures_of_uneven_rows_work(tmp_path):
    for row, cure in (("3", "3,"), ("3,x, y", '3,"x, y"')):
        with pytest.raises(DataError, match=rf"row 2 \(line 3\): {row.count(',') + 1} cells"):
            read(tmp_path, f"a,b\n1,2\n{row}\n")
        assert read(tmp_path, f"a,b\n1,2\n{cure}\n").rows == 2
    with pytest.raises(DataError, match=r"row 1 .*name all columns in the header"):
        read(tmp_path, "a,b\nr1,1,2\nr2,3,4\n")
    assert read(tmp_path, "row,a,b\nr1,1,2\nr2,3,4\n").rows == 2
    assert "put names above it" in read(tmp_path, "5.1,3.5,red\n4.9,3.0,blue\n").notes[0]
    named = read(tmp_path, "x,y,colour\n5.1,3.5,red\n4.9,3.0,blue\n\n")
    assert (named.rows, named.notes) == (2, ())
    assert read(tmp_path, "land,2023,2024\nFiji,1,2\n").notes == ()


def test_what_stands_beyond_the_first_look_is_read_too(tmp_path):
    body = "1,2\n" * 30_000
    table = read(tmp_path, f"a,b\n{body}# end\n3,4,\n\n5,caf\xe9\n".encode("latin-1"))
    assert (table.rows, table.column("b").values[-1].as_py()) == (30_002, "café")
    assert [part in " ".join(table.notes) for part in ("cp1252", "#", "empty cells")] == [True] * 3
    with pytest.raises(DataError, match=r"row 30001 \(line 30002\): 3 cells"):
        read(tmp_path, f"a,b\n{body}3,4,5\n")
    one = read(tmp_path, "note\n" + "good\n" * 30_000 + "\nx, y\n")
    assert rows_of(one)[-2:] == [[None], ["x, y"]]


def test_what_the_user_says_wins(tmp_path):
    assert read(tmp_path, "a  b\n1   2\n", delimiter="space").names == ["a", "b"]
    other = read(tmp_path, "a;b\n1;2\n", delimiter=",")
    assert other.names == ["a;b"] and "';' would give 2" in other.notes[0]
    assert read(tmp_path, "a\tb\n1\t2\n", delimiter="\\t").names == ["a", "b"]
    for said in ({"delimiter": "ab"}, {"delimiter": ""}, {"encoding": "gzip"}, {"encoding": "x"}):
        with pytest.raises(ConfigError, match=f"`data.{next(iter(said))}` should be .* Found"):
            read(tmp_path, "a,b\n1,2\n", **said)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["\n", ""])
def test_a_blank_line_of_one_column_is_a_row(tmp_path, ending, last):
    content = f"note\n\nred\n\n\nblue{last}".replace("\n", ending)
    table = read(tmp_path, content)
    assert rows_of(table) == [[None], ["red"], [None], [None], ["blue"]]
    assert "3 of them" in table.notes[0]
    assert [rows_of(read(tmp_path, f"note{ending}{ending}"))] == [[[None]]]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet", "arrow", "csv.gz"])
@pytest.mark.parametrize("cells", [[None, "x", "", None], [None], ["", ""]])
def test_there_are_as_many_rows_as_were_written(tmp_path, suffix, cells):
    path = tmp_path / f"t.{suffix}"
    write_table(pa.table({"note": pa.array(cells, pa.string())}), path)
    expected = [[cell or None] for cell in cells]
    assert rows_of(read_table(path)) == expected
    for frame, name in ((pd.DataFrame, "to_csv"), (pl.DataFrame, "write_csv")):
        options = {"index": False} if frame is pd.DataFrame else {}
        getattr(frame({"note": cells}), name)(tmp_path / "f.csv", **options)
        assert rows_of(read_table(tmp_path / "f.csv")) == expected


PLAIN = [f"{i},v{i},w" for i in range(300)]


@pytest.mark.parametrize(
    ("changed", "row", "lines"),
    [
        ({100: '100,"v100,w'}, 101, 199),
        ({100: '100,"v100,w', 150: '150,"v150,w'}, 101, 50),
        ({100: '100,"v100,w', 150: '150,v150",w'}, 101, 50),
        ({100: '100,v100,"w', 103: '103,v103,w"'}, 101, 3),
        ({100: '"100,v100,w', 101: '101",v101,w'}, 101, 1),
        ({7: '7,"two\nlines",w', 100: '100,"v100,w'}, 101, 199),
    ],
)
def test_a_quote_that_takes_in_rows_is_named(tmp_path, changed, row, lines):
    body = [changed.get(i, line) for i, line in enumerate(PLAIN)]
    line = row + 1 + sum(text.count("\n") for text in body[: row - 1])
    said = rf"t\.csv, row {row} \(line {line}\): a quote opens here and takes in the next {lines} lines"
    with pytest.raises(DataError, match=said):
        read(tmp_path, "\n".join(["id,v,w", *body, ""]))
    mended = [
        text.replace('"', "") if i >= 100 else text for i, text in enumerate(body)
    ]  # the cure
    assert read(tmp_path, "\n".join(["id,v,w", *mended, ""])).rows == 300


def test_cells_of_several_lines_are_no_fault(tmp_path):
    table = read(tmp_path, 'id,note\n1,"red\n2 eggs, 3 spoons"\n\n2,"a ""b""\n\nc"\n3,5" pipe\n')
    notes = ["red\n2 eggs, 3 spoons", 'a "b"\n\nc', '5" pipe']
    assert rows_of(table) == [[str(i + 1), note] for i, note in enumerate(notes)]


def test_every_command_tells_the_dialect(tmp_path, capsys):
    rows = [f"{i % 7},5;{('red', 'blue')[i % 2]}" for i in range(40)]
    table, out = tmp_path / "t.csv", tmp_path / "run"
    table.write_bytes("\n".join(["size;colour", *rows]).encode("utf-16"))
    options = ["--set", "training.epochs=1", "--set", "dim=16"]
    for command in (
        ["inspect", table],
        ["fit", table, "-t", "colour", "-o", out, *options],
        ["predict", out, table, "-o", tmp_path / "a.csv"],
        ["evaluate", out, table],
    ):
        assert tables.torso(*command) == 0
        said = "".join(capsys.readouterr())
        assert "';' separates its cells" in said and "UTF-16" in said, command
    assert read_table(tmp_path / "a.csv").rows == 40


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a,b,c", "has no rows, only a header"),
        (b"a;b", "has no rows, only a header"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>\n<p>gone</p>", "is a web page, not a table"),
        (b"<HTML>\n<body>", "is a web page, not a table"),
    ],
)
def test_files_without_a_table_say_so(tmp_path, content, problem):
    with pytest.raises(DataError, match=problem):
        read(tmp_path, content)
