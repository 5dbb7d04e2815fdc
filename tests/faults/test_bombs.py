"""Small texts and files that would take all memory or time: refused at once."""

import json
import time

import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError, DataError
from torso.core.yaml_text import read_yaml
from torso.runs.schema.columns import infer_columns
from torso.tables.table import read_table
from torso.tasks import Labels, Target

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize("fusion", ["*a9", "&own [*own]", "{type: concat, hidden: *a9}"])
def test_aliases_that_stand_for_too_much_are_refused(fusion, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(f"{ALIASES}targets: {{price: number}}\nfusion: {fusion}\n")
    with pytest.raises(ConfigError, match="aliases") as caught:
        torso.fit(tables.plain(), config=file)
    assert str(file) in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["[" * 200_000, "- " * 200_000, "{a: " * 5000, "? " * 5000])
def test_lists_in_lists_without_end_are_refused_where_they_would_end_the_process(text, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(f"targets: {{price: number}}\nfusion:\n  {text}\n")
    for given in ({"config": file}, {"settings": [f"fusion={text}"]}):
        with pytest.raises(ConfigError, match="nests more than 100") as caught:
            torso.fit(tables.plain(), ["price"], **given)
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "value",
    [
        "9999-99-99",
        "2024-01-01T25:00:00",
        "!!timestamp x",
        "!!bool x",
        "9" * 5000,
        "0x" + "f" * 300,
    ],
)
def test_values_that_are_not_what_they_look_like_are_refused(value, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(f"targets: {{price: number}}\nseed: {value}\n")
    for given in ({"config": file}, {"settings": [f"seed={value}"]}):
        with pytest.raises(ConfigError, match="write it in quotes"):
            torso.fit(tables.plain(), ["price"], **given)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**20])
def test_seeds_that_a_generator_refuses_are_refused_before(seed):
    for path in ("seed", "data.split.seed"):
        with pytest.raises(ConfigError, match=f"`{path}` should be .* Found {seed}"):
            torso.fit(tables.plain(), ["price"], settings={path: seed})


@pytest.mark.parametrize("names", ["[[a]]", "[3]", "[{a: 1}]", "{price: {kind: [a]}}", "7"])
def test_names_of_columns_and_kinds_that_are_no_texts_are_refused(names):
    with pytest.raises(ConfigError, match=r"should (hold names|be a text)"):
        torso.fit(tables.plain(), ["price"], settings=[f"inputs={names}"])


def test_cells_that_nest_without_end_are_texts():
    deep = "[" * 5000 + "]" * 5000
    table = {"x": [deep] * 5 + ["a", "[1]"], "y": [1, 2, 3, 4, 5, 6, 7]}
    assert infer_columns(read_table(table), {"targets": {"y": {}}}, add=True)
    labels = Labels(**vars(read_table(table).column("x")))
    for kind in ("boxes", "tags"):
        with pytest.raises(DataError, match="row 1"):
            Target.registry.build(kind).fit(labels)


def test_a_few_aliases_and_long_texts_are_read():
    assert read_yaml("a: &a [1, 2]\nb: *a") == {"a": [1, 2], "b": [1, 2]}
    values = list(range(30_000))
    assert read_yaml(f"a: {values}") == {"a": values}


def test_rows_of_ever_new_names_are_refused(tmp_path):
    file = tmp_path / "new.jsonl"
    lines = [json.dumps({f"{row} {name}": 1 for name in range(10)}) for row in range(1500)]
    file.write_text("\n".join(lines))
    began = time.process_time()
    with pytest.raises(DataError, match=r"1,500 rows should share .* Found 15,000 names"):
        read_table(file)
    assert time.process_time() - began < 2


def test_many_columns_of_one_name_are_told_apart_in_little_time(tmp_path):
    file = tmp_path / "same.csv"
    file.write_text(",".join(["c"] * 5000) + "\n" + ",".join(["1"] * 5000) + "\n")
    began = time.process_time()
    assert len(set(read_table(file).names)) == 5000
    assert time.process_time() - began < 2
