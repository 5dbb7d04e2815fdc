"""A target's `metrics`: from config and Python to the report, the monitor and the folder."""

import shlex
import subprocess
import sys

import numpy as np
import pytest

import torso
from torso.core.errors import ConfigError

DRAW = np.random.default_rng(0)
TABLE = {"x": DRAW.normal(size=160), "z": DRAW.normal(size=160)}
TABLE["kind"] = np.where(TABLE["x"] + TABLE["z"] > 0.5, "high", "low").tolist()
TABLE["size"] = TABLE["x"] * 2 + DRAW.normal(size=160) / 4
FAST = {"folds": 0, "blend": "off", "training.epochs": 3}
FLAT = [f"{key}={value}" for key, value in FAST.items()]
PATH = f"{__name__}:worst"


def worst(labels, answers):
    return np.abs(labels - answers).max()


def missed(labels, answers, names):
    return np.mean((labels == names.index("low")) & (answers != labels))


def test_a_function_is_scored_shown_and_may_choose_the_epoch(tmp_path):
    run = torso.fit(
        TABLE,
        {"size": {"metrics": {worst: "lower"}}, "kind": {"metrics": [missed]}},
        settings={**FAST, "training.monitor": "size.worst"},
        out=tmp_path / "run",
    )
    report = run.reports["size"]
    worst_off = report.metrics["worst"]
    assert worst_off.low < worst_off.value <= worst_off.high < report.baseline["worst"]
    assert report.verdict("worst") == "better" and report.headline == "r2"
    figures = [epoch.metrics["size"]["worst"] for epoch in run.report.curves]
    assert run.report.training.best_epoch == int(np.argmin(figures)) + 1
    (note,) = [note for note in run.notes if "taken as better the higher it is" in note]
    assert "--set 'targets.kind.metrics={" in note and ': "lower"}\'' in note
    cure = shlex.split(note)[-1]
    told = torso.fit(TABLE, {"kind": {"metrics": [missed]}}, settings=[*FLAT, cure])
    assert not told.reports["kind"].higher_is_better("missed")
    assert not [note for note in told.notes if "taken as better" in note]
    assert run.config.targets["size"]["metrics"] == {PATH: "lower"}
    again = torso.load(tmp_path / "run", trust_code=True).evaluate(TABLE)
    assert {"worst"} < {*again["size"].metrics} and "missed" in again["kind"].metrics
    assert torso.load(tmp_path / "run").report.tasks["size"] == report


def test_a_run_whose_module_is_absent_answers_and_says_so(tmp_path):
    (tmp_path / "mine_for_a_test.py").write_text("def zero(labels, answers):\n    return 0.0\n")
    table = {name: [*map(float, TABLE[name])] for name in ("x", "z", "size")}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        targets = {"size": {"metrics": "mine_for_a_test:zero"}}
        torso.fit(table, targets, settings=FAST, out=tmp_path / "run")
    del sys.modules["mine_for_a_test"]
    for settings, why in (
        ({"trust_code": True}, "No module named 'mine_for_a_test'"),
        ({}, "the file that names it is not trusted"),
    ):
        run = torso.load(tmp_path / "run", **settings)
        assert len(run.predict(table)) == 160
        evaluation = run.evaluate(table, details=True)
        assert "zero" not in evaluation.reports["size"].metrics
        (note,) = [
            note for note in evaluation.notes if "Metric 'zero' of 'size' is left out." in note
        ]
        assert why in note
        with pytest.warns(torso.TorsoWarning, match="Metric 'zero' of 'size' is left out"):
            run.evaluate(table)
    with pytest.raises(ConfigError, match="would import code"):
        torso.fit(table, config=tmp_path / "run" / "run.yaml")
    with pytest.raises(ConfigError, match=r"`targets.size.metrics`: .*No module named"):
        torso.fit(table, config=tmp_path / "run" / "run.yaml", trust_code=True)
    without = {**FAST, "targets.size.metrics": None}
    run = torso.fit(table, config=tmp_path / "run" / "run.yaml", settings=without)
    assert "metrics" not in run.config.targets["size"]


def fails(labels, answers):
    raise RuntimeError("never")


@pytest.mark.parametrize(
    "settings,message",
    [
        ({"targets.size.metrics": [fails]}, "raised RuntimeError: never"),
        ({"targets.size.metrics": "tests.runs.test_own_metrics:wort"}, "Did you mean 'worst'?"),
        ({"inputs.x.metrics": [worst]}, "Unknown setting"),
        (
            {"targets.size.metrics": [worst], "training.monitor": "size.wost"},
            "Unknown figure 'size.wost'. Did you mean 'size.worst'?",
        ),
    ],
    ids=["it raises", "a misspelt function", "an input", "a misspelt figure"],
)
def test_one_that_is_wrong_is_refused_before_a_step(settings, message):
    class NoStep(torso.training.Listener):
        def batch_done(self, epoch, batch):
            raise AssertionError("a step was taken")

    with pytest.raises(ConfigError) as caught:
        torso.fit(TABLE, ["size"], settings={**FAST, **settings}, listener=NoStep())
    assert message in str(caught.value)


def test_the_cure_for_a_module_in_this_folder_works_when_pasted(tmp_path):
    (tmp_path / "mine.py").write_text("def zero(labels, answers):\n    return 0.0\n")
    rows = "\n".join(f"{x},{y}" for x, y in zip(TABLE["x"], TABLE["size"], strict=True))
    (tmp_path / "t.csv").write_text(f"x,size\n{rows}\n")
    words = "fit t.csv -t size -o run --quality fast --set training.epochs=1 --set targets.size.metrics=[mine:zero]"
    code = f"import sys; sys.path.pop(0); sys.argv = ['torso', *{words.split()!r}]; from torso.app.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[-1] == f"Try: PYTHONPATH=. {shlex.join(['torso', *words.split()])}"
    )
