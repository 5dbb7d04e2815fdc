"""The JSON Schema of run.yaml takes every config that Torso writes, in all spellings, and refuses slips."""

import json

import pytest

from tests import small_tables as tables
from tests.small_tables import TARGETS
from torso.app.run_schema import run_schema
from torso.core.setting_types import accepts
from torso.runs.preparing.complete import complete_parts
from torso.runs.schema.columns import infer_columns
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runs.settings.rooms import ROOMS, registry_of
from torso.tables.table import read_table

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(json.dumps(run_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def in_config(room, spec):
    if room in ("fusion", "sharing", "balancing"):
        return {room: spec}
    return {room: {"name": spec}}


def written_out(room, name):
    """Return a part as a run writes it: every default, and some value of what is required."""
    registry = registry_of(room)
    settings = registry.settings(name)
    needed = {
        key: next(value for value in ("package:timm", {"price": 2.0}) if accepts(one.type, value))
        for key, one in settings.items()
        if one.by_user and one.required
    }
    given = [key for key, one in settings.items() if not one.by_user]
    spec = registry.complete({"type": name, **needed}, given=given).as_dict()
    if room in ("inputs", "targets"):
        spec["kind"] = spec.pop("type")
    return json.loads(json.dumps(spec))


@pytest.mark.parametrize("room", ROOMS)
def test_every_part_written_out_is_valid_and_a_slip_is_not(room, validator):
    specs = {name: written_out(room, name) for name in registry_of(room)}
    valid = [name for name, spec in specs.items() if validator.is_valid(in_config(room, spec))]
    assert valid == list(specs)
    slips = {name: {**spec, "hiden": 3} for name, spec in specs.items()}
    assert [n for n, spec in slips.items() if validator.is_valid(in_config(room, spec))] == []


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"targets": ["price"]},
        {"targets": {"price": "number"}, "inputs": {"photo": {"size": 32}, "note": None}},
        {"inputs": {"photo": {"kind": "image"}, "a": {"kind": "number", "modality": "b"}}},
        {"fusion": "gated"},
        {"fusion": {"hidden": 8}},
        {"fusion": {"gated": {"gate": "softmax"}}},
        {"fusion": {"gated": None}},
        {"fusion": {"late": {}, "hidden": 8}},
        {"fusion": {"type": "sequential", "inner": {"type": "gated"}}},
        {"fusion": "mine.parts:Fusion"},
        {"fusion": {"type": "mine:Fusion", "anything": 3}},
        {"fusion": {"mine:Fusion": {"anything": 3}}},
        {"encoders": {"photo": "convnet", "note": {"width": 8}, "sound": {"image/vit": {}}}},
        {"heads": {"price": {"level": 0.8}}},
        {"balancing": {"fixed": {"weights": {"price": 2}}}},
        {"training": {"epochs": 3, "average": None}, "data": {"split": {"test": 0.3}}},
    ],
)
def test_every_spelling_is_valid(values, validator):
    assert [error.message for error in validator.iter_errors(values)] == []


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 3},
        {"training": {"epoch": 3}},
        {"training": {"epochs": 0}},
        {"data": {"split": {"test": 2}}},
        {"fusion": "gatde"},
        {"fusion": {"gated": {"gate": "hard"}}},
        {"fusion": {"type": "gated", "gat": "softmax"}},
        {"fusion": {"rank": 8}},
        {"fusion": {"type": "sequential", "inner": "gatde"}},
        {"balancing": "fixed"},
        {"encoders": {"photo": {"widht": 8}}},
        {"heads": {"price": "studnt"}},
        {"inputs": {"photo": {"kind": "imag"}}},
        {"inputs": {"photo": {"kind": "image", "sise": 3}}},
    ],
)
def test_a_slip_is_not(values, validator):
    assert not validator.is_valid(values)


def test_the_config_of_a_run_is_valid(validator, tmp_path):
    table = read_table(tables.make(tmp_path))
    values = {"targets": TARGETS, "balancing": {"fixed": {"weights": {"price": 2.0}}}}
    infer_columns(table, values, add=True)
    config = RunConfig.parse(values)
    schema = Schema(config.inputs, config.targets)
    schema.fit(table, range(30))
    written = json.loads(json.dumps(complete_parts(config, schema, 100).model_dump()))
    assert [error.message for error in validator.iter_errors(written)] == []
    assert validator.is_valid({**written, "seed": 3})


def test_an_editor_is_told_meaning_default_and_choices():
    gate = run_schema()["$defs"]["fusion/gated"]["properties"]["gate"]
    assert gate["default"] == "sigmoid"
    assert "softmax" in gate["description"]
    epochs = run_schema()["$defs"]["TrainingConfig"]["properties"]["epochs"]
    assert epochs["minimum"] == 1
    assert epochs["description"]
