"""The first half hours of three people end well: an engineer in a shell, a researcher and a student in Python."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.defaults import OUTSIDE
from tests.places import ROOT
from tests.small_tables import torso as command
from torso.runs.settings.config import RunConfig

WALKS = ROOT / "examples" / "first_half_hour"


@pytest.fixture
def walk(monkeypatch, capsys):
    """Return a function that runs a Python walk and returns what it prints."""

    def program(name: str) -> str:
        monkeypatch.syspath_prepend(WALKS)
        monkeypatch.setattr(sys, "argv", [name])
        runpy.run_path(str(WALKS / name), run_name="__main__")
        return capsys.readouterr().out

    return program


@pytest.fixture
def as_users_have_it():
    """Restore the defaults that the suite changes."""
    before = {name: RunConfig.model_fields[name].default for name in OUTSIDE}
    for values in (OUTSIDE, before):
        for name, value in values.items():
            RunConfig.model_fields[name].default = value
        RunConfig.model_rebuild(force=True)
        if values is OUTSIDE:
            yield


def typed(line: str, here: Path) -> None:
    """Do what a line of a walk in a shell does; `torso` without a process of its own, since torch takes long to start."""
    if not line.startswith("torso "):
        shell = f'here={shlex.quote(str(here))}; python() {{ {shlex.quote(sys.executable)} "$@"; }}; {line}'
        subprocess.run(["sh", "-ec", shell], check=True)
        return
    words, slip, _ = line.partition(" 2> slip.txt || cat slip.txt")
    code = command(*shlex.split(words)[1:])
    assert code == (1 if slip else 0), line


def test_the_engineer_gets_answers_for_new_rows(tmp_path, as_users_have_it, monkeypatch, capfd):
    script = (WALKS / "engineer.sh").read_text()
    subprocess.run(["sh", "-n", str(WALKS / "engineer.sh")], check=True)
    monkeypatch.chdir(tmp_path)
    for line in script.replace("\\\n", " ").partition("\n\n")[2].splitlines():
        if line and not line.startswith("#"):
            typed(line, WALKS)
    told = capfd.readouterr().err
    assert "Try: torso fit orders.csv -t price -o" not in told  # the slip named no folder
    assert "Try: torso fit orders.csv -t price" in told
    assert len(Path("answers.csv").read_text().splitlines()) == 4
    assert Path("runs/second/metrics.json").exists()
    edited = yaml.safe_load(Path("runs/price/run.yaml").read_text())
    assert [*edited["targets"]] == ["price"] and "note" not in edited["inputs"]
    assert re.search("(?s)note .*'late'", told)  # what went with the task is told
    assert re.search(r"epoch +\d+ of 8 .* s$", told, re.MULTILINE)


def test_the_researcher_compares_balancers_and_fusions(walk):
    printed = walk("researcher.py")
    shares = [float(share) for share in re.findall(r"(?:small|large) (\d\.\d\d)", printed)]
    assert len(shares) == 10
    assert max(shares) < 0.8
    assert (
        len(re.findall(r"^(?:fusion|balancing)=\w+ .*price .*fruit ", printed, re.MULTILINE)) == 4
    )


def test_the_student_sees_what_learning_together_does(walk):
    printed = walk("student.py")
    assert re.search("回归损失 0", printed)
    named = ("单任务", "多任务", "并行融合", "串行融合", "分层融合", "学习权重")
    assert [line.split("：")[0] for line in printed.splitlines()[1:]] == [*named]
