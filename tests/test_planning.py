"""From a table and a wish to a complete config."""

import pytest

from tests import tables
from tests.tables import INPUTS, TARGETS
from torso.config import RunConfig
from torso.data import Schema, read_table
from torso.errors import ConfigError
from torso.planning import complete_parts, infer_columns, leftover_warnings, settle_encoders


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


def complete(**values):
    table = read_table(tables.plain())
    values = {"targets": TARGETS, **values}
    infer_columns(table, values, add=True)
    config = RunConfig.parse(values)
    schema = Schema(config.inputs, config.targets)
    schema.fit(table, range(30))
    return complete_parts(config, schema, 100)


def test_every_default_of_every_part_is_written_out():
    config = complete(encoders={"note": {"depth": 1}}, fusion={"hidden": 4, "type": "concat"})
    assert config.inputs["note"] == {
        "kind": "text",
        "vocabulary": 8000,
        "length": 64,
        "lowercase": True,
        "min_frequency": 2,
    }
    assert config.encoders["note"]["type"] == "transformer"
    assert config.encoders["note"]["depth"] == 1
    assert config.encoders["numbers"]["type"] == "piecewise"
    assert "dim" not in config.encoders["numbers"]
    assert "quantiles" not in config.encoders["numbers"]
    assert config.heads["price"]["type"] == "gaussian"
    assert not {"mean", "std"} & set(config.heads["price"])
    assert config.fusion["hidden"] == 4
    assert config.sharing["type"] == "hard"


@pytest.mark.parametrize(
    "tree", [{"hierarchical": {"inner": {"gated": {}}}}, {"type": "hierarchical", "inner": "gated"}]
)
def test_a_part_may_be_written_as_its_name_above_its_settings(tree):
    config = complete(
        fusion=tree,
        encoders={"note": {"ngrams": {"word_dropout": 0.1}}},
        heads={"price": {"student": {}}},
    )
    assert config.fusion["type"] == "hierarchical"
    assert config.encoders["note"]["type"] == "ngrams"
    assert config.encoders["note"]["word_dropout"] == 0.1
    assert config.heads["price"]["type"] == "student"


def test_completing_a_complete_config_changes_nothing():
    config = complete()
    schema = Schema(config.inputs, config.targets)
    schema.fit(read_table(tables.plain()), range(30))
    assert complete_parts(config, schema, 100) == config


def test_parts_of_unknown_modalities_and_tasks_are_refused():
    with pytest.raises(ConfigError, match=r"modality in `encoders`: 'nots'. Did you mean 'note'"):
        settle_encoders(complete().model_copy(update={"encoders": {"nots": "transformer"}}))
    with pytest.raises(ConfigError, match=r"task in `heads`: 'pric'. Did you mean 'price'"):
        complete(heads={"pric": "gaussian"})


@pytest.mark.parametrize(
    ("inputs", "rows", "decay"),
    [
        (["size", "shop"], 999, 0.95),
        (["size", "shop"], 1000, 0.0),
        (["size", "note"], 999, 0.0),
    ],
)
def test_weights_are_averaged_where_rows_of_numbers_are_few(inputs, rows, decay):
    table = read_table(tables.plain())
    values = {"targets": TARGETS, "inputs": inputs}
    infer_columns(table, values, add=False)
    config = RunConfig.parse(values)
    schema = Schema(config.inputs, config.targets)
    schema.fit(table, range(30))
    assert complete_parts(config, schema, rows).training.average == decay
    settled = RunConfig.parse({**values, "training": {"average": 0.5}})
    assert complete_parts(settled, schema, rows).training.average == 0.5
