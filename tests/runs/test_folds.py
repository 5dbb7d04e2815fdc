"""Runs of several networks, each holding out another fold."""

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from torso.core.errors import ConfigError
from torso.model.ensemble import Ensemble
from torso.runs.networks.folds import assigned_folds, train_folds
from torso.training import Listener

TINY = {"training.epochs": 2, "dim": 16, "folds": 3}


def table(rows=150, seed=0):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": draw.normal(size=rows), "z": draw.normal(size=rows)})
    frame["house"] = np.arange(rows) // 3
    frame["number"] = 2 * frame.x - frame.z + 0.1 * draw.normal(size=rows)
    frame["class"] = np.where(frame.x > 0, "up", "down")
    return frame


TARGETS = ["number", "class"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds") / "run"
    return torso.fit(table(), TARGETS, out=folder, settings=TINY)


def test_a_run_holds_a_network_for_each_fold(run):
    assert isinstance(run.model, Ensemble)
    assert run.report.training.networks == len(run.model.members) == 3


def test_a_saved_run_answers_as_before(run):
    rows = table(30, seed=7)
    pd.testing.assert_frame_equal(torso.load(run.folder).predict(rows), run.predict(rows))


def test_every_row_is_held_out_once():
    prepared = torso.prepare(table(), TARGETS, settings=TINY)
    folds = train_folds(prepared, prepared.config, Listener())
    whole = sum(len(prepared.parts[name].rows) for name in ("training", "validation"))
    assert sorted(folds.kept) == list(range(whole))
    assert folds.rows_trained == whole
    rows = np.concatenate([prepared.parts[name].rows for name in ("training", "validation")])
    labels = prepared.parts["training"].dataset.targets["number"][rows[folds.kept]]
    assert folds.held_out.targets["number"].tolist() == labels.tolist()


def test_rows_of_a_group_share_a_fold():
    settings = {**TINY, "data.split.group": "house"}
    prepared = torso.prepare(table(), TARGETS, settings=settings)
    parts = [prepared.parts[name] for name in ("training", "validation")]
    folds = assigned_folds(parts, prepared.config, 3)
    house = table().house.to_numpy()[np.concatenate([part.rows for part in parts])]
    assert set(folds) == {0, 1, 2}
    assert all(len(set(folds[house == number])) == 1 for number in set(house))


def test_scores_without_test_rows_are_out_of_fold():
    run = torso.fit(table(), TARGETS, settings={**TINY, "data.split.test": 0})
    assert run.report.split == "validation"
    assert run.reports["number"].rows == 150


def test_the_mean_of_networks_is_their_statements_mean(run):
    from torso.columns.loader import gather

    dataset = run.labelled(table(12, seed=3))
    batch = gather(dataset, np.arange(12))
    together = run.model(batch.inputs)["number"]
    alone = [
        member.heads["number"].stated(member(batch.inputs)["number"])
        for member in run.model.members
    ]
    torch.testing.assert_close(together, sum(alone) / 3)


@pytest.mark.parametrize("folds", [1, -2])
def test_numbers_of_folds_that_make_no_sense(folds):
    with pytest.raises(ConfigError, match="folds"):
        torso.fit(table(), TARGETS, settings={**TINY, "folds": folds})


def test_a_table_of_its_own_validates():
    with pytest.raises(ConfigError, match="`folds` should be 0 where a table of its own validates"):
        torso.fit(table(), TARGETS, validation=table(60, seed=2), settings=TINY)
    run = torso.fit(
        table(), TARGETS, validation=table(60, seed=2), settings={**TINY, "folds": None}
    )
    assert run.config.folds == 0


def test_few_rows_have_folds_by_default():
    prepared = torso.prepare(table(), TARGETS, settings={**TINY, "folds": None})
    assert prepared.config.folds == 5


def test_folds_and_plain_models_together():
    settings = {**TINY, "blend": "auto", "plain.models": ["linear"]}
    run = torso.fit(table(), TARGETS, settings=settings)
    assert run.report.blend["number"].over_network.value > -1
    assert np.isfinite(run.predict(table(10, seed=4))["number"]).all()
