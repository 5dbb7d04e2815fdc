"""A run of five kinds of input, its rows, and one server for all tests of answers."""

from __future__ import annotations

import pytest

import torso
from tests import small_tables as tables
from tests.serving.live import live, sent


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    settings = {**tables.TINY, **tables.MEDIA, "data.cache": str(folder / "cache")}
    table = tables.make(folder, rows=60)
    torso.fit(table, tables.TARGETS, settings=settings, out=folder / "run")
    return folder / "run"


@pytest.fixture(scope="session")
def rows(run):
    """Rows with the bytes of their files; some cells are missing."""
    columns = tables.read(run.parent / "table.csv")
    found = []
    for number in range(24):
        row = {name: columns[name][number] for name in tables.INPUTS}
        row["size"] = float(row["size"])
        for name in ("photo", "sound"):
            row[name] = (run.parent / row[name]).read_bytes()
        if number % 3:
            row[tables.INPUTS[number % 5]] = None
        found.append(row)
    return found


@pytest.fixture(scope="session")
def json_rows(rows):
    return [sent(row) for row in rows]


@pytest.fixture(scope="session")
def client(run):
    with live(run, examples=run.parent / "table.csv") as client:
        yield client
