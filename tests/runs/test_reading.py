"""Settings of text files: from the command line and Python, through fit to predict."""

import numpy as np
import pyarrow as pa
import pytest

import torso
from torso.core.errors import ConfigError
from torso.runs.schema.columns import infer_columns
from torso.runs.schema.schema import Schema
from torso.runs.settings.check import check_values
from torso.runs.settings.config import RunConfig
from torso.runs.settings.paths import apply_settings
from torso.tables.table import read_table


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        (";", ";"), ("|", "|"), (",", ","), (":", ":"), ("||", "||"), ("::", "::"), ("\t", "\t"),
        ("tab", "\t"), ("\\t", "\t"), ("semicolon", ";"), ("null", None), ("~", None),
    ],
)  # fmt: skip
def test_a_delimiter_can_be_set_as_a_sign_or_by_name(text, delimiter):
    values = {"targets": {"y": {}}}
    apply_settings(values, [f"data.delimiter={text}"])
    assert check_values(values).data.delimiter == delimiter


def test_unknown_values_are_refused_by_rule_and_cure():
    for key, value in (("delimiter", "ab"), ("encoding", "klingon"), ("decimal", ";")):
        with pytest.raises(ConfigError, match=rf"`data\.{key}` should be .*Found"):
            RunConfig.parse({"inputs": {}, "targets": {}, "data": {key: value}})


def test_what_is_set_holds_for_every_table_of_a_run(tmp_path):
    rows = [f"{i % 7},{i % 10}00/{('rot', 'grün')[i % 2]}" for i in range(40)]
    content = "size/colour\n" + "\n".join(rows) + "\n"
    (tmp_path / "t.csv").write_bytes(content.encode("mac_roman"))
    settings = {
        "data.delimiter": "/",
        "data.encoding": "mac_roman",
        "data.decimal": ",",
        "training.epochs": 1,
        "dim": 16,
    }
    run = torso.fit(tmp_path / "t.csv", ["colour"], out=tmp_path / "run", settings=settings)
    assert run.config.inputs["size"]["decimal"] == ","
    answers = torso.load(tmp_path / "run").predict(tmp_path / "t.csv")
    assert len(answers) == 40 and set(answers["colour"]) <= {"rot", "grün"}


@pytest.mark.parametrize(("decimal", "first"), [(",", 1.234), (".", 1234.0)])
def test_a_decimal_mark_settles_every_column_in_doubt(decimal, first):
    cells = ["1,234", "5,678", "9,012", "3,456"] * 10
    table = read_table({"size": cells, "worth": cells, "y": ["a", "b"] * 20})
    values = {"targets": {"y": {}}, "data": {"decimal": decimal}}
    infer_columns(table, values, add=True)
    schema = Schema(values["inputs"], values["targets"])
    schema.fit(table, np.arange(40))
    for name in ("size", "worth"):
        assert schema.inputs[name].format.parse(pa.array(cells)).middle[0, 0] == first
