"""Every example is a program that ends well: each is run as a user runs it, with tiny settings."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = Path(os.environ.get("TORSO_DATA") or EXAMPLES.parents[1] / "shared" / "data")


def needs(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not (DATA / folder).is_dir(),
        reason=f"no data set {folder!r} in {DATA}; let TORSO_DATA name the folder that holds it",
    )


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs an example as `python examples/NAME OPTIONS` and returns what it prints."""

    def program(name: str, options: str = "") -> str:
        monkeypatch.syspath_prepend(EXAMPLES)
        monkeypatch.setattr(sys, "argv", [name, *options.split()])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return program


def figure(printed: str, pattern: str) -> float:
    """Return the number that `pattern` finds in what an example prints."""
    found = re.search(pattern, printed)
    assert found, f"{pattern!r} is not in: {printed}"
    return float(found[1])


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_is_short_and_says_what_it_shows(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) < 100


def test_hello_equals_the_network_written_by_hand(run):
    printed = run("hello.py", "--steps 120")
    assert figure(printed, r"largest difference in 120 steps: (\S+)") <= 1e-6
    curve = [float(line.split()[2]) for line in printed.splitlines()[1:-1]]
    assert curve[-1] < 0.5 * curve[0]


def test_own_loop_reads_digits_from_pictures_and_does_better_than_chance_without(run):
    pytest.importorskip(
        "sklearn", reason="the digits come with scikit-learn: pip install torso[demo]"
    )
    printed = run("own_loop.py", "--epochs 3")
    assert figure(printed, r"digit with    picture: accuracy (\S+)") > 0.6
    assert figure(printed, r"digit without picture: accuracy (\S+)") > 0.15


@needs("emoji")
def test_emoji_warns_of_the_leaks_and_fits(run, tmp_path):
    printed = run("emoji.py", f"--rows 200 --epochs 1 --out {tmp_path}")
    assert "order: leaks the target 'group'" in printed
    assert 0 <= figure(printed, r"group: (\S+) \[") <= 1
    assert (tmp_path / "model.safetensors").exists()


@needs("mosi")
def test_mosi_is_better_than_a_coin_and_learns_from_the_words(run):
    printed = run("mosi.py", "--rows 1000 --epochs 2")
    assert figure(printed, r"words \+ voice \+ face + (\S+)") > 0.6
    assert figure(printed, r"words \+ voice \+ face \+ context +(\S+)") > 0.6


@needs("adult")
def test_adult_beats_the_majority_of_the_test_table(run):
    printed = run("adult.py", "--rows 1500 --epochs 2")
    assert figure(printed, r"AUROC (\S+) on 1,500 test rows") > 0.75
    assert re.search(r"workclass.*\n.*\n *1,\d\d\d of 1,500 labels", printed)


@needs("mtr_mulan")
def test_multi_target_reports_sixteen_tasks_and_one(run):
    pytest.importorskip("scipy", reason="ARFF files are read by scipy: pip install scipy")
    printed = run("multi_target.py", "--rows 100 --epochs 2")
    assert len(re.findall(r"R² +-?\d\.\d{3}$", printed, flags=re.MULTILINE)) == 16
    assert len(re.findall(r"aRRMSE \d\.\d{3}", printed)) == 2


def test_an_absent_data_set_is_named_without_a_traceback(tmp_path):
    ended = subprocess.run(
        [sys.executable, EXAMPLES / "adult.py"],
        env={**os.environ, "TORSO_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("This example needs the data set 'adult'")
