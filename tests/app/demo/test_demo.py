"""The demo on a few rows: a real table, a real run, and what to type next really works."""

import io
import re

import numpy as np
import pytest
import soundfile
from PIL import Image
from rich.console import Console

from tests import small_tables as tables
from torso.app.demo import digits, run
from torso.core.errors import ConfigError

pytest.importorskip("sklearn", reason="needs the extra `demo`")


def test_the_table_is_seeded_and_a_longer_one_begins_alike(tmp_path):
    short = digits.make(tmp_path / "a", 6, missing_labels=0.3, missing_inputs=0.3)
    same = digits.make(tmp_path / "b", 6, missing_labels=0.3, missing_inputs=0.3)
    longer = digits.make(tmp_path / "c", 9, missing_labels=0.3, missing_inputs=0.3)
    assert short.read_bytes() == same.read_bytes()
    assert longer.read_bytes().startswith(short.read_bytes())
    whole = tables.read(digits.make(tmp_path / "d", 6))
    for name, cells in tables.read(short).items():
        assert all(cell in ("", full) for cell, full in zip(cells, whole[name], strict=True))
    for name in ("images", "audio"):
        for file in (tmp_path / "a" / name).iterdir():
            assert file.read_bytes() == (tmp_path / "b" / name / file.name).read_bytes()
    other = digits.make(tmp_path / "e", 6, seed=1)
    assert other.read_bytes() != short.read_bytes()


def test_the_files_hold_what_the_row_says(tmp_path):
    columns = tables.read(digits.make(tmp_path, 12))
    with Image.open(tmp_path / columns["image"][0]) as picture:
        assert picture.size == (digits.IMAGE_SIZE, digits.IMAGE_SIZE)
    for path, word in zip(columns["audio"], columns["digit"], strict=True):
        samples, rate = soundfile.read(tmp_path / path)
        power = np.abs(np.fft.rfft(samples)) ** 2
        pitch = np.fft.rfftfreq(len(samples), 1 / rate)
        low, high = digits.KEYPAD[digits.WORDS.index(word)]
        for tones, place in ((digits.LOW_TONES, low), (digits.HIGH_TONES, high)):
            loudness = [power[np.abs(pitch - tone) < 10].sum() for tone in tones]
            assert int(np.argmax(loudness)) == place
    for word, parity in zip(columns["digit"], columns["parity"], strict=True):
        assert parity == ("odd" if digits.WORDS.index(word) % 2 else "even")


def test_shares_of_blanks(tmp_path):
    columns = tables.read(digits.make(tmp_path, 300, missing_labels=0.2, missing_inputs=0.1))
    for name, cells in columns.items():
        share = sum(cell == "" for cell in cells) / 300
        assert share == pytest.approx(0.2 if name in digits.TARGETS else 0.1, abs=0.07)


@pytest.mark.parametrize("settings", [{"rows": 0}, {"rows": 3, "missing_labels": 1.0}])
def test_what_is_refused(tmp_path, settings):
    with pytest.raises(ValueError, match="Found"):
        digits.make(tmp_path, **settings)


def test_the_demo_runs_and_its_next_lines_work(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "torso.app.demo.SETTINGS", ("dim=8", "training.epochs=1", "inputs.image.size=16")
    )
    console = Console(file=io.StringIO(), width=100)
    predictor = run(console, tmp_path / "demo", 120)
    text = console.file.getvalue()
    for part in (
        "120 handwritten digits",
        "labels used",
        "Results",
        "baseline",
        "digit",
        "parity",
        "ink",
    ):
        assert part in text, part
    assert set(predictor.reports) == set(digits.TARGETS)
    lines = re.findall(r"^  torso (.+)$", text, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["inspect", "fit", "predict"]
    monkeypatch.chdir(tmp_path)
    for line in lines:
        extra = ["--set", "training.epochs=1", "--set", "dim=8"] if line.startswith("fit") else []
        assert tables.torso(*line.split(), *extra) == 0
    run(console, tmp_path / "demo", 60)  # again in the same place
    with pytest.raises(ConfigError, match="holds something else"):
        run(console, tmp_path, 60)
