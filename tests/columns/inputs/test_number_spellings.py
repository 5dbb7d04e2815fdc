"""Numbers among inputs and targets, however they are written: what is guessed is fitted, told, and can be settled."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import torso
from tests import small_tables
from torso.columns.inputs import NumberInput
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.errors import ConfigError
from torso.inference import inspect_table
from torso.tables import read_table
from torso.tasks import Target

ROWS = 60
SIZES = [round(10 + 37.7 * row % 900, 2) for row in range(ROWS)]


def column(cells):
    return read_table({"x": cells}).column("x")


def report(cells, **given):
    table = read_table({"x": cells, "loud": ["yes", "no", "no"] * (len(cells) // 3)})
    return inspect_table(table, ["loud"], **given)[0]


def comma(value, unit=" €"):
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,")) + unit


def test_a_spelled_input_is_told_and_read_under_the_settings_of_its_guess():
    cells = [comma(size) for size in SIZES]
    seen = report(cells)
    assert (seen.kind, seen.settings) == ("number", {"decimal": ",", "units": ["€"]})
    assert seen.warnings[0] == "Read as numbers: a decimal comma; in the unit '€'."
    kind = NumberInput(**seen.settings)
    np.testing.assert_array_equal(kind.floats(column(cells), Reading())[:, 0], SIZES)


def test_units_of_two_systems_are_two_features_with_gaps():
    cells = [f"{size} {'lbs' if row % 3 else 'kg'}" for row, size in enumerate(SIZES)]
    kind = NumberInput(**report(cells).settings)
    kind.fit(column(cells))
    source = kind.source(column(["5 kg", "5 lbs", "500 g", "5 in", "n/a"]), reading := Reading())
    assert kind.format.units == ("lb", "kg")
    assert source.mask.tolist() == [
        [False, True],
        [True, False],
        [False, True],
        [False] * 2,
        [False] * 2,
    ]
    assert [(cell.row, cell.cell) for cell in reading.log.skipped] == [(4, "5 in")]


def test_a_range_is_its_middle_and_its_width():
    cells = [f"{row}-{2 * row + 1} cm" for row in range(ROWS)]
    kind = NumberInput(**report(cells).settings)
    assert kind.floats(column(["10-20 cm", "7"]), Reading()).tolist() == [[15, 10], [7, 0]]


def test_a_word_among_numbers_is_missing_and_told():
    cells = ["on request" if row % 8 == 0 else f"${size}" for row, size in enumerate(SIZES)]
    seen = report(cells)
    assert seen.settings["missing"] == ["on request"]
    assert "'on request' among numbers counts as missing." in seen.warnings


def test_a_doubtful_mark_is_told_with_a_cure_that_works_or_settled_by_the_other_columns(
    tmp_path, capsys
):
    doubtful = [f"{row % 9 + 1},{100 + row}" for row in range(ROWS)]
    path = tmp_path / "t.parquet"
    dotted = [cell.replace(",", ".") for cell in doubtful]
    table = pa.table({"x": doubtful, "y": SIZES, "dotted": dotted})
    pq.write_table(table, path)
    assert small_tables.torso("inspect", path, "-t", "x") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "'1,100' leaves the decimal mark in doubt: it is read with thousands. If they are decimals"
        in text
    )
    assert "'1.100' leaves the decimal mark in doubt: it is read with decimals" in text
    (cure,) = re.findall("--set '(targets[^']*)'", text)
    assert small_tables.torso("inspect", path, "-t", "x", "--set", cure) == 0
    assert "a decimal comma" in " ".join(capsys.readouterr().out.split())
    pq.write_table(table.append_column("z", [[comma(size) for size in SIZES]]), path)
    assert small_tables.torso("inspect", path, "-t", "y") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "x: Read as numbers: a decimal comma" in text
    assert "dotted: Read as numbers: a point between thousands" in text


@pytest.mark.parametrize("settled", [{"decimals": {"x": ","}}, {"kinds": {"x": "number"}}])
def test_the_mark_and_the_kind_can_be_settled(settled):
    cells = [f"{row + 1},{100 + row}" for row in range(ROWS)]
    seen = report(cells, **settled)
    expected = {"decimal": ","} if "decimals" in settled else {}
    assert (seen.kind, seen.settings) == ("number", expected)


@pytest.mark.parametrize("kind", ["number", "count", "angle"])
def test_targets_read_what_inputs_read_and_answer_in_the_first_unit(kind):
    cells = [
        f"{row * 7 % 90} min" if row % 2 else f"{row * 7 % 90 // 60} h {row * 7 % 60} min"
        for row in range(ROWS)
    ]
    profile = Profile(column(cells))
    target = Target.registry.find(kind)(**Target.registry.find(kind).suggest(profile))
    assert target.format.units == ("min",)
    target.fit(column(cells))
    read = target.encode(column(["2 h", "90 min", "x", "1 h 30 min"]), Reading())
    assert np.isnan(read[2])
    assert read[1] == read[3]
    if kind != "angle":
        assert read[0] == 120 - getattr(target, "origin", 0)


def test_few_ordinals_or_ranges_are_classes_as_labels_and_numbers_as_inputs():
    cells = ["20-29", "30-39", "40-49"] * 20
    assert report(cells).kind == "number"
    table = read_table({"age": cells, "x": SIZES})
    assert inspect_table(table, ["age"])[0].kind == "category"


def test_a_run_learns_and_answers_in_the_unit_of_the_table(tmp_path):
    cells = {
        "x": [comma(size, " kg") for size in SIZES],
        "price": [f"${3 * size:,.2f}" for size in SIZES],
    }
    names = list(cells)
    rows = [",".join(f'"{cells[name][row]}"' for name in names) for row in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join([",".join(names), *rows]), encoding="utf-8")
    run = torso.fit(
        tmp_path / "t.csv", ["price"], settings={"training.epochs": 1}, out=tmp_path / "run"
    )
    spec = run.config.inputs["x"]
    assert (spec["kind"], spec["decimal"], list(spec["units"])) == ("number", ",", ["kg"])
    again = torso.load(tmp_path / "run")
    whole = again.predict({"x": cells["x"]})
    alone = again.predict({"x": cells["x"][:1]})
    np.testing.assert_allclose(
        alone["price"][0], whole["price"][0], rtol=1e-5
    )  # a batch of one adds in another order


def test_a_setting_that_is_wrong_is_one_sentence():
    table = {"x": [f"{size} kg" for size in SIZES], "y": SIZES}
    with pytest.raises(ConfigError, match=r"`decimal` should be '\.' or ','"):
        torso.fit(table, ["y"], settings={"inputs.x.kind": "number", "inputs.x.decimal": ";"})


def test_an_ordinal_target_of_spelled_numbers_knows_its_order():
    target = Target.registry.find("ordinal")()
    target.fit(column(["100+", "5-20", "<5", "20-99", "5-20"]))
    assert target.classes == ["<5", "5-20", "20-99", "100+"]


def test_labels_in_units_of_one_quantity_are_converted_and_others_refused_by_name():
    table = {
        "x": SIZES,
        "y": [f"{size} {'lbs' if row % 3 else 'kg'}" for row, size in enumerate(SIZES)],
    }
    seen = inspect_table(read_table(table), ["y"])[1]
    assert (seen.kind, seen.settings) == ("number", {"units": ["lb", "kg"]})
    assert "converted into the first of 'lb' and 'kg'" in seen.warnings[0]
    table["y"] = [f"{'$' if row % 3 else '€'}{size}" for row, size in enumerate(SIZES)]
    with pytest.raises(ConfigError, match=r"do not measure the same: \$, €; give them in one"):
        torso.fit(table, ["y"])
