"""Cells, names of columns and names of files that a terminal would obey: shown without what it obeys."""

import zipfile

import numpy as np
import pytest

from tests import small_tables as tables
from torso.core.errors import DataError
from torso.progress import tell
from torso.tables.table import read_table

STEERING = ["\x1b[2J", "\x1b]0;own\x07", "\x9b31m", "\u202e", "\x08\x08"]
OBEYED = {"\x1b", "\x07", "\x9b", "\u202e", "\x08"}


@pytest.fixture
def table(tmp_path):
    cells = [f"red{sign} thing" for sign in STEERING] * 4
    columns = {f"na{''.join(STEERING)}me": cells, "price": list(range(len(cells)))}
    return tables.write(tmp_path / "table.csv", columns)


@pytest.mark.parametrize("width", ["60", "200", None])
def test_inspect_shows_no_sign_that_a_terminal_obeys(table, width, monkeypatch, capsys):
    if width:
        monkeypatch.setenv("COLUMNS", width)
    assert tables.torso("inspect", table, "-t", "price") == 0
    shown = capsys.readouterr()
    assert "na[2J" in shown.out
    assert not OBEYED & {*shown.out, *shown.err}


def test_errors_and_notes_show_none_either(table, capsys):
    odd = table.rename(table.with_name("\x1b[2Jtable.csv"))
    assert tables.torso("inspect", odd, "-t", "\x1b[31mprice") == 1
    tell([f"a note about {STEERING}{STEERING[0]}"])
    shown = capsys.readouterr()
    assert "table.csv" in shown.err and "a note" in shown.err
    assert not OBEYED & {*shown.out, *shown.err}


def test_a_damaged_zip_of_a_table_is_refused(tmp_path):
    file, draw = tmp_path / "table.zip", np.random.default_rng(0)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("table.csv", "a,b\n1,2\n3,4\n" * 20)
    whole, read = file.read_bytes(), 0
    for at in draw.integers(len(whole), size=200):
        content = bytearray(whole)
        content[at] ^= 1 << int(draw.integers(8))
        file.write_bytes(content)
        try:
            read += read_table(file).rows > 0
        except DataError as error:
            assert "table.zip" in str(error) or "table.csv" in str(error)
    assert read < 100
