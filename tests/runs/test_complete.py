"""A complete config: every part by its name, every default written out, and nothing that is not a setting."""

import pytest

from tests import small_tables as tables
from tests.small_tables import TARGETS
from torso.core.errors import ConfigError
from torso.runs.preparing.complete import complete_parts, settle_encoders
from torso.runs.schema.columns import infer_columns
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tables.table import read_table


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


def test_a_setting_may_change_a_part_written_as_its_name_above_its_settings():
    config = complete(
        fusion={"concat": {"hidden": 4}, "hidden": 8},
        heads={"price": {"student": {}, "level": 0.8}},
    )
    assert config.fusion["type"] == "concat"
    assert config.fusion["hidden"] == 8
    assert config.heads["price"]["type"] == "student"
    assert config.heads["price"]["level"] == 0.8


def test_what_the_data_say_is_no_setting():
    with pytest.raises(ConfigError, match=r"`heads.price.std` should be left out, .* Found 3\."):
        complete(heads={"price": {"std": 3}})


def test_completing_a_complete_config_changes_nothing():
    config = complete()
    schema = Schema(config.inputs, config.targets)
    schema.fit(read_table(tables.plain()), range(30))
    assert complete_parts(config, schema, 100) == config


def test_parts_of_unknown_modalities_and_tasks_are_refused():
    with pytest.raises(ConfigError, match=r"modality in `encoders`: 'nots'. Did you mean 'note'"):
        settle_encoders(complete().model_copy(update={"encoders": {"nots": "transformer"}}), 100)
    with pytest.raises(ConfigError, match=r"task in `heads`: 'pric'. Did you mean 'price'"):
        complete(heads={"pric": "gaussian"})


@pytest.mark.parametrize(
    ("inputs", "rows", "decay"),
    [
        (["size", "shop"], 999, 0.95),  # 16 steps an epoch
        (["size", "shop"], 64 * 50, 0.98),
        (["size", "shop"], 100_000, 0.99),
        (["size", "note"], 999, 0.0),
    ],
)
def test_weights_are_averaged_over_about_an_epoch_of_tables(inputs, rows, decay):
    table = read_table(tables.plain())
    values = {"targets": TARGETS, "inputs": inputs}
    infer_columns(table, values, add=False)
    config = RunConfig.parse(values)
    schema = Schema(config.inputs, config.targets)
    schema.fit(table, range(30))
    assert complete_parts(config, schema, rows).training.average == decay
    settled = RunConfig.parse({**values, "training": {"average": 0.5}})
    assert complete_parts(settled, schema, rows).training.average == 0.5


@pytest.mark.parametrize(
    ("inputs", "targets", "share"),
    [
        (["size", "shop"], TARGETS, 0.25),
        (["size", "note"], TARGETS, 0.0),
        (["size"], TARGETS, 0.0),  # nothing else to lean on
        (["size", "shop", "note"], TARGETS, 0.0),
        ({"size": {}, "shop": {}, "seen": {"kind": "image"}}, TARGETS, 0.0),
        (["size", "shop"], {"again": {"kind": "number", "column": "size"}}, 0.0),
    ],
)
def test_modalities_are_hidden_where_all_are_quickly_learnt(inputs, targets, share):
    columns = tables.plain()
    columns["seen"] = ["a.png"] * len(columns["size"])
    table = read_table(columns)
    values = {"targets": targets, "inputs": inputs}
    infer_columns(table, values, add=False)
    config = RunConfig.parse(values)
    schema = Schema(config.inputs, config.targets)
    schema.fit(table, range(30))
    assert complete_parts(config, schema, 100).training.modality_dropout == share
    settled = config.model_copy(
        update={"training": config.training.model_copy(update={"modality_dropout": 0.0})}
    )
    assert complete_parts(settled, schema, 100).training.modality_dropout == 0.0


def settled(rows, laid_out=None, **values):
    table = read_table(tables.plain())
    values = {"targets": {"price": {"kind": "number"}}, "inputs": ["note"], **values}
    infer_columns(table, values, add=False)
    return settle_encoders(RunConfig.parse(values), rows, laid_out)


def test_texts_of_few_rows_are_read_as_bags_of_small_tokens():
    few, many = settled(5999), settled(6000)
    assert few.encoders == {"note": {"type": "ngrams", "buckets": 20_000}}
    assert few.inputs["note"] == {"vocabulary": 500, "length": 256, "kind": "text"}
    assert many.encoders == {"note": {"type": "transformer"}}
    assert many.inputs["note"] == {"kind": "text"}


def test_what_is_said_of_texts_stays():
    said = settled(100, inputs={"note": {"length": 30}})
    assert said.inputs["note"]["length"] == 30
    assert said.inputs["note"]["vocabulary"] == 500
    named = settled(100, encoders={"note": "transformer"})
    assert named.encoders["note"]["type"] == "transformer"
    assert named.inputs["note"] == {"kind": "text"}


def test_texts_along_which_a_target_lies_keep_their_steps():
    tags = {"who": {"kind": "tags", "of": "note", "column": "loud"}}
    assert settled(100, targets=tags).inputs["note"] == {"kind": "text"}


def test_another_encoder_reads_texts_as_they_are_laid_out():
    first = settled(100)
    again = settled(100, laid_out=first.inputs, encoders={"note": "transformer"})
    assert again.encoders["note"]["type"] == "transformer"
    assert again.inputs == first.inputs


def test_texts_read_as_bags_are_quickly_learnt():
    config = settled(100)
    schema = Schema(config.inputs, config.targets)
    schema.fit(read_table(tables.plain()), range(30))
    few, many = (complete_parts(config, schema, rows) for rows in (2000, 2001))
    assert few.training.average == 0.968
    assert few.sharing["type"] == "members"
    assert many.sharing["type"] == "hard"
    named = config.model_copy(update={"encoders": {"note": "transformer"}})
    assert complete_parts(named, schema, 100).training.average == 0.0
