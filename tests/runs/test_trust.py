"""A config's file makes no code run: neither by import nor by call, in any room, until somebody says that he trusts it."""

import shlex
import sys

import pytest
import torch
import yaml
from typer.testing import CliRunner

import torso
from tests import small_tables as tables
from torso.app.cli import app
from torso.core.errors import ConfigError
from torso.runs.folder.stage import Stage, mark
from torso.training.checkpoint import Checkpoint

WAYS = {
    "fusion": {"fusion": {"type": "EVIL", "args": ["touch", "made"]}},
    "fusion, in short": {"fusion": "EVIL"},
    "fusion, as a key": {"fusion": {"EVIL": {"args": ["touch", "made"]}}},
    "fusion in a fusion": {"fusion": {"type": "sequential", "inner": "EVIL"}},
    "fusion in a fusion in a fusion": {
        "fusion": {"type": "sequential", "inner": {"sequential": {"inner": {"EVIL": {}}}}}
    },
    "sharing": {"sharing": {"type": "EVIL"}},
    "balancing": {"balancing": {"type": "EVIL", "args": "true"}},
    "balancing, inside": {"balancing": {"type": "ema", "method": "EVIL"}},
    "encoder": {"encoders": {"numbers": {"type": "EVIL"}}},
    "encoder in an encoder": {"encoders": {"note": {"type": "video/frames", "frame": "EVIL"}}},
    "optimizer": {"training": {"optimizer": "EVIL"}},
    "optimizer, as a key": {"training": {"optimizer": {"EVIL": {"args": 1}}}},
    "schedule": {"training": {"schedule": {"type": "EVIL"}}},
    "head": {"heads": {"price": "EVIL"}},
    "input": {"inputs": {"size": {"kind": "EVIL"}}},
    "target": {"targets": {"price": {"kind": "EVIL", "args": "true"}}},
}


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A module that leaves a file when it is imported and another when its classes are called."""
    (tmp_path / "evil_for_a_test.py").write_text(
        "from pathlib import Path\n\nhere = Path(__file__).parent\n(here / 'imported').touch()\n\n\n"
        "class Evil:\n    '''Evil.'''\n\n    def __init__(self, *args, **kwargs):\n        (here / 'made').touch()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "evil_for_a_test:Evil"
    sys.modules.pop("evil_for_a_test", None)


def written(tmp_path, way, name):
    """Return the path of a config in which the part that `way` leaves open is `name`."""
    base = {"targets": {"price": {"kind": "number"}}, **yaml.safe_load(yaml.safe_dump(WAYS[way]))}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(base).replace("EVIL", name))
    tables.write(tmp_path / "table.csv", tables.plain())
    return path


def interrupted(run, config):
    """Make a folder whose training under that config was interrupted."""
    optimizer = torch.optim.AdamW([torch.zeros(1)])
    begun = Checkpoint(run / "checkpoint", {"config": config.read_text()})
    begun.write({}, optimizer, {"epoch": 1, "best_epoch": 1, "best_loss": 1.0, "steps": 1})
    mark(run, Stage.UNDER_WAY)
    return run


def touched(tmp_path):
    return sorted({"imported", "made"} & {file.name for file in tmp_path.iterdir()})


@pytest.mark.parametrize("way", WAYS)
def test_a_file_is_not_trusted(way, tmp_path, evil):
    config, table = written(tmp_path, way, evil), tmp_path / "table.csv"
    for call in (torso.fit, torso.prepare):
        with pytest.raises(ConfigError, match=r"would import code .*trust_code=True.*--trust-code"):
            call(table, config=config)
    with pytest.raises(ConfigError, match="would import code"):
        torso.fit(table, out=interrupted(tmp_path / "run", config), resume=True)
    result = CliRunner().invoke(app, ["fit", str(table), "--config", str(config)])
    assert "would import code" in str(result.exception)
    assert touched(tmp_path) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_trusted_class_must_be_of_its_room_before_it_is_called(way, tmp_path, evil):
    config = written(tmp_path, way, evil)
    with pytest.raises(
        ConfigError, match=r"'evil_for_a_test:Evil' should be a subclass of (torso|torch)\."
    ):
        torso.fit(tmp_path / "table.csv", config=config, trust_code=True)
    assert touched(tmp_path) == ["imported"]


def test_what_the_caller_names_is_trusted_and_a_file_beside_it_is_not(tmp_path, monkeypatch):
    (tmp_path / "mine_to_trust.py").write_text(
        "from torso.fusion.concat import Concat\n\n\nclass Mine(Concat):\n    '''Mine.'''\n\n\nclass Other(Concat):\n"
        "    '''Other.'''\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(
        "targets: {price: {kind: number}}\ntraining: {epochs: 1, device: cpu}\ndim: 8\n"
    )
    nested = "fusion={type: sequential, inner: 'mine_to_trust:Mine'}"
    run = torso.fit(tables.plain(), config=config, settings=[nested])  # a setting is the caller's
    made_in_code = {**run.config.model_dump(), "fusion": "mine_to_trust:Mine"}
    torso.prepare(tables.plain(), config=made_in_code)
    config.write_text(config.read_text() + "sharing: 'mine_to_trust:Other'\n")
    with pytest.raises(ConfigError, match=r"'mine_to_trust:Other' would import"):
        torso.fit(tables.plain(), config=config, settings=[nested])
    config.write_text(run.config.to_yaml())
    with pytest.raises(ConfigError, match=r"'mine_to_trust:Mine' would import"):
        torso.prepare(tables.plain(), config=config)
    torso.prepare(tables.plain(), config=config, trust_code=True)


def test_the_commands_that_fit_proposes_trust_what_it_trusted(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine_to_go_on.py").write_text(
        "from torso.sharing.hard import Hard\n\n\nclass Mine(Hard):\n    '''Mine.'''\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    table = tables.write(tmp_path / "table.csv", tables.plain())
    small = tables.options({"training.epochs": 1, "dim": 8, "sharing": "mine_to_go_on:Mine"})
    assert tables.torso("fit", table, "-t", "price", "-o", "run", *small) == 0
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("  torso predict"))
    assert tables.torso(*shlex.split(line.replace("NEW.csv", str(table)))[1:]) == 0
    again = ("fit", "--config", "run/run.yaml", table, "-o", "again")
    assert tables.torso(*again) == 1
    assert "--trust-code" in capsys.readouterr().err
    assert tables.torso(*again, "--trust-code") == 0


def test_torso_list_shows_a_part_of_any_room(tmp_path, evil):
    result = CliRunner().invoke(app, ["list", evil])
    assert "made" not in touched(tmp_path)
    assert result.exit_code == 1
