"""How answers hold up: noise that takes numbers from other rows, and subsets of modalities."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import ConfigError, DataError
from torso.core.types import Features
from torso.studies.robustness.conditions import noisy
from torso.studies.robustness.report import JOINT, Robustness, subsets_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stress")
    table = tables.write(folder / "table.csv", tables.plain())
    settings = {
        **TINY,
        "data.cache": str(folder / "cache"),
        "training.epochs": 20,
        "training.lr": 0.01,
    }
    torso.fit(table, TARGETS, out=folder / "run", settings=settings)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return torso.load(folder / "run", device="cpu")


@pytest.fixture(scope="module")
def found(run, folder):
    return torso.robustness(run, folder / "table.csv", levels=(0.0, 0.5, 1.0))


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def features(rows=200, length=5):
    values = torch.arange(rows * length).view(rows, length, 1).float()
    return Features(values, torch.rand(rows, length, generator=draw(1)) < 0.7)


def test_no_noise_changes_nothing_and_full_noise_leaves_nothing():
    given = features()
    assert noisy(given, 0.0, draw()) is given
    full = noisy(given, 1.0, draw())
    same = full.values[..., 0] == given.values[..., 0]
    donors = (full.values[..., 0] // 5).long()
    assert torch.equal(full.mask, given.mask)
    assert same[~given.mask].all(), "what stands under a mask stays"
    place = torch.arange(5).expand(200, 5)
    moved = ~same
    assert torch.equal((full.values[..., 0] % 5).long(), place), "of the same place"
    assert given.mask[donors[moved], place[moved]].all(), "from rows that have it"
    assert moved[given.mask].float().mean() > 0.6  # a donor without that number changes nothing


@pytest.mark.parametrize("level", [0.2, 0.7])
def test_the_level_is_the_share_of_numbers_that_change(level):
    given = Features(torch.randn(400, 30), torch.ones(400, dtype=torch.bool))
    moved = (noisy(given, level, draw()).values != given.values).float().mean().item()
    assert moved == pytest.approx(level, abs=0.02)


def test_noise_follows_its_seed_and_a_row_alone_keeps_what_it_has():
    given = features()
    assert torch.equal(noisy(given, 0.5, draw(3)).values, noisy(given, 0.5, draw(3)).values)
    assert not torch.equal(noisy(given, 0.5, draw(3)).values, noisy(given, 0.5, draw(4)).values)
    alone = Features(given.values[:1], given.mask[:1])
    assert noisy(alone, 1.0, draw()) is alone


def test_relative_and_effective_by_hand():
    """From 0.9 over 0.7 to 0.5 the mean is 0.7; a baseline from 0.8 to 0.2 loses 0.3 of it, this one 0.2."""
    ours = Robustness((0.0, 0.5, 1.0), {"a": "r2"}, {"x": {"a": [0.9, 0.7, 0.5]}}, {})
    late = Robustness((0.0, 0.5, 1.0), {"a": "r2"}, {"x": {"a": [0.8, 0.5, 0.2]}}, {})
    assert ours.relative("x", "a") == pytest.approx(0.7)
    assert ours.effective("x", "a", late) == pytest.approx(0.1)
    assert ours.effective("x", "a", ours) == pytest.approx(0.0)
    other = Robustness((0.0, 1.0), {"a": "r2"}, {"x": {"a": [0.8, 0.2]}}, {})
    with pytest.raises(ConfigError, match="no curve of 'a' under noise in 'x' at the same levels"):
        ours.effective("x", "a", other)


def test_a_study_is_shown_as_two_tables():
    kept = {("x",): {"a": 0.5}, ("<y>",): {"a": 0.25}, ("x", "<y>"): {"a": 0.75}}
    curves = {name: {"a": [0.8, 0.2]} for name in ("x", "<y>")}
    study = Robustness((0.0, 1.0), {"a": "log_loss"}, curves, kept, ("Of one network.",))
    assert repr(study).splitlines() == [
        "mean over noise in  a, log loss",
        "x                   0.500",
        "<y>                 0.500",
        "",
        "kept  a, log loss",
        "x     0.500",
        "<y>   0.250",
        "all   0.750",
        "note: Of one network.",
    ]
    page = study._repr_html_()
    assert "<td>&lt;y&gt;</td><td>0.250</td>" in page and page.count("<table>") == 2


def test_subsets():
    assert subsets_of(["a", "b"]) == [("a",), ("b",), ("a", "b")]
    many = subsets_of([str(place) for place in range(8)])
    assert {len(kept) for kept in many} == {1, 7, 8}


def test_the_curve_begins_at_the_evaluation_and_is_drawn_for_each_and_for_all(run, folder, found):
    reports = run.evaluate(folder / "table.csv", resamples=0)
    assert set(found.curves) == {*run.schema.modalities, JOINT}
    for curves in found.curves.values():
        for task, curve in curves.items():
            value = reports[task].metrics[reports[task].headline].value
            assert curve[0] == pytest.approx(value)
            assert len(curve) == 3
    assert found.metrics == {task: report.headline for task, report in reports.items()}


def test_a_subset_is_the_table_without_the_other_columns(run, folder, found):
    assert len(found.subsets) == 2 ** len(run.schema.modalities) - 1
    frame = pd.read_csv(folder / "table.csv")
    note = next(kept for kept in found.subsets if len(kept) == 1 and "note" in kept[0])
    blank = frame.assign(size=np.nan, shop=None)
    reports = run.evaluate(blank, resamples=0)
    for task, value in found.subsets[note].items():
        assert reports[task].metrics[reports[task].headline].value == pytest.approx(value)


@pytest.mark.parametrize("levels", [(0.0,), (0.0, 0.0), (1.0, 0.0), (0.0, 1.5), (-0.1, 1.0)])
def test_levels_rise_from_zero_to_one(run, folder, levels):
    with pytest.raises(ConfigError, match=r"`levels` should be two or more rising numbers"):
        torso.robustness(run, folder / "table.csv", levels=levels)


def test_labels_are_needed(run, folder):
    with pytest.raises(DataError, match="no target column to compare with"):
        torso.robustness(run, pd.read_csv(folder / "table.csv")[["note", "size", "shop"]])


def test_the_command_prints_writes_and_draws(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")
    options = ["evaluate", "run", "table.csv", "--robustness", "--against", "run"]
    assert tables.torso(*options, "-o", "found.json", "--picture", "found.png") == 0
    printed = capsys.readouterr().out
    assert "(+0.000)" in printed and JOINT in printed and "colour, accuracy" in printed
    content = json.loads((folder / "found.json").read_text())
    assert content["effective"][JOINT] == pytest.approx({"colour": 0, "loud": 0, "price": 0})
    assert content["levels"] == [fifth / 5 for fifth in range(6)]
    assert (folder / "found.png").read_bytes().startswith(b"\x89PNG")
    assert tables.torso("evaluate", "run", "table.csv", "--against", "run") == 1
    assert "belong to `--robustness`" in capsys.readouterr().err
