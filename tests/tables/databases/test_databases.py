"""Tables that queries of real databases return: SQLite, DuckDB, a PostgreSQL that is started here, a Flight SQL server."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

import torso
from tests.tables.databases.postgres import postgres
from torso.app.cli import app
from torso.core.errors import ConfigError, DataError
from torso.tables import read_table
from torso.tables.databases import Address, is_address, queried
from torso.tables.peek import column_names

ROWS = [
    (number, number / 4, ("red", "blue")[number % 2], f"2024-05-{number % 28 + 1:02}")
    for number in range(60)
]
SQL = "SELECT id, size, colour, day FROM things ORDER BY id"
QUICK = {"training.epochs": 2, "dim": 8, "blend": "off", "folds": 0, "pretrained": "off"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("databases")
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database:
        database.execute("CREATE TABLE things (id INTEGER, size REAL, colour TEXT, day TEXT)")
        database.executemany("INSERT INTO things VALUES (?, ?, ?, ?)", ROWS)
        database.execute("CREATE TABLE odd (mixed, bytes)")
        database.executemany("INSERT INTO odd VALUES (?, ?)", [(1, b"\xff"), ("a", None)])
        database.commit()
    return folder


@pytest.fixture(scope="module")
def sqlite(folder):
    return f"sqlite:///{folder / 'shop.sqlite'}"


@pytest.fixture(scope="module")
def duckdb(folder, sqlite):
    api = pytest.importorskip("duckdb", reason="needs torso[sql]")
    with api.connect(folder / "shop.duckdb") as database:
        database.execute("CREATE TABLE things (id INT, size DECIMAL(6, 2), colour TEXT, day DATE)")
        database.executemany("INSERT INTO things VALUES (?, ?, ?, ?)", ROWS)
    return f"duckdb:///{folder / 'shop.duckdb'}"


@pytest.fixture(scope="module")
def postgresql():
    api = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="needs torso[sql]")
    with postgres() as address:
        with api.connect(address) as database, database.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE things (id int, size numeric(6, 2), colour text, day date, code uuid)"
            )
            code = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
            values = ", ".join(f"({i}, {s}, '{c}', '{d}', '{code}')" for i, s, c, d in ROWS)
            cursor.execute(f"INSERT INTO things VALUES {values}")
            database.commit()
        yield address


@pytest.fixture(scope="module")
def flight(folder, sqlite):
    pytest.importorskip("adbc_driver_flightsql", reason="needs torso[sql]")
    from tests.tables.databases.flight import FlightSql

    with FlightSql(folder / "shop.sqlite") as server:
        yield server.address


@pytest.mark.parametrize("engine", ["sqlite", "duckdb", "postgresql", "flight"])
def test_each_engine_returns_the_rows(request, engine):
    source = queried(request.getfixturevalue(engine), SQL)
    table = read_table(source)
    assert table.names == column_names(source) == ["id", "size", "colour", "day"]
    assert table.column("id").values.to_pylist() == [row[0] for row in ROWS]
    assert table.column("size").values.to_pylist() == [row[1] for row in ROWS]
    assert table.column("colour").values.to_pylist() == [row[2] for row in ROWS]
    assert [str(day) for day in table.column("day").values.to_pylist()] == [row[3] for row in ROWS]
    assert any("60 rows of 'SELECT id, size" in note for note in table.notes)
    assert not any("ORDER BY" in note for note in table.notes if "has no" in note)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb", "postgresql", "flight"])
def test_a_refused_query_is_one_sentence(request, engine):
    address = request.getfixturevalue(engine)
    with pytest.raises(DataError, match=r"does not answer 'SELECT \* FROM absent'"):
        read_table(queried(address, "SELECT * FROM absent"))
    assert column_names(queried(address, "SELECT * FROM absent")) == []


@pytest.mark.parametrize("engine", ["sqlite", "duckdb", "postgresql"])
def test_a_database_is_only_read(request, engine):
    address = request.getfixturevalue(engine)
    with pytest.raises(DataError, match=r"(?i)read.?only|returns no rows"):
        read_table(queried(address, "DELETE FROM things"))
    assert read_table(queried(address, SQL)).rows == 60


def test_rows_without_an_order_are_told(sqlite):
    table = read_table(queried(sqlite, "SELECT * FROM things;"))
    assert any("the query has no ORDER BY" in note for note in table.notes)


def test_a_column_of_several_types_is_text(sqlite):
    table = read_table(queried(sqlite, "SELECT mixed, bytes FROM odd ORDER BY rowid"))
    assert table.column("mixed").values.to_pylist() == ["1", "a"]
    assert table.column("bytes").values.to_pylist() == [b"\xff", None]


def test_duckdb_reads_files_that_a_query_names(duckdb, folder):
    (folder / "more.csv").write_text("x,y\n1,a\n2,b\n")
    source = queried("duckdb://", f"SELECT * FROM '{folder / 'more.csv'}' ORDER BY x")
    assert read_table(source).column("x").values.to_pylist() == [1, 2]


def test_addresses():
    assert not is_address("C:/data/shop.csv") and not is_address({"a": [1]})
    held = Address.parse("Postgres://me@host:5433/shop?sslmode=require  SELECT a FROM b; ")
    assert held == Address(
        "postgresql", "postgres://me@host:5433/shop?sslmode=require", "SELECT a FROM b"
    )
    assert held.name == "shop" and held.file is None
    assert Address.parse(queried("my shop.db", "SELECT 1")).location == "my shop.db"
    for address in ("postgresql://me:secret@host/shop", "postgresql://host/shop?password=secret"):
        with pytest.raises(ConfigError, match="should hold no password") as caught:
            Address.parse(f"{address} SELECT 1")
        assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"--query 'SELECT \* FROM my_table'"):
        Address.parse("postgresql://host/shop")
    with pytest.raises(ConfigError, match=r"`--query` asks a database"):
        queried("shop.csv", "SELECT 1")
    with pytest.raises(DataError, match=r"absent.db: no such database"):
        read_table("sqlite:///absent.db SELECT 1")


def test_from_a_query_to_answers_and_on_again(postgresql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = [word for key, value in QUICK.items() for word in ("--set", f"{key}={value}")]

    def do(*words: str) -> str:
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code == 0, done.output
        return done.output

    alone = CliRunner().invoke(app, ["fit", "-t", "colour", "--query", SQL])
    assert "Name it first: torso fit postgresql://" in str(alone.exception)
    with pytest.raises(ConfigError, match="Add one: --query 'SELECT"):
        torso.fit(postgresql, ["colour"])
    query = ["--query", SQL]
    assert "60 rows, 4 columns" in do("inspect", postgresql, *query)
    do("fit", postgresql, "-t", "colour", *query, "-o", "run", *said)
    run = torso.load("run")
    assert run.config.data.table == f"{postgresql} {SQL}"
    do("predict", "run", postgresql, *query, "-o", "answers.csv")
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 61
    do("evaluate", "run", postgresql, *query)
    do("importance", "run")  # asks the database for its rows again
    assert f"torso predict run '{postgresql} {SQL}'" in do("show", "run")
    again = torso.fit(config="run/run.yaml", out="again", progress=False)
    rows = read_table(f"{postgresql} {SQL}")
    np.testing.assert_array_equal(again.predict(rows)["colour"], run.predict(rows)["colour"])
