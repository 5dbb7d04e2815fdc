"""Two laws of reading: a row alone means what it means in its table, in every format; no row is lost."""

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from tests.small_tables import png, wav
from torso.columns.inputs import Input
from torso.columns.reading import Reading, ReadOptions
from torso.inference.report import inspect_table
from torso.runs.schema.schema import Schema
from torso.tables.table import Table, read_table, write_table
from torso.tasks import Labels, Target
from torso.tasks._base.example import example_of

FILES = ("csv", "tsv", "csv.gz", "jsonl", "json", "parquet", "arrow")
DAY = datetime.datetime(2024, 5, 17)
STEPS = [[[1.0, 2.0]], None, [[3.0, 4.0], [5.5, 6.0]], [], [[0.0, 0.1]], [[7.0, 8.0]]]
CELLS = {
    "number": {
        "floats": [1.5, None, -2.0, 1e12, 3.0, 0.1],
        "whole": [1, 2, None, 2**60 + 1, 5, 7],
        "written": ["1.10", "2", None, "1e3", "007", "n/a"],
        "prices": ["$1,234.50", "$2", None, "$3.10", "$0.99", "each"],
        "shares": ["59%", "7 %", None, "0.5%", "100%", "12%"],
        "weights": ["100 lbs", "20 kg", None, "7 lbs", "12 kg", "1 lbs"],
        "commas": ["12,5", "1.234,5", None, "0,25", "7,125", "8"],
        "ranges": ["10-20", "30 - 40", None, "5-7", "1-2", "3-9"],
        "spans": ["3 h 20 min", "45 min", None, "2 h", "1 h 1 min", "10 min"],
        "flags": [True, None, False, True, True, False],
        "decimals": [Decimal("0.35"), None, Decimal("1.10"), Decimal("-7.07"), Decimal("100.00"), Decimal("0.01")],
    },
    "category": {
        "codes": ["007", "7", "1.0", "1", None, "1.10"],
        "words": ["TRUE", "true", None, "MIXTURE", "no", "NA"],
        "ranks": [1, 2, None, 1, 3, 2],
        "sizes": [1.0, 2.5, None, 1.0, 3.0, 2.5],
        "states": [True, None, False, True, True, False],
        "ids": [2**60 + 1, 2**60 + 2, 2**60 + 3, 7, 2**60 + 1, 2**60 + 2],
    },
    "binary": {"sides": ["l", "r", None, "l", "r", "r"], "bits": [0, 1, None, 0, 1, 1]},
    "datetime": {
        "times": [DAY, None, *(DAY + datetime.timedelta(hours=7 * row) for row in range(4))],
        "dates": [DAY.date(), None, *(DAY.date() + datetime.timedelta(row) for row in range(4))],
        "german": ["17.05.2024", "1.6.2024", None, "31.12.2023", "05.04.2024", "N/A"],
        "american": ["05/17/2024", "6/1/2024", None, "12/31/2023", "4/5/2024", "?"],
        "named": ["May 17th, 2024", "June 1, 2024", None, "December 31, 2023", "May 2, 2024", "-"],
        "compact": [20240517, 20240601, None, 20231231, 20240405, 20240229],
        "clocks": ["14:30", "02:15", None, "23:59", "00:00", "7:05"],
        "epoch_time": [1715934615, 1715934616, None, 1615934615, 1715934, 1700000000],
        "iso": ["2024-05-17", None, "2024-05-18T12:30:00", "2024-05-19", "2024-06-01", "2023-01-31"],
    },
    "text": {
        "notes": ["an old door", None, "1", "2.50", "TRUE", "a new\ndoor, loud"],
        "answers": [1, 2, None, 2, 1, 3],
    },
    "name": {"owners": ["Ann Lee", "Bob", None, "Ann Lee", "Bob", "12"]},
    "set": {
        "tags": [["a", "b"], None, ["b"], [], ["c", "a"], ["a"]],
        "joined": ["a|b", None, "b", "c|a", "1|2", "a"],
    },
    "vector": {"points": [[1.0, 2.5], None, [3.0, 4.0], [0.1, 5.0], [6.0, 7.0], [8.0, 9.0]]},
    "sequence": {"steps": STEPS},
    "image": {"photos": ["0.png", None, "1.png", "0.png", "1.png", "0.png"]},
    "audio": {"sounds": ["0.wav", None, "0.wav", "0.wav", "0.wav", "0.wav"]},
}  # fmt: skip
"""Kind of input -> columns of cells. Videos are read as pictures and sounds are, by `MediaInput`."""
FORMATS = (*FILES, "pandas", "polars", "rows", "columns", "packed")


