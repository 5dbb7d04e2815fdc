"""Every command that studies a run writes its result alike: all as JSON, the rows of its frame as a table."""

import json

import click
import pandas as pd
import pytest
import typer

import torso
from tests.small_tables import torso as command
from torso.app.cli import app

STUDIES = {
    "certificate": [],
    "compare": [],
    "explain": ["--row", 1, "--row", 2],
    "importance": ["--repeats", 1],
    "mistakes": [],
    "slices": ["--by", "x"],
}
TRAINING = ["advise", "baselines", "seeds", "tune"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("results")
    table = pd.DataFrame({"x": [n % 7 / 2 for n in range(90)], "y": [n % 7 > 3 for n in range(90)]})
    table.to_csv(home / "table.csv", index=False)
    given = {"dim": 8, "training.epochs": 1}
    torso.fit(home / "table.csv", {"y": "binary"}, settings=given, out=home / "run")
    return home


def options(name):
    group = typer.main.get_command(app)
    own = group.get_command(click.Context(group), name)
    return {param.name: param for param in own.params}


@pytest.mark.parametrize("name", [*STUDIES, *TRAINING, "runs"])
def test_the_option_is_the_same_everywhere(name):
    own = options(name)["out"]
    assert (own.opts, own.help) == (["--out", "-o"], options("slices")["out"].help)


@pytest.mark.parametrize("name", STUDIES)
def test_results_are_written_whole_or_as_a_frame(folder, name, tmp_path):
    table = {"compare": folder / "run", "explain": folder / "table.csv"}.get(name)
    words = [name, folder / "run", *([] if table is None else [table]), *STUDIES[name]]
    whole, frame = tmp_path / "more" / "all.json", tmp_path / "rows.csv"
    for out in (whole, frame):
        assert command(*words, "-o", out) == 0
    assert json.loads(whole.read_text())
    assert len(pd.read_csv(frame))


def test_an_ending_that_no_format_has_is_refused_before_the_work(folder, capsys):
    assert command("slices", folder / "run", "-o", "parts.docx") == 1
    assert "Known: " in capsys.readouterr().err
