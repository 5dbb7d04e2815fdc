"""A split is kept with its run, has a seed of its own, and serves another run on the same rows."""

import json

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.columns.splits import Split
from torso.core.errors import ConfigError, DataError, RunError
from torso.runs.folder.stored_split import StoredSplit, _sampled_digests
from torso.tables.table import read_table


def fit(columns=None, out=None, targets=TARGETS, **settings):
    return torso.fit(
        columns or tables.plain(), targets, out=out, settings={**TINY, **settings}
    ).split.split


def same(one: Split, other: Split) -> bool:
    names = ("train", "validation", "test")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_the_file_names_the_part_of_every_row(tmp_path):
    columns = {**tables.plain(), "which": (["train"] * 5 + ["test", "val", None]) * 5}
    split = fit(columns, tmp_path / "run", **{"data.split.column": "which"})
    parts = pd.read_parquet(tmp_path / "run/split.parquet")["part"]
    assert parts.astype(object).fillna("none").tolist()[:8] == ["train"] * 5 + [
        "test",
        "validation",
        "none",
    ]
    assert same(torso.load(tmp_path / "run").split.split, split)


def test_a_million_rows_take_little_room(tmp_path):
    part = np.random.default_rng(0).choice(3, 1_000_000, p=[0.7, 0.1, 0.2])
    split = Split(*(np.flatnonzero(part == number) for number in range(3)))
    stored = StoredSplit(len(part), split, {})
    stored.write(tmp_path / "split.parquet")
    assert (tmp_path / "split.parquet").stat().st_size < 300_000
    assert same(StoredSplit.read(tmp_path / "split.parquet").split, split)


def test_the_split_has_a_seed_of_its_own():
    one = fit()
    assert same(one, fit(**{"data.split.seed": 0}))
    assert same(one, fit(seed=1, **{"data.split.seed": 0}))
    assert not same(one, fit(seed=1))
    assert not same(one, fit(**{"data.split.seed": 1}))


def test_a_run_takes_the_split_of_another(tmp_path):
    one = fit(out=tmp_path / "a", seed=3)
    like = {"data.split.like": str(tmp_path / "a")}
    more = {**tables.plain(), "extra": list(range(40))}
    assert same(one, fit(more, tmp_path / "b", **like))
    assert same(
        one, fit(out=tmp_path / "c", targets=["price"], **{"data.split.like": str(tmp_path / "b")})
    )


def test_a_split_of_other_rows_is_refused(tmp_path):
    fit(out=tmp_path / "a")
    like = {"data.split.like": str(tmp_path / "a")}
    with pytest.raises(DataError, match=r"is of 40 rows, .* has 41"):
        fit(tables.plain(41), **like)
    columns = tables.plain()
    turned = {name: cells[::-1] for name, cells in columns.items()}
    with pytest.raises(DataError, match=r"does not hold the rows of .*other cells in \['note'"):
        fit(turned, **like)
    with pytest.raises(ConfigError, match="not both"):
        fit(**like, **{"data.split.stratify": "loud"})


def test_a_run_without_a_split_is_refused(tmp_path):
    fit(out=tmp_path / "a")
    (tmp_path / "a/split.parquet").unlink()
    assert torso.load(tmp_path / "a").split is None
    for folder in ("a", "nowhere"):
        with pytest.raises(RunError, match=r"holds no split\.parquet"):
            fit(**{"data.split.like": str(tmp_path / folder)})
    (tmp_path / "a/split.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RunError, match="is damaged"):
        torso.load(tmp_path / "a")


def test_large_tables_and_files_in_cells_are_digested_by_some_rows():
    columns = {"a": [*range(100_000)], "b": [b"file"] * 100_000}
    one = StoredSplit.of(read_table(columns), Split(*np.split(np.arange(100_000), [5, 9])))
    columns["a"][0] = -1
    with pytest.raises(DataError, match=r"other cells in \['a'\]"):
        one.for_table(read_table(columns), "it")


def test_a_split_of_an_earlier_version_is_compared_as_it_was(tmp_path):
    table = read_table({"a": [*range(5000)]})
    split = Split(*np.split(np.arange(5000), [5, 9]))
    sampled = StoredSplit(5000, split, _sampled_digests(table), sampled=True)
    sampled.write(tmp_path / "split.parquet")
    about = json.loads(parquet.read_metadata(tmp_path / "split.parquet").metadata[b"torso"])
    written = parquet.read_table(tmp_path / "split.parquet")
    old = {"torso": json.dumps({"digests": about["digests"]})}
    parquet.write_table(written.replace_schema_metadata(old), tmp_path / "split.parquet")
    assert same(StoredSplit.read(tmp_path / "split.parquet").for_table(table, "it"), split)
