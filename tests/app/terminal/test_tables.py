"""What stands in the terminal, whatever the columns are called."""

import io

import pyarrow as pa
import pytest
from rich.console import Console

from torso.app.terminal import columns_table, consoles, search_table, summary
from torso.inference.report import inspect_table
from torso.runs.report import RunReport, TrainingReport, Usage
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


def test_a_pipe_is_120_wide_unless_columns_says_otherwise(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert consoles.console(out=True).width == 120
    monkeypatch.setenv("COLUMNS", "60")
    assert consoles.console(out=True).width == 60
