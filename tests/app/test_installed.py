"""What a plain `pip install .` answers, and what is left where libraries for learning were taken off again."""

import re
import sys

import pandas as pd
import pytest

import torso
from tests import small_tables as tables
from tests.absent import python_without, torso_without
from tests.places import ROOT
from tests.small_tables import TINY, options

OF_EXTRAS = ("matplotlib", "transformers", "usearch", "av", "polars", "IPython")
FOR_LEARNING = (
    *("pandas", "sklearn", "lightgbm"),
    *("joblib", "threadpoolctl", "cloudpickle", "narwhals", "dateutil"),
)
"""Modules of what docs/machine.md takes off a machine that only answers."""
PACKAGE = {"sklearn": "scikit-learn", "dateutil": "python-dateutil"}
HUB = "encoders.note={type: hub, name: nobody/nothing}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a table, a run of network and plain models, one for searches, and a table of videos."""
    folder = tmp_path_factory.mktemp("installed")
    table = tables.write(folder / "table.csv", tables.plain(60))
    settings = {**TINY, "blend": "auto", "plain.folds": 2}
    assert (
        tables.torso(
            "fit", table, "-t", "colour", "-t", "price", "-o", folder / "run", *options(settings)
        )
        == 0
    )
    notes = [f"thing {row}" for row in range(40)]
    spots = [[float(row % 5), float(row % 3)] for row in range(40)]
    torso.fit(
        {"note": notes, "spots": spots},
        {"match": "retrieval"},
        inputs={"note": "text", "spots": "vector"},
        out=folder / "searched",
        settings={"dim": 8, "training.epochs": 1, "data.cache": None},
    )
    tables.write(folder / "notes.csv", {"note": notes, "n": [*range(40)]})
    for row in range(12):
        (folder / f"{row}.mp4").write_bytes(b"")
    clips = {"clip": [f"{row}.mp4" for row in range(12)], "y": ["a", "b"] * 6}
    tables.write(folder / "clips.csv", clips)
    return folder


ASKS = {
    "inspect clips.csv -t y": (0, "torso[video]"),
    "fit clips.csv -t y -o none": (1, "torso[video]"),
    "evaluate run table.csv --robustness --picture curves.png": (1, "torso[plot]"),
    "fit table.csv -t price -o none --set HUB": (1, "torso[hub]"),
    "inspect table.csv -t price": (0, ""),
    "evaluate run table.csv -o made/scores.json": (0, ""),
    "predict run table.csv -o answers.csv": (0, ""),
    "search searched --text thing --in notes.csv": (0, ""),
    "list encoders": (0, ""),
    "list training": (0, ""),
    "schema -o made/too/schema.json": (0, ""),
}
"""Command line -> its exit code and the extra that it names."""


@pytest.mark.parametrize("absent", [OF_EXTRAS, (*OF_EXTRAS, *FOR_LEARNING)])
def test_every_command_answers_or_names_the_extra(folder, absent):
    lines = [line.replace("HUB", "H").split() for line in ASKS]
    lines = [[HUB if word == "H" else word for word in line] for line in lines]
    for (line, (code, extra)), (ended, printed) in zip(
        ASKS.items(),
        torso_without(absent, lines, folder=folder, forked=absent == OF_EXTRAS),
        strict=True,
    ):
        assert ended == code, (line, printed)
        assert not extra or f"pip install '{extra}'" in " ".join(printed.split()), (line, printed)
        if code:
            assert re.fullmatch(r"MissingDependency: [^\n]+", printed.strip()), printed
    answers = torso.load(folder / "run").predict(folder / "table.csv")
    pd.testing.assert_frame_equal(pd.read_csv(folder / "answers.csv"), answers, check_dtype=False)


def test_the_page_takes_off_what_the_tests_hide():
    page = (ROOT / "docs" / "machine.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^pip uninstall --yes (.+)$", page, re.MULTILINE)
    assert line.split() == [PACKAGE.get(module, module) for module in FOR_LEARNING]


PYTHON = """
import torso
from torso.errors import MissingDependency

run = torso.load("run")
print(run.predict("table.csv", as_arrow=True).num_rows)
print(len(torso.Searcher(torso.load("searched")).collection("notes.csv").search(text="thing", as_arrow=True)))
for ask in (
    lambda: run.predict("no_table_is_read.csv"),
    lambda: run.scores(),
    lambda: torso.Searcher(torso.load("searched")).search("notes.csv", text="thing"),
    lambda: torso.Estimator,
):
    try:
        ask()
    except MissingDependency as error:
        print(error)
"""


def test_frames_name_the_library_that_they_lack_before_any_work(folder):
    rows, matches, *errors = python_without(FOR_LEARNING, PYTHON, folder=folder).splitlines()
    assert (rows, matches) == ("60", "10")
    *of_frames, of_estimator = errors
    assert len(of_frames) == 3 and "pip install 'torso[sklearn]'" in of_estimator
    assert all("needs the package 'pandas'" in error for error in of_frames)
    assert all("pip install 'pandas>=2.2'" in error for error in of_frames)
    assert [error.count("as_arrow=True") for error in of_frames] == [1, 0, 1]


def test_a_fit_without_the_libraries_of_trees_says_so_once(monkeypatch):
    for module in ("sklearn.ensemble", "lightgbm"):
        monkeypatch.setitem(sys.modules, module, None)
    table = {"x": [*range(60)], "y": [row % 7 + 0.5 for row in range(60)]}
    table["z"] = [-2.0 * y for y in table["y"]]
    settings = {"dim": 8, "training.epochs": 1, "blend": "auto", "plain.folds": 2}
    kinds = {"y": "number", "z": "number"}
    run = torso.fit(table, kinds, inputs={"x": "number"}, settings=settings, progress=False)
    said = "\n".join(run.notes)
    assert said.count("pip install 'lightgbm>=") == said.count("pip install 'scikit-learn>=") == 1


def test_a_picture_that_has_no_format_is_refused_at_once(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    ask = ["evaluate", "run", "table.csv", "--robustness", "--picture", "curves.docx"]
    assert tables.torso(*ask) == 1
    assert ".png" in capsys.readouterr().err
