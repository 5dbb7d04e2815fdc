"""`torso fit --seeds --baselines`, `torso baselines` and `torso seeds`: printed, interrupted, gone on with."""

import re
import shlex

import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TINY
from torso.app.terminal import baselines_tables, seeds_table
from torso.evaluation.report import Estimate
from torso.studies.baselines import Baseline, Baselines, Beside
from torso.studies.seeds import Seeds

SETTINGS = {**TINY, "folds": 0, "blend": "off", "plain.models": ["linear"]}


def test_a_fit_with_seeds_and_baselines_and_commands_that_go_on(tmp_path, monkeypatch, capsys):
    table = tables.write(tmp_path / "t.csv", tables.plain(90))
    monkeypatch.chdir(tmp_path)
    options = [*tables.options(SETTINGS), *tables.options({"inputs.note": None})]
    fit = ["fit", table, "-t", "price", "-o", "run", *options]
    assert tables.torso(*fit, "--seeds", 2, "--baselines") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Over 2 seeds: 0, 1" in said
    assert "price R² numbers alone" in said
    assert "Not compared, single-tasks: the run has one task" in said
    assert (tmp_path / "run/seeds/1/torso.json").exists()
    assert (tmp_path / "run/studies/baselines.json").exists()

    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    for name, arguments in (("baselines", ["run"]), ("seeds", ["run", "--seeds", 3])):
        with monkeypatch.context() as patch:
            patch.setattr(torso, name, interrupted, raising=False)
            assert tables.torso(name, *arguments) == 130
        cure = re.search("Go on with: torso (.*)", capsys.readouterr().err).group(1)
        assert tables.torso(*shlex.split(cure)) == 0
        assert "are read back" in " ".join(capsys.readouterr().err.split())
    assert tables.torso("fit", table, "-t", "price", "--seeds", 0) == 1
    assert "`--seeds` should be 1 or more. Found 0." in capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 80, 160, 10_000])
def test_tables_fit(width, capsys):
    from rich.console import Console

    def beside(p):
        return Beside("number", "r2", 0.725, 0.1234, Estimate(0.602, 0.551, 0.66), p, 50)

    words = ("the answer without inputs", "a modality of a rather long name alone")
    tasks = {"price of the house": beside(0.001), "ink": beside(0.4)}
    study = Baselines("test", tuple(Baseline(each[:5], each, tasks) for each in words))
    scores = {task: {"r2": (0.5, 0.51)} for task in tasks}
    over = Seeds(
        "test",
        (0, 1),
        dict.fromkeys(tasks, "number"),
        dict.fromkeys(tasks, "r2"),
        scores,
        dict.fromkeys(tasks, Estimate(0.5, 0.4, 0.6)),
    )
    screen = Console(width=width, legacy_windows=False)
    screen.print(baselines_tables(study, width))
    screen.print(seeds_table(over, width))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    for text in ("0.602", "no evidence", "0.123", "R²"):
        assert text in shown
    assert "…" not in shown
