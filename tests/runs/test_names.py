"""Names of columns that hold dots, and targets whose answers would be called alike."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import torso
from tests import small_tables as tables
from torso.runs.predicting.prediction import answer_columns
from torso.tables import write_table
from torso.tables.peek import column_names

RNG = np.random.default_rng(0)
DOTTED = {
    "Grading.Date": [f"2024-0{row % 9 + 1}-11" for row in range(60)],
    "Owner.1": [f"owner {row % 5}" for row in range(60)],
    "x": RNG.normal(size=60).round(3).tolist(),
    "y.z": ["ab"[row % 2] for row in range(60)],
}
FAST = {"training.epochs": 1}


@pytest.mark.parametrize("given", [DOTTED, pd.DataFrame(DOTTED), "t.csv", "t.jsonl", "t.parquet"])
def test_a_setting_finds_a_name_that_holds_dots(given, tmp_path):
    table = given
    if isinstance(given, str):
        table = tmp_path / given
        write_table(pa.table(DOTTED), table)
    assert column_names(table) == list(DOTTED)
    said = ["inputs.Grading.Date.kind=text", "inputs.Owner.1=null", "encoders.Grading.Date.depth=1"]
    config = torso.prepare(table, ["y.z"], settings=said).config
    assert config.inputs["Grading.Date"]["kind"] == "text"
    assert config.encoders["Grading.Date"]["depth"] == 1
    assert set(config.inputs) == {"Grading.Date", "x"}


def test_inspect_knows_dotted_names_and_refuses_unknown_ones(tmp_path, capsys):
    table = tmp_path / "t.csv"
    write_table(pa.table(DOTTED), table)
    assert tables.torso("inspect", table, "--set", "inputs.Owner.1=null") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "Owner.1" in line]
    assert "left out" in line
    assert tables.torso("inspect", table, "--set", "inputs.Owner.2=null") == 1
    assert "Unknown input column" in capsys.readouterr().err


def test_a_target_called_like_a_detail_of_another():
    """The value keeps the name of its task; details get out of its way, whichever task comes first."""
    one = {"temp": {"temp": 1, "temp_low": 2}, "temp_low": {"temp_low": 3, "temp_low_low": 4}}
    assert answer_columns(one) == {"temp": 1, "temp__low": 2, "temp_low": 3, "temp_low_low": 4}
    other = dict(reversed(one.items()))
    assert answer_columns(other) == answer_columns(one)
    rows = {"x": DOTTED["x"], "temp": RNG.normal(size=60), "temp_low": RNG.normal(size=60)}
    run = torso.fit(rows, ["temp", "temp_low"], settings=FAST)
    answers = run.predict(rows)
    assert {"temp", "temp_low", "temp__low", "temp_low_low"} <= set(answers)
