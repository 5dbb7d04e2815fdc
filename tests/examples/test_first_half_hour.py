"""The first half hours of three people end well: an engineer in a shell, a researcher and a student in Python."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys

import pytest
import yaml

from tests.places import ROOT

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


def test_the_engineer_gets_answers_for_new_rows(tmp_path):
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, words in (("torso", " -m torso"), ("python", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
        (commands / name).chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    ended = subprocess.run(
        ["sh", str(WALKS / "engineer.sh"), str(work)],
        env={
            **os.environ,
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Try: torso fit orders.csv -t price -o" not in ended.stdout  # the slip named no folder
    assert "Try: torso fit orders.csv -t price" in ended.stdout
    assert len((work / "answers.csv").read_text().splitlines()) == 4
    assert (work / "runs" / "second" / "metrics.json").exists()
    edited = yaml.safe_load((work / "runs" / "price" / "run.yaml").read_text())
    assert [*edited["targets"]] == ["price"] and "note" not in edited["inputs"]
    assert re.search("(?s)note .*'late'", ended.stderr)  # what went with the task is told
    assert re.search(r"epoch +\d+ of 8 .* s$", ended.stderr, re.MULTILINE)


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
