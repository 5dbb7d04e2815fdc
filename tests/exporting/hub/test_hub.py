"""Runs go to a hub and come back, and say nothing of the rows and the machine that they come from."""

import numpy as np
import pandas as pd
import pytest
import yaml

import torso
from tests.absent import python_without
from tests.exporting.hub.hub import hub_of
from tests.small_tables import torso as torso_command
from torso.core.errors import ConfigError, RunError
from torso.core.optional import TRAINING
from torso.exporting.hub import pull, push, write_hub_folder

pytest.importorskip("huggingface_hub")

NAME = "me/house-prices"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a table in a file, with a cell that cannot be read and a held-out part."""
    folder = tmp_path_factory.mktemp("secret")
    draw = np.random.default_rng(0)
    size = draw.normal(size=90)
    frame = pd.DataFrame({"size": size.astype(object), "price": 5 + 2 * size})
    frame.loc[3, "size"] = "who knows"
    frame.to_csv(folder / "table.csv", index=False)
    settings = {
        "training.epochs": 1,
        "dim": 8,
        "blend": "auto",
        "plain.models": ["linear"],
        "inputs.size.kind": "number",
    }
    return torso.fit(folder / "table.csv", ["price"], out=folder / "run", settings=settings)


@pytest.fixture
def token(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "right")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


def answers(run):
    return run.predict({"size": [0.5, -1.0]})


def test_a_folder_for_the_hub_answers_as_the_run(run, tmp_path):
    folder = write_hub_folder(run, tmp_path / "shared", NAME, license="apache-2.0")
    pd.testing.assert_frame_equal(answers(torso.load(folder)), answers(run))
    head, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1:3]
    about = yaml.safe_load(head)
    assert (about["license"], about["library_name"]) == ("apache-2.0", "torso")
    assert about["model-index"][0]["name"] == "house-prices"
    assert f"torso pull {NAME} -o house-prices" in text


def test_rows_and_paths_stay_at_home(run, tmp_path):
    assert (run.folder / "held_out.parquet").exists() and run.skipped
    folder = write_hub_folder(run, tmp_path / "shared", NAME)
    written = b"".join(file.read_bytes() for file in folder.iterdir())
    for word in (str(run.folder.parent), "who knows"):
        assert word.encode() not in written
    left_out = {"held_out.parquet", "split.parquet", "examples.parquet", "log.jsonl"}
    assert not left_out & {file.name for file in folder.iterdir()}


def test_pushed_pulled_and_loaded_by_the_hubs_own_client(run, token, tmp_path, monkeypatch):
    stale = {NAME: {"old.safetensors": b"0", "picture.png": b"1"}}
    with hub_of(stale) as hub:
        address = push(run, NAME, endpoint=hub.address)
        assert hub.told == [(NAME, True)] and hub.address in address
        assert "old.safetensors" not in hub.repositories[NAME]  # not of this run
        fetched = pull(NAME, endpoint=hub.address)
        own = pull(NAME, tmp_path / "own", endpoint=hub.address)
    pd.testing.assert_frame_equal(answers(torso.load(fetched)), answers(run))
    pd.testing.assert_frame_equal(answers(torso.load(own)), answers(run))
    assert not (own / "picture.png").exists()
    cached = tmp_path / "cache" / "models--me--house-prices"
    pd.testing.assert_frame_equal(answers(torso.load(cached)), answers(run))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert pull(NAME) == fetched  # no hub answers any more


def test_what_the_hub_refuses_is_said_with_its_cure(run, token, monkeypatch):
    with hub_of({"me/other": {"notes.md": b"no run"}}) as hub:
        with pytest.raises(ConfigError, match=r"no such repository.*HF_TOKEN"):
            pull("me/absent", endpoint=hub.address)
        with pytest.raises(RunError, match=r"run.yaml is absent. Found \['notes.md'\]"):
            pull("me/other", endpoint=hub.address)
        monkeypatch.setenv("HF_TOKEN", "wrong")
        with pytest.raises(ConfigError, match=r"may not write there.*hf auth login"):
            push(run, NAME, endpoint=hub.address)
    with pytest.raises(ConfigError, match="could not be fetched"):
        pull("me/absent", endpoint=hub.address)  # it is gone
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match="HF_HUB_OFFLINE is set"):
        push(run, NAME)
    with pytest.raises(ConfigError, match="this machine does not have it"):
        pull("me/absent")


@pytest.mark.parametrize("name", ["house", "a/b/c", "../run", "me/..", "", None, "me/hou se"])
def test_names_that_are_no_repository(name):
    with pytest.raises(ConfigError, match="should be OWNER/NAME"):
        push("run", name)


def test_slips_of_folders(run, tmp_path):
    with pytest.raises(RunError, match="is the run itself"):
        write_hub_folder(run, run.folder, NAME)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is no run, and not empty"):
        write_hub_folder(run, tmp_path, NAME)
    with pytest.raises(ConfigError, match="a name that the hub knows"):
        write_hub_folder(run, tmp_path / "new", NAME, license="All rights reserved!")


def test_the_command_line_pushes_and_pulls(run, token, tmp_path, monkeypatch, capsys):
    assert torso_command("push", run.folder, NAME, "-o", tmp_path / "shared") == 0
    pd.testing.assert_frame_equal(answers(torso.load(tmp_path / "shared")), answers(run))
    with hub_of({}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert torso_command("push", run.folder, NAME, "--public", "--license", "mit") == 0
        assert hub.told == [(NAME, False)]
        capsys.readouterr()
        assert torso_command("pull", NAME) == 0
        fetched = capsys.readouterr().out.strip()
        pulled = 'import sys, torso; print(torso.pull(sys.argv[1], "there"))'
        python_without(TRAINING, pulled, NAME, folder=tmp_path)  # who answers has no torch
    pd.testing.assert_frame_equal(answers(torso.load(fetched)), answers(run))
