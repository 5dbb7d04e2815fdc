"""The search space: names and values are checked before a row is read, and a draw becomes settings."""

import optuna
import pytest

import torso
from torso.core.errors import ConfigError
from torso.studies.tune.parts import parts_of
from torso.studies.tune.space import read_space, spread
from torso.studies.tune.subject import subject_of
from torso.studies.tune.usual import usual_space

TABLE = {
    "x": [float(n % 7) for n in range(90)],
    "word": ["a", "b", "c"] * 30,
    "y": [n % 7 + 0.5 for n in range(90)],
    "z": ["p", "q", "q"] * 30,
}


@pytest.fixture(scope="module")
def prepared():
    settings = {"training.epochs": 2, "dim": 64, "folds": 0, "blend": "off"}
    return subject_of(torso.prepare(TABLE, {"y": "number", "z": "binary"}, settings=settings)).given


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"trainin.lr": "auto"}, "Did you mean 'training.lr'"),
        ({"training.lrr": "auto"}, "Did you mean 'training.lr'"),
        ({"fusion": ["gated", "concatt"]}, "Did you mean 'concat'"),
        ({"encoders.number": ["periodic", "piecewise"]}, "Did you mean 'encoders.numbers'"),
        ({"encoders.*.dropoutt": "auto"}, "Did you mean 'dropout'"),
        ({"fusion.dropoutt": {"low": 0, "high": 1}}, "Did you mean 'dropout'"),
        ({"tasks.*.dropout": "auto"}, "every encoder"),
        ({"training.lr": {"low": 1, "hihg": 2}}, "Did you mean 'high'"),
        ({"training.lr": {"low": 2, "high": 1}}, "`low` below `high`"),
        ({"training.lr": {"low": 0, "high": 1, "log": True}}, "begins above 0"),
        ({"training.lr": {"low": -1, "high": 1}}, "training.lr"),
        ({"training.epochs": {"low": 1, "high": 2.5}}, "whole numbers"),
        ({"training.lr": 0.1}, "nothing to search"),
        ({"dim": [64, 64]}, "nothing to search"),
        ({}, "names no setting"),
        ({"folds": [0, 5]}, "one network|without plain models"),
        ({"inputs.x.kind": ["number", "category"]}, "one preparation"),
        ({"data.split.test": {"low": 0.1, "high": 0.3}}, "one preparation"),
        ({"seed": [0, 1]}, "luck"),
        ({"heads.y": ["student", "gaussian"]}, "another loss"),
        ({"training.lr": "simplex"}, "`simplex` is for"),
        ({"training.device": "auto"}, "no range"),
    ],
)
def test_a_slip_in_a_space_is_told(prepared, space, message):
    with pytest.raises(ConfigError, match=message):
        read_space(space, prepared.config)


def test_numbers_that_yaml_reads_as_texts_are_numbers(prepared, tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text("training.lr: {low: 1e-4, high: 1e-2, log: true}\nfusion: [gated, concat]\n")
    space = read_space(file, prepared.config)
    assert [str(each) for each in space.dimensions.values()] == [
        "0.0001 to 0.01 (log scale)",
        "gated, concat",
    ]
    assert space.draws_of(prepared.config) == {
        "training.lr": {"training.lr": 0.001},
        "fusion": {"fusion": '"concat"'},
    }


def test_a_setting_applies_to_the_parts_that_have_it(prepared):
    parts = parts_of(prepared.config)
    drawn = {"fusion.dropout": 0.2, "*.dropout": 0.4, "fusion": "concat"}
    settings = spread(drawn, parts)
    assert settings["fusion.dropout"] == 0.2  # its own wins over that of all
    assert settings["encoders.numbers.dropout"] == 0.4
    assert "fusion.dropout" not in spread({**drawn, "fusion": "gated"}, parts)  # it has none


def test_every_draw_of_the_usual_spaces_can_be_trained(prepared):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for name in ("first", "all"):
        space = usual_space(name, prepared)
        for _ in range(10):
            prepared.configured(space.draw(study.ask(), parts_of(prepared.config)))
    assert {"balancing", "fusion", "sharing", "encoders.numbers"} <= space.dimensions.keys()


def test_one_task_and_one_modality_leave_nothing_to_weigh_or_fuse():
    table = {"x": TABLE["x"], "y": TABLE["y"]}
    space = usual_space("all", torso.prepare(table, {"y": "number"}))
    assert {"balancing", "fusion", "sharing"}.isdisjoint(space.dimensions)


def test_a_range_is_widened_to_hold_the_runs_own_value(prepared):
    space = read_space({"training.lr": {"low": 1e-5, "high": 1e-4, "log": True}}, prepared.config)
    assert str(space.dimensions["training.lr"]) == "1e-05 to 0.001 (log scale)"
    assert "to hold the run's own 0.001" in space.notes[0]
