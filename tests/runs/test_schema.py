"""The schema: which columns form a modality, what is learnt, what is stored."""

import json

import numpy as np
import pytest

from tests import small_tables as tables
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.runs.schema.schema import Schema
from torso.tables.table import read_table

INPUTS = {"note": {"kind": "text"}, "size": {"kind": "number"}, "shop": {"kind": "category"}}
TARGETS = {"colour": {"kind": "category"}, "loud": {"kind": "binary"}, "price": {"kind": "number"}}
TABLE = read_table(tables.plain())


def fitted(inputs=INPUTS, targets=TARGETS, table=TABLE):
    schema = Schema(inputs, targets)
    schema.fit(table, np.arange(30))
    return schema


def forms(inputs):
    return {name: one.form for name, one in Schema(inputs, TARGETS).modalities.items()}


def test_scalar_columns_share_a_modality_and_others_have_their_own():
    inputs = {
        "photo": {"kind": "image"},
        "size": {"kind": "number"},
        "scan": {"kind": "image"},
        "when": {"kind": "datetime"},
        "shop": {"kind": "category"},
        "flag": {"kind": "binary"},
    }
    found = Schema(inputs, TARGETS).modalities
    assert list(found) == ["photo", "numbers", "scan", "categories"]
    assert list(found["numbers"].columns) == ["size", "when"]
    assert list(found["categories"].columns) == ["shop", "flag"]


def test_a_modality_of_a_chosen_name():
    inputs = {"size": {"kind": "number", "modality": "body"}, "age": {"kind": "number"}}
    assert forms(inputs) == {"body": "numbers", "numbers": "numbers"}
    with pytest.raises(ConfigError, match="'all' should join only numbers, or only categories"):
        forms(
            {
                "size": {"kind": "number", "modality": "all"},
                "b": {"kind": "text", "modality": "all"},
            }
        )


def test_a_column_called_like_a_modality():
    inputs = {"numbers": {"kind": "text"}, "size": {"kind": "number"}}
    assert forms(inputs) == {"numbers": "text", "numbers columns": "numbers"}


def test_what_the_encoder_is_offered_covers_all_columns():
    table = read_table({**tables.plain(), "when": ["2024-01-01", "2024-07-01"] * 20})
    schema = fitted({**INPUTS, "when": {"kind": "datetime"}}, table=table)
    offered = schema.modalities["numbers"].offered()
    assert offered["columns"] == len(offered["quantiles"]) == 8
    source = schema.dataset(table, Reading()).sources["numbers"]
    assert source.batch(np.arange(3))[0].shape == (3, 8)


def test_state_survives_json_and_gives_the_same_features():
    schema = fitted()
    state = json.loads(json.dumps(schema.state(), allow_nan=False))
    other = Schema(INPUTS, TARGETS)
    other.restore(state)
    assert other.state() == schema.state()
    rows = np.arange(40)
    one, two = (some.dataset(TABLE, Reading()) for some in (schema, other))
    for name, source in one.sources.items():
        for left, right in zip(source.batch(rows), two.sources[name].batch(rows), strict=True):
            np.testing.assert_array_equal(left, right)
    for task, target in one.targets.items():
        np.testing.assert_array_equal(target, two.targets[task])


def test_words_and_numbers_are_stored_apart():
    state = fitted().state()
    assert set(state["vocabulary"]) == {"note", "shop", "colour", "loud"}
    learnt = {name: {*own} - {"reference"} for name, own in state["statistics"].items()}
    with_numbers = {name for name, own in learnt.items() if own}
    assert with_numbers == {"size", "price", "shop", "colour", "loud"}
    assert list(state["statistics"]["colour"]) == ["numeric", "frequencies"]


def test_only_the_given_rows_teach():
    columns = tables.plain()
    for row in range(30, 40):
        columns["size"][row], columns["shop"][row], columns["price"][row] = 1e9, "x", -1e9
        columns["note"][row], columns["colour"][row] = "zzzzzz", "mauve"
    assert fitted(table=read_table(columns)).state() == fitted().state()


def test_targets_may_be_absent_or_left_unread():
    schema = fitted()
    table = read_table({name: cells for name, cells in tables.plain().items() if name != "price"})
    dataset = schema.dataset(table, Reading())
    assert np.isnan(dataset.targets["price"]).all()
    assert (dataset.targets["colour"] >= 0).all()
    assert schema.dataset(TABLE, Reading(), targets=False).targets == {}


def test_an_input_column_that_is_absent():
    table = read_table({"notes": ["x"], "size": [1]})
    with pytest.raises(
        DataError, match=r"Unknown column 'note'\. Did you mean 'notes'.*\['note', 'shop'\]"
    ):
        fitted().dataset(table, Reading())


@pytest.mark.parametrize(
    "inputs,targets,message",
    [
        ({}, TARGETS, "at least one input"),
        (INPUTS, {}, "at least one target"),
        ({**INPUTS, "price": {"kind": "number"}}, TARGETS, r"not both\. Found \['price'\]"),
        ({"a": {"kind": "imge"}}, TARGETS, "Unknown input kind 'imge'. Did you mean 'image'"),
        (INPUTS, {"a": {"kind": "binry"}}, "Unknown target kind 'binry'. Did you mean 'binary'"),
        ({"a": {"kind": "image", "sise": 3}}, TARGETS, "'sise'. Did you mean 'size'"),
        ({"a": {"kind": "image", "size": 3}}, TARGETS, "from 16 to 1024 pixels. Found 3"),
        ({"a": {"kind": "image", "size": "big"}}, TARGETS, "Cannot build input kind 'image'"),
        ({"a": {"size": 3}}, TARGETS, "'a' should be described by a mapping with the key `kind`"),
    ],
)
def test_what_is_refused(inputs, targets, message):
    with pytest.raises(ConfigError, match=message):
        Schema(inputs, targets)
