"""run.yaml: checked, complete, changed by settings; every message names the key and the cure."""

import pytest
import yaml

from torso.core.errors import ConfigError
from torso.runs.settings.config import RunConfig, read_config
from torso.runs.settings.paths import apply_settings

LEAST = {"inputs": {"a": {"kind": "number"}}, "targets": {"b": {"kind": "binary"}}}


def test_what_is_written_is_what_was_read(tmp_path):
    config = RunConfig.parse(
        {
            **LEAST,
            "inputs": {"ü": {"kind": "text"}, "on": {"kind": "number"}, "1": {"kind": "number"}},
            "targets": {"null": {"kind": "number"}, "a.b": {"kind": "category"}},
            "data": {"root": ["x.zip"], "missing": ["?", "-999"]},
            "training": {"lr": 1e-5},
        }
    )
    path = tmp_path / "run.yaml"
    path.write_text(config.to_yaml(), encoding="utf-8")
    assert RunConfig.parse(read_config(path)) == config
    assert path.read_text(encoding="utf-8").index("seed") < path.read_text("utf-8").index(
        "training"
    )


def test_every_default_is_written():
    written = yaml.safe_load(RunConfig.parse(LEAST).to_yaml())
    assert written["training"]["epochs"] == 40
    assert written["data"]["split"]["test"] == 0.2
    assert set(written) == set(RunConfig.model_fields)


def test_a_schema_for_editors():
    schema = RunConfig.model_json_schema()
    assert schema["properties"]["dim"]["minimum"] == 2
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "change,message",
    [
        ({"sede": 1}, r"run\.yaml: Unknown key 'sede'\. Did you mean 'seed'\?"),
        (
            {"training": {"epoch": 1}},
            r"Unknown key in `training`: 'epoch'\. Did you mean 'epochs'\?",
        ),
        ({"data": {"split": {"grp": "x"}}}, r"Unknown key in `data\.split`: 'grp'"),
        ({"dim": 1}, r"`dim` should be .*greater than or equal to 2\. Found 1\."),
        (
            {"training": {"precision": "half"}},
            r"`training\.precision` should be .*bfloat16.*Found \"half\"\.",
        ),
        ({"training": None}, r"`training` should be .*Found null\."),
        ({"inputs": None}, r"`inputs` should be .*Found null\."),
        ({"inputs": {"a": 5}}, r"`inputs\.a` should be .*Found 5\."),
        ({"encoders": {"a": 5}}, r"`encoders\.a` should be a part's name or a mapping .*Found 5\."),
        ({"data": {"most_skipped": 2}}, r"`data\.most_skipped` should be .*Found 2\."),
    ],
)
def test_what_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig.parse({**LEAST, **change}, "run.yaml")


def test_several_problems_are_all_told():
    with pytest.raises(ConfigError) as caught:
        RunConfig.parse({"sede": 1, "dim": 0})
    assert "sede" in str(caught.value)
    assert "`dim`" in str(caught.value)
    assert "`inputs` is required." in str(caught.value)


@pytest.mark.parametrize(
    "setting,expected",
    [
        ("training.epochs=5", {"training": {"epochs": 5}}),
        ("training.lr=1e-3", {"training": {"lr": 0.001}}),
        ("data.missing=['?', -999]", {"data": {"missing": ["?", -999]}}),
        ("inputs.order=null", {"inputs": {"order": None}}),
        ("fusion={type: concat, hidden: 8}", {"fusion": {"type": "concat", "hidden": 8}}),
        ("data.table=a=b.csv", {"data": {"table": "a=b.csv"}}),
        ("data.table=", {"data": {"table": None}}),
        (" seed =3", {"seed": 3}),
    ],
)
def test_a_setting(setting, expected):
    values = {}
    apply_settings(values, [setting])
    assert values == expected


def test_settings_as_a_mapping_keep_their_values():
    values = {"training": {"lr": 1}}
    apply_settings(values, {"training.lr": "1e-3", "dim": 8})
    assert values == {"training": {"lr": "1e-3"}, "dim": 8}


def test_a_part_given_by_name_gets_settings():
    values = {"fusion": "concat", "encoders": {"photo": "convnet"}}
    apply_settings(values, ["fusion.hidden=8", "encoders.photo.width=4"])
    assert values == {
        "fusion": {"type": "concat", "hidden": 8},
        "encoders": {"photo": {"type": "convnet", "width": 4}},
    }


def test_a_column_given_by_its_kind_gets_settings():
    values = {"inputs": {"photo": "image"}, "targets": {"a.b": "caption"}}
    apply_settings(values, ["inputs.photo.size=16", "targets.a.b.vocabulary=300"])
    assert values == {
        "inputs": {"photo": {"kind": "image", "size": 16}},
        "targets": {"a.b": {"kind": "caption", "vocabulary": 300}},
    }


def test_names_with_dots_are_found_among_the_keys():
    values = {"inputs": {"a.b": {"kind": "number"}, "a": {"kind": "text"}}}
    apply_settings(values, ["inputs.a.b.kind=category", "inputs.a.length=3"])
    assert values == {"inputs": {"a.b": {"kind": "category"}, "a": {"kind": "text", "length": 3}}}


@pytest.mark.parametrize(("name", "value"), [("a=b", "number"), ("a=b.c", "x=y"), ("=", "text")])
def test_a_column_may_be_called_like_a_setting(name, value):
    values = {}
    apply_settings(values, [f"inputs.{name}.kind={value}", "dim=8"], ["a", "b", name])
    assert values == {"inputs": {name: {"kind": value}}, "dim": 8}


def test_later_settings_win():
    values = {}
    apply_settings(values, ["dim=8", "dim=16"])
    assert values == {"dim": 16}


@pytest.mark.parametrize(
    "setting,message",
    [
        ("epochs", "should look like training.epochs=5. Found 'epochs'"),
        ("=5", "should look like"),
        ("a=[1", "not valid YAML"),
        ("dim.x.y=5", "needs a mapping at `dim`. Found 8"),
    ],
)
def test_a_setting_that_is_none(setting, message):
    with pytest.raises(ConfigError, match=message):
        apply_settings({"dim": 8}, [setting])


def test_yaml_cannot_make_objects(tmp_path):
    (tmp_path / "run.yaml").write_text("a: !!python/object/apply:os.system ['true']")
    with pytest.raises(ConfigError, match="is not valid YAML"):
        read_config(tmp_path / "run.yaml")


def test_off_and_yes_are_texts_in_files_and_settings(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("blend: off\ntargets: {ill: {kind: binary, positive: yes}}\nrefit: yes\n")
    values = read_config(file)
    apply_settings(values, ["quality=fast", "blend=off", "targets.well.positive=no"])
    assert values["blend"] == "off"
    assert values["targets"] == {
        "ill": {"kind": "binary", "positive": "yes"},
        "well": {"positive": "no"},
    }
    config = RunConfig.parse({**values, "inputs": {}})
    assert config.blend == "off"
    assert config.refit is True


def test_a_lone_value_stands_for_a_list():
    values = {**LEAST, "data": {"root": "photos", "missing": "?"}, "plain": {"models": "linear"}}
    config = RunConfig.parse(values)
    assert config.data.root == ["photos"]
    assert config.data.missing == ["?"]
    assert config.plain.models == ["linear"]
