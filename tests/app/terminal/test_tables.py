"""What stands in the terminal, whatever the columns are called."""

import io

import pyarrow as pa
import pytest
from rich.console import Console

from tests import small_tables
from torso.app.terminal import columns_table, search_table, summary
from torso.inference.report import inspect_table
from torso.progress import IN_PIPE, tell
from torso.progress import console as torso_console
from torso.runs.report.report import RunReport, TrainingReport, Usage
from torso.tables.table import read_table

ODD = "speed [/km]"


def console():
    return Console(file=io.StringIO(), width=200, force_terminal=False)


def test_columns_with_their_roles_and_warnings_below():
    table = read_table({ODD: [1.5, 2.5, 2.0] * 9, "same": ["[b]"] * 27, "y": ["a", "b", "c"] * 9})
    shown = console()
    shown.print(columns_table(inspect_table(table, ["y"]), ["y"]))
    text = shown.file.getvalue()
    assert ODD in text
    assert "[b]" in text
    assert "same: " in text


@pytest.mark.parametrize("width", [50, 60, 80, 99])
def test_in_a_narrow_terminal_columns_stand_below_each_other(width):
    name, words = "Certification.Address", [f"word {row}" for row in range(40)]
    sizes = [f"{row + 1} kg" for row in range(38)] + ["some", "more"]
    table = read_table(
        {name: ["constant"] * 40, "size": sizes, "note": words, "y": ["a", "b"] * 20}
    )
    shown = Console(file=io.StringIO(), width=width)
    shown.print(columns_table(inspect_table(table, ["y"]), ["y"], width=width))
    lines = [line.rstrip() for line in shown.file.getvalue().splitlines()]
    assert f"{name}  left out, category" in lines
    assert "  constant" in lines
    assert "y  target, binary" in lines
    assert "size:" in lines  # and both of its warnings below
    assert "  Read as numbers: in the unit 'kg'." in lines
    told = " ".join(" ".join(lines).split())
    assert "2 of 40 cells are no number; the first is 'some' in row 39." in told
    assert "text of which 95.0% are numbers 0.0% missing" in told  # the unit is told once


def test_in_a_pipe_a_warning_is_one_line_with_its_column(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    sizes = [f"{row + 1} kg" for row in range(38)] + ["some", f"{'many ' * 30}"]
    table = tmp_path / "table.csv"
    table.write_text("size,y\n" + "".join(f"{s},{'ab'[n % 2]}\n" for n, s in enumerate(sizes)))
    assert small_tables.torso("inspect", table, "-t", "y") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "size: Read as numbers: in the unit 'kg'." in lines
    assert "size: 2 of 40 cells are no number; the first is 'some' in row 39." in lines
    settings = small_tables.options({**small_tables.TINY, "inputs.size.kind": "number"})
    out = tmp_path / "run"
    assert small_tables.torso("fit", table, "-t", "y", "-o", out, *settings) == 0
    notes = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "no number" in line or "not a number" in line
    ]
    assert notes == [
        "note  2 cells of 'size' counted as missing; the first: row 39, 'some': not a number"
    ]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_an_option_and_its_value_stay_on_one_line(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    cures = ("--set data.split.time=Grading.Date", "--quality best")
    tell(["word " * words + f"then {' or '.join(cures)}." for words in range(20)])
    shown = capsys.readouterr().err
    assert all(shown.count(cure) == 20 for cure in cures)
    assert max(map(len, shown.splitlines())) <= width
    monkeypatch.delenv("COLUMNS")
    tell(["word " * 50 + cures[0]])
    assert capsys.readouterr().err == "word " * 50 + cures[0] + "\n"


@pytest.mark.parametrize(("columns", "letters"), [(2, 120), (12, 30), (40, 24)])
def test_answers_of_wide_tables_are_cut(columns, letters):
    shown = Console(file=io.StringIO(), width=10_000)
    shown.print(search_table(pa.table({str(n): ["x" * 500] for n in range(columns)})))
    assert shown.file.getvalue().count("x" * (letters - 1) + "…") == columns


def test_a_summary_of_what_was_used():
    usage = {
        "rows": {"training": 10, "validation": 2, "test": 0},
        "rows_trained": 7,
        "labels": {name: {ODD: 5} for name in ("training", "validation", "test")},
        "training_rows_with": {"photo": 9},
        "skipped_cells": {ODD: 3},
    }
    shown = console()
    shown.print(summary(RunReport("test", {}, Usage(**usage), TrainingReport())))
    text = shown.file.getvalue()
    assert "photo 90%" in text
    assert "3 training rows have no label at all" in text


def test_a_pipe_has_lines_as_long_as_they_need_unless_columns_says_otherwise(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert torso_console(out=True).width == IN_PIPE
    monkeypatch.setenv("COLUMNS", "60")
    assert torso_console(out=True).width == 60
