"""Pretrained encoders that lie on this machine are raced; a run takes those that surely help."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import torso
from torso.core.errors import ConfigError
from torso.encoders.hub.at_hand import CURES, KNOWN, model_at_hand, weights_folder
from torso.runs.prepare import prepare
from torso.runs.pretrained.race import Gain, Race

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="needs torso[hub]")

SMALL = {"training.epochs": 2, "dim": 8, "pretrained": "auto", "training.device": "cpu"}


@pytest.fixture(autouse=True)
def nothing_of_the_machine(monkeypatch, tmp_path):
    """Hide the packages and the hub's cache of the machine; a folder of weights is named by each test."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nothing"))
    monkeypatch.delenv("TORSO_WEIGHTS", raising=False)
    monkeypatch.setattr("torso.encoders.hub.at_hand._is_here", lambda _: False)


@pytest.fixture
def weights(tmp_path):
    from tests.encoders.hub import tiny

    tiny.save("bert", tmp_path / "weights" / "tiny")
    return tmp_path / "weights"


@pytest.fixture
def table():
    draw = np.random.default_rng(0)
    words = draw.choice(["red", "blue", "green", "thing", "very", "quite"], (160, 8))
    loud = [int((row == "red").sum() > 1) for row in words]
    return pd.DataFrame({"note": [" ".join(row) for row in words], "loud": loud})


def fit(table, weights, **more):
    settings = {**SMALL, "data.weights": str(weights), **more}
    return torso.fit(table, {"loud": "binary"}, inputs={"note": "text"}, settings=settings)


def test_a_model_is_found_by_what_it_reads(weights):
    assert model_at_hand("text", weights) == str((weights / "tiny").resolve())
    assert model_at_hand("image", weights) is None
    assert model_at_hand("text") is None


def test_the_page_lists_the_models_and_their_licences():
    page = Path(__file__).parents[2].joinpath("docs", "encoders.md").read_text(encoding="utf-8")
    for form, models in KNOWN.items():
        for known in models:
            assert f"| {form} | `{known.name}` | {known.what} | {known.licence} |" in page
    assert CURES.keys() == KNOWN.keys()


def test_the_folder_must_be_there(monkeypatch):
    monkeypatch.setenv("TORSO_WEIGHTS", "nowhere")
    with pytest.raises(ConfigError, match=r"\$TORSO_WEIGHTS should be a folder"):
        weights_folder(None)


@pytest.mark.parametrize("helps", [True, False])
def test_the_race_decides_and_says_so(table, weights, monkeypatch, helps):
    gain = Gain(0.1, 0.05 if helps else -0.05, 0.15)
    monkeypatch.setattr("torso.runs.pretrained.choice.Race.gain", lambda *_: gain)
    run = fit(table, weights)
    encoder = run.config.encoders["note"]
    assert (encoder["type"] == "hub") is helps
    assert run.config.inputs["note"]["length"] == (128 if helps else 256)
    (note,) = [note for note in run.notes if "retrained" in note]
    assert ("read 'note' by" in note) is helps
    assert str(gain) in note


def test_a_head_with_settings_and_no_name_is_the_usual_one(table, weights):
    run = fit(table, weights, **{"heads.loud.dropout": 0.2})
    assert run.config.heads["loud"]["type"] == "logistic"
    assert run.config.heads["loud"]["dropout"] == 0.2


def test_tokens_reach_plain_models_and_all_networks(table, weights, monkeypatch, tmp_path):
    monkeypatch.setattr("torso.runs.pretrained.choice.Race.gain", lambda *_: Gain(0.1, 0.05, 0.15))
    run = fit(table, weights, blend="auto", folds=2)
    assert "note/encoded" in run.plain.view.state()[0]["blocks"]
    trunks = [next(own.trunks.pairs())[1] for own in run.model.members]
    assert len({id(trunk.encoders["note"].backbone) for trunk in trunks}) == 1
    run.save(tmp_path / "run")
    again = torso.load(tmp_path / "run", device="cpu").predict(table)
    pd.testing.assert_frame_equal(run.predict(table), again)
    config = torso.load(tmp_path / "run").config
    assert config.pretrained == "auto"
    assert config.encoders["note"]["type"] == "hub"


@pytest.mark.parametrize("more", [{}, {"blend": "auto"}])
def test_a_row_alone_is_answered_as_in_its_table(table, weights, monkeypatch, more):
    monkeypatch.setattr("torso.runs.pretrained.choice.Race.gain", lambda *_: Gain(0.1, 0.05, 0.15))
    run = fit(table, weights, **more)
    rows = table.head(12)
    alone = pd.concat([run.predict(rows.iloc[[at]]) for at in range(12)], ignore_index=True)
    pd.testing.assert_frame_equal(alone, run.predict(rows), rtol=1e-3)


