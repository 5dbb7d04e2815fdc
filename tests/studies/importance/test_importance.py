"""The study on tables whose truth is known, and on awkward ones."""

import json
import re

import numpy as np
import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError, DataError
from torso.runs.folder.folder import RunFolder
from torso.studies.importance import Importance

SMALL = {"dim": 8, "training.epochs": 6, "folds": 0, "plain.models": ["linear", "trees"]}


def made(rows=400, seed=0):
    """Return a table: `y` by `a` and `b`, `kind` by `word`; `twin` tells `a`, `noise` nothing, `flat` is constant."""
    draw = np.random.default_rng(seed)
    a, b, noise = draw.normal(size=(3, rows))
    word = draw.choice(["red", "green", "blue"], rows)
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "noise": noise.tolist(),
        "word": word.tolist(),
        "flat": [1.0] * (rows - 1) + [2.0],
        "y": (2 * a + b + 0.3 * draw.normal(size=rows)).tolist(),
        "kind": [{"red": "hot", "green": "cold", "blue": "cold"}[w] for w in word],
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    table = tables.write(folder / "table.csv", made())
    return torso.fit(table, ["y", "kind"], settings=SMALL, out=folder / "run")


@pytest.fixture(scope="module")
def found(run):
    return torso.importance(run)


def test_carriers_come_first_and_noise_has_no_evidence(found):
    assert [effect.name for effect in found.ranked("y")][:2] == ["a", "b"]
    assert found.ranked("kind")[0].name == "word"
    verdicts = {effect.name: effect.verdict for effect in found.ranked("y")}
    assert verdicts["a"] == verdicts["b"] == "matters"
    assert verdicts["noise"] == "no evidence"
    assert "held out for the test" in found.notes[0]
    assert found.rows == 80


def test_a_column_of_one_value_changes_nothing(found):
    own = [e for e in found.effects if e.name == "flat" and e.way == "exchanged"]
    assert own
    assert all(abs(e.value.value) < 0.05 and e.verdict == "no evidence" for e in own)


def test_shapley_values_add_up_to_all_less_none(found):
    for task in ("y", "kind"):
        for measure in {effect.measure for effect in found.effects if effect.task == task}:
            scores = {
                s.kept: s.score.value
                for s in found.subsets
                if (s.task, s.measure) == (task, measure)
            }
            values = [
                e.value.value
                for e in found.effects
                if (e.way, e.task, e.measure) == ("shapley", task, measure)
            ]
            whole = scores[tuple(found.modalities)] - scores[()]
            assert sum(values) == pytest.approx(whole, abs=1e-9)


def test_it_survives_json_and_lies_in_the_run(run, found):
    saved = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    again = Importance.from_dict(saved)
    assert again.to_dict() == found.to_dict()
    assert repr(again) == repr(found)
    kept = RunFolder(run.folder).studies()["importance"]
    assert Importance.from_dict(kept["result"]).effects
    frame = found.frame()
    assert {"name", "way", "value", "low", "high", "p", "verdict"} <= set(frame.columns)
    assert len(found.subset_frame()) == len(found.subsets)


def test_twins_hide_each_other_and_are_exchanged_together():
    table = made()
    table["twin"] = [round(value, 2) for value in table["a"]]
    run = torso.fit(table, ["y"], settings=SMALL)
    found = torso.importance(run, table)
    assert any(note.startswith("a and twin tell each other") for note in found.notes)
    together = found.ranked("y", "alike")[0]
    assert together.name == "a + twin"
    assert together.value.value > max(
        effect.value.value for effect in found.ranked("y") if effect.name in ("a", "twin")
    )


def test_groups_are_resampled_and_exchanged_inside():
    table = made(rows=300)
    table["who"] = [f"p{row % 30}" for row in range(300)]
    run = torso.fit(table, ["y"], settings={**SMALL, "data.split.group": "who"})
    found = torso.importance(run, table)
    assert found.groups is not None
    assert found.groups <= 30
    assert {effect.way for effect in found.effects} == {
        "exchanged",
        "within_groups",
        "left_out",
        "shapley",
    }


def test_a_table_in_memory_must_be_given_again():
    table = made(rows=60)
    run = torso.fit(table, ["y"], inputs=["a"], settings={**SMALL, "blend": "off"})
    with pytest.raises(ConfigError, match=r"torso importance RUN TABLE"):
        torso.importance(run)
    found = torso.importance(run, table)
    assert found.interactions == ()
    assert [subset.kept for subset in found.subsets if subset.measure == "r2"] == [(), ("numbers",)]


def test_labels_must_be_there(run):
    table = made(rows=30)
    without = {name: cells for name, cells in table.items() if name not in ("y", "kind")}
    with pytest.raises(DataError, match="no target column"):
        torso.importance(run, without)
    with pytest.raises(DataError, match="give a table with labels"):
        torso.importance(run, {**without, "y": [None] * 30, "kind": [None] * 30})
    few = {**table, "kind": [None] * 30, "y": [*table["y"][:5], *[None] * 25], "noise": [None] * 30}
    found = torso.importance(run, few)
    assert found.labels == {"y": 5}
    assert all(effect.verdict == "no evidence" for effect in found.effects)
    assert any("noise: nothing is said" in note for note in found.notes)
    assert any("has a label of kind" in note for note in found.notes)


def test_rows_that_the_run_learnt_from_are_told(run):
    learnt = {name: cells[:60] for name, cells in made().items()}
    assert "learnt from" in torso.importance(run, learnt, rows=20).notes[0]
    assert any("of these 60 rows" in note for note in torso.importance(run, learnt, rows=20).notes)


def test_the_command_tells_the_rows_it_left_out_and_how_to_take_them(run, capsys):
    assert tables.torso("importance", run.folder, "--rows", 30, "--repeats", 1) == 0
    printed = capsys.readouterr()
    assert "y: a" in printed.out
    assert "With some modalities only" in printed.out
    cure = re.search(r"More: (--rows) (\d+)", printed.err)
    assert tables.torso("importance", run.folder, *cure.groups(), "--repeats", 1) == 0
    assert "drawn by chance" not in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"repeats": 0}])
def test_numbers_below_one_are_refused(run, wrong):
    with pytest.raises(ConfigError, match="at least 1"):
        torso.importance(run, **wrong)