def given(data: pa.Table, form: str, folder: Path) -> Table:
    """Return `data` as it is read after it was stored or handed over in some form."""
    if form in FILES:
        path = folder / f"t.{form}"
        write_table(data, path)
        return read_table(path)
    frames = {
        "pandas": data.to_pandas,
        "polars": lambda: pl.from_arrow(data),
        "rows": data.to_pylist,
        "columns": data.to_pydict,
        "packed": lambda: pa.table(
            {
                name: _packed(column)
                for name, column in zip(data.column_names, data.columns, strict=True)
            }
        ),
    }
    return read_table(frames[form]())


def _packed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return plain cells as a dictionary, which is how categorical types come in."""
    return column if pa.types.is_nested(column.type) else column.dictionary_encode()


def features(schema: Schema, table: Table, folder: Path) -> list[tuple[np.ndarray, ...]]:
    """Return per row values and mask of each modality, and the targets."""
    options = ReadOptions(folder=folder, most_skipped=1.0)
    dataset = schema.dataset(table, Reading(options), targets=False)
    assert dataset.rows == table.rows
    sources = dataset.sources.values()
    return [
        tuple(part for source in sources for part in source.batch(np.array([row])))
        for row in range(dataset.rows)
    ]


def differing(
    names: list[str], first: tuple[np.ndarray, ...], second: tuple[np.ndarray, ...]
) -> list[str]:
    pairs = enumerate(zip(first, second, strict=True))
    return sorted(
        {names[place // 2] for place, (one, two) in pairs if one.tobytes() != two.tobytes()}
    )


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The columns of all kinds as one table, and a schema that has learned each of them as its kind."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "0.png").write_bytes(png())
    (folder / "1.png").write_bytes(png((1, 2, 3)))
    (folder / "0.wav").write_bytes(wav())
    kinds = {name: kind for kind, columns in CELLS.items() for name in columns}
    columns = {name: pa.array(cells) for own in CELLS.values() for name, cells in own.items()}
    data = pa.table({**columns, "y": [0, 1, 0, 1, 1, 0]})
    table = given(data, "csv", folder)
    own = {report.name: report.settings for report in inspect_table(table, kinds=kinds)}
    # A modality per column, so that a difference is found where it is.
    inputs = {
        name: {"kind": kind, "modality": f"m {name}", **own[name]} for name, kind in kinds.items()
    }
    schema = Schema(inputs, {"y": {"kind": "binary"}})
    schema.fit(table, np.arange(table.rows))
    return folder, data, schema, features(schema, table, folder)


def test_every_kind_of_input_has_its_cells():
    outside = {
        name for name, kind in Input.registry.items() if not kind.__module__.startswith("torso.")
    }
    assert {*CELLS, "video"} == {name for name, _ in Input.registry.items()} - outside


@pytest.mark.parametrize("form", FORMATS)
def test_a_row_alone_is_the_row_of_its_table_in_every_format(case, form):
    folder, data, schema, expected = case
    names = list(schema.modalities)
    whole = features(schema, given(data, form, folder), folder)
    assert len(whole) == data.num_rows
    for row, known in enumerate(expected):
        assert not differing(names, whole[row], known), f"row {row} of {form}"
        (alone,) = features(schema, given(data.slice(row, 1), form, folder), folder)
        assert not differing(names, alone, known), f"row {row} alone as {form}"


@pytest.mark.parametrize("kind", [name for name, kind in Target.registry.items() if not kind.free])
def test_a_label_alone_is_the_label_of_its_table_in_every_format(kind, tmp_path):
    example = example_of(kind).TARGET
    data = pa.table(
        {"x": pa.array(example.cells), **{n: pa.array(c) for n, c in example.others.items()}}
    )
    target = example.build(kind)
    target.fit(labels(given(data, "rows", tmp_path), example.steps, example.others))
    expected = target.encode(
        labels(given(data, "rows", tmp_path), example.steps, example.others), Reading()
    )
    for form in FORMATS:
        whole = target.encode(
            labels(given(data, form, tmp_path), example.steps, example.others), Reading()
        )
        np.testing.assert_array_equal(whole, expected, err_msg=form)
        for row in range(data.num_rows):
            one = given(data.slice(row, 1), form, tmp_path)
            alone = target.encode(
                labels(one, example.steps[row : row + 1], example.others), Reading()
            )
            cut = tuple(
                slice(0, size) for size in alone.shape[1:]
            )  # padded to the longest of its table
            np.testing.assert_array_equal(
                alone[0], expected[row][cut], err_msg=f"row {row} alone as {form}"
            )


def labels(table: Table, steps, others) -> Labels:
    """Return the column x of a table as a schema hands it to a target."""
    column = table.column("x")
    empty = column.values.null_count == len(column)
    values = pa.nulls(len(column)) if empty else column.values
    further = tuple(table.column(name) for name in others)
    return Labels("x", values, column.table, others=further, steps=tuple(steps))


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_loses_a_row(form, tmp_path):
    gaps = pa.table({"x": ["a", None, None, "b", None], "z": pa.nulls(5, pa.string())})
    assert given(gaps, form, tmp_path).rows == 5