def test_without_weights_a_line_says_what_would_help(table, tmp_path):
    run = fit(table, tmp_path)
    assert run.config.encoders["note"]["type"] == "ngrams"
    (note,) = [note for note in run.notes if "pretrained" in note]
    assert "hf download sentence-transformers/all-MiniLM-L6-v2" in note


def test_short_texts_and_few_rows_are_told_nothing(table, tmp_path):
    short = table.assign(note=table["note"].str.split().str[:3].str.join(" "))
    for rows in (short, table.head(90)):
        run = fit(rows, tmp_path)
        assert not any("retrained" in note for note in run.notes)


def test_damaged_weights_are_told_and_the_small_encoder_reads(table, weights):
    (file,) = (weights / "tiny").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:500])
    run = fit(table, weights)
    assert run.config.encoders["note"]["type"] == "ngrams"
    (note,) = [note for note in run.notes if "retrained" in note]
    assert f"The pretrained encoder {weights / 'tiny'} cannot read 'note'" in note
    assert "the small one reads it" in note


def test_weights_that_give_no_numbers_are_told(table, weights):
    from safetensors.torch import load_file, save_file

    (file,) = (weights / "tiny").glob("*.safetensors")
    save_file({name: tensor * np.nan for name, tensor in load_file(file).items()}, file)
    run = fit(table, weights)
    assert run.config.encoders["note"]["type"] == "ngrams"
    assert any("no finite numbers" in note for note in run.notes)


def test_a_model_that_no_encoder_reads_is_told(table, weights):
    (weights / "odd").mkdir()
    (weights / "odd" / "config.json").write_text('{"model_type": "nothing_known"}')
    run = fit(table, weights)
    (note,) = [note for note in run.notes if "is left out" in note]
    assert str(weights / "odd") in note


def test_a_run_whose_weights_have_moved_says_the_cure(table, weights, monkeypatch, tmp_path):
    monkeypatch.setattr("torso.runs.pretrained.choice.Race.gain", lambda *_: Gain(0.1, 0.05, 0.15))
    fit(table, weights).save(tmp_path / "run")
    text = (tmp_path / "run" / "run.yaml").read_text()
    assert text.startswith("# Pretrained encoders read 'note' by")
    (weights / "tiny").rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"change `name` in its run\.yaml"):
        torso.load(tmp_path / "run")
    (tmp_path / "run" / "run.yaml").write_text(
        text.replace(str((weights / "tiny").resolve()), str(tmp_path / "elsewhere"))
    )
    assert len(torso.load(tmp_path / "run").predict(table)) == len(table)


def test_an_evaluation_repeats_the_scores_of_the_fit(table, weights, monkeypatch):
    monkeypatch.setattr("torso.runs.pretrained.choice.Race.gain", lambda *_: Gain(0.1, 0.05, 0.15))
    run = fit(table, weights, blend="auto")
    kept = table.iloc[run.split.split.test]
    again = run.evaluate(kept)["loud"].metrics["log_loss"].value
    assert again == pytest.approx(run.reports["loud"].metrics["log_loss"].value, rel=1e-5)


def test_a_preparation_keeps_its_choice(table, weights):
    settings = {**SMALL, "data.weights": str(weights)}
    prepared = prepare(table, {"loud": "binary"}, inputs={"note": "text"}, settings=settings)
    with pytest.raises(ConfigError, match="`pretrained` cannot change"):
        prepared.under({"pretrained": "off"})


def test_columns_that_tell_the_label_gain_once():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"a": draw.normal(size=300), "y": draw.normal(size=300)})
    prepared = prepare(frame, {"y": "number"}, inputs={"a": "number"})
    part = prepared.parts["training"]
    race = Race(prepared.config, prepared.schema, part.table, part.dataset)
    told = (frame[["y"]] + draw.normal(0, 0.3, (300, 1))).to_numpy(np.float32)
    noise = draw.normal(size=(300, 1)).astype(np.float32)
    assert not race.gain(noise, ["noise"]).sure
    assert race.gain(told, ["told"]).sure
    race.keep()
    assert not race.gain(told, ["again"]).sure


@pytest.mark.parametrize("more", [{"pretrained": "off"}, {"encoders.note": "ngrams"}])
def test_nothing_is_raced_where_the_user_says(table, weights, more):
    run = fit(table, weights, **more)
    assert run.config.encoders["note"]["type"] == "ngrams"
    assert not any("retrained" in note for note in run.notes)


def test_an_encoder_that_takes_too_long_is_left_out(table, weights, monkeypatch):
    monkeypatch.setattr("torso.runs.pretrained.candidate._MOST_SECONDS", 0.0)
    (note,) = [note for note in fit(table, weights).notes if "retrained" in note]
    assert "would take too long" in note
    assert "--set" in note
