"""From a table and a wish to a complete config."""

import pytest
import yaml

import torso
from tests import small_tables as tables
from tests.small_tables import INPUTS, TARGETS
from torso.core.errors import ConfigError
from torso.runs.schema.columns import infer_columns, leftover_warnings
from torso.tables.table import read_table


def planned(columns, *, add=True, **values):
    infer_columns(read_table(columns), values, add=add)
    return values


def test_kinds_are_inferred_for_every_sensible_column(tmp_path):
    values = {"targets": TARGETS}
    infer_columns(read_table(tables.make(tmp_path)), values, add=True)
    assert {name: spec["kind"] for name, spec in values["inputs"].items()} == {
        "photo": "image",
        "sound": "audio",
        "note": "text",
        "size": "number",
        "shop": "category",
    }
    kinds = {name: spec["kind"] for name, spec in values["targets"].items()}
    assert kinds == {"colour": "category", "loud": "binary", "price": "number"}
    assert list(values["inputs"]) == INPUTS


def test_what_the_user_settled_stays():
    wish = {"size": {"kind": "category", "most": 5}, "shop": "text", "note": None}
    values = planned(tables.plain(), inputs=wish, targets={"loud": "category", "price": {}})
    assert values["inputs"]["size"] == {"kind": "category", "most": 5}
    assert values["inputs"]["shop"] == {"kind": "text"}
    assert "note" not in values["inputs"]
    assert values["targets"] == {"loud": {"kind": "category"}, "price": {"kind": "number"}}
    assert wish["size"] == {"kind": "category", "most": 5}


@pytest.mark.parametrize(
    "inputs,size",
    [({}, 32), ({"photo": "image"}, 32), ({"photo": {}}, 32), ({"photo": {"size": 48}}, 48)],
)
def test_the_size_of_pictures_is_chosen_unless_settled(inputs, size, tmp_path):
    table = read_table(tables.make(tmp_path))
    values = {"inputs": inputs, "targets": {"colour": {}}}
    infer_columns(table, values, add=True)
    assert values["inputs"]["photo"] == {"kind": "image", "size": size}


def test_nothing_is_added_unless_asked():
    values = planned(tables.plain(), add=False, inputs=["size"], targets=["loud"])
    assert list(values["inputs"]) == ["size"]


def test_constants_identifiers_and_split_columns_are_left_out():
    columns = {**tables.plain(), "same": ["x"] * 40, "row": list(range(40)), "id": ["a", "b"] * 20}
    values = planned(columns, targets=TARGETS, data={"split": {"group": "id"}})
    assert not {"same", "row", "id"} & set(values["inputs"])
    named = planned(columns, targets=TARGETS, inputs={"row": {}, "same": "category"})
    assert named["inputs"]["row"] == {"kind": "number"}
    assert named["inputs"]["same"] == {"kind": "category"}


@pytest.mark.parametrize("what", ["inputs", "targets"])
def test_an_unknown_column_is_refused_with_the_nearest_name(what):
    with pytest.raises(
        ConfigError, match=f"Unknown {what[:-1]} column 'pric'. Did you mean 'price'"
    ):
        planned(tables.plain(), **{what: {"pric": {}}})


def test_a_spec_that_is_none():
    with pytest.raises(ConfigError, match=r"`inputs\.size` should be a kind"):
        planned(tables.plain(), inputs={"size": 5})


def test_a_column_that_no_kind_fits():
    with pytest.raises(ConfigError, match="'odd' cannot be used"):
        planned(
            {**tables.plain(4), "odd": [[1], [1, 2], [1, 2, 3], []]},
            inputs=["odd"],
            targets=["loud"],
        )


def test_warnings_say_whether_the_column_is_used():
    reports = infer_columns(
        read_table({**tables.plain(), "same": ["x"] * 40}), {"targets": TARGETS}, add=True
    )
    assert any(text.startswith("same (left out): ") for text in leftover_warnings(reports, INPUTS))
    assert any(text.startswith("same: ") for text in leftover_warnings(reports, ["same"]))


def test_an_error_of_a_target_names_its_column():
    with pytest.raises(ConfigError, match=r"^`targets.note`: .*`vocabulary` should be .* Found 9"):
        planned(tables.plain(), targets={"note": {"kind": "caption", "vocabulary": 9}})


def test_a_target_without_two_values_is_refused_with_the_others_to_name():
    columns = {**tables.plain(), "same": ["x"] * 40}
    with pytest.raises(ConfigError, match=r"nothing to learn\. .* alone: -t loud -t price$"):
        planned(columns, targets={"loud": {}, "same": {}, "price": {}})
    with pytest.raises(ConfigError, match=r"the only target: name another column, -t COLUMN\.$"):
        planned(columns, targets=["same"])


def test_columns_that_a_config_names_without_a_kind_are_used_and_told():
    table = {"size": [1.0, 2.0, 3.0, 4.0] * 6, "town": ["a", "b"] * 12, "age": [*range(24)]}
    config = yaml.safe_load("inputs:\n  size:\n  age: {kind: number}\ntargets:\n  town:\n")
    prepared = torso.prepare(table, config=config, settings={"folds": 0})
    assert [*prepared.config.inputs] == ["size", "age"]
    assert [*prepared.config.targets] == ["town"]
    (note,) = (note for note in prepared.notes if "as the config describes none" in note)
    assert "`inputs.size`, `targets.town`" in note
    assert "age" not in note
    for columns in ({"size": None}, ["size"]):
        prepared = torso.prepare(table, {"town": None}, inputs=columns, settings={"folds": 0})
        assert [*prepared.config.inputs] == ["size"]
