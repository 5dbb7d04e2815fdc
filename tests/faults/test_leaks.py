"""A short course of benchmarks/leaks.py: what a process holds does not grow from answer to answer, nor from epoch to epoch."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.places import ROOT


def test_nothing_stays_of_predictions_and_epochs(tmp_path):
    out = tmp_path / "leaks.json"
    script = ROOT / "benchmarks/leaks.py"
    words = ["--predictions", "200", "--epochs", "20", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for part in ("predictions", "epochs"):
        grown = json.loads(out.read_text())[part]["growth"]
        assert grown.pop("memory_share") < 0.02
        assert grown == dict.fromkeys(("descriptors", "threads", "processes", "temporary_files"), 0)
