"""What a run or a config names is refused quickly where it is out of bounds, and nothing is fetched for a run."""

import json
import shutil
import socket
import time

import pytest
import yaml

import torso
from tests import small_tables as tables
from torso.core import hub
from torso.core.errors import ConfigError, TorsoError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("named") / "run"
    torso.fit(tables.plain(), ["price"], out=out, settings=tables.TINY)
    return out


@pytest.fixture
def no_connection(monkeypatch):
    def refused(*arguments, **named):
        raise AssertionError(f"a connection was asked for: {arguments} {named}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize(
    ("encoder", "why"),
    [
        ({"type": "hub", "name": "/"}, "config.json is absent"),
        ({"type": "hub", "name": "org/model"}, "hf download org/model"),
        ({"type": "transformer", "depth": 10**6}, "`depth` should be at most 64"),
        ({"type": "transformer", "dim": 10**9}, "`dim` should be at most 8192"),
    ],
)
def test_a_run_that_names_too_much_is_refused_at_once(encoder, why, run, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "torso.json").write_text(json.dumps({"torso": "0", "state": "finished"}))
    config = yaml.safe_load((copy / "run.yaml").read_text())
    config["encoders"]["note"] = encoder
    (copy / "run.yaml").write_text(yaml.safe_dump(config))
    began = time.process_time()
    with pytest.raises(TorsoError) as caught:
        torso.load(copy)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 600
    assert time.process_time() - began < 2


def test_a_folder_of_too_many_files_is_no_model(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "_MOST_FILES", 20)
    (tmp_path / "config.json").write_text("{}")
    for number in range(30):
        (tmp_path / f"{number}.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"should hold one pretrained model\. Found more than 20"):
        hub.find_model(str(tmp_path))


def test_downloads_are_refused_inside_the_block_only():
    with hub.no_downloads(), pytest.raises(ConfigError, match="loading a run asks no network"):
        hub.find_model("org/no-such-model", "0123")
    assert not hub._offline.get()
