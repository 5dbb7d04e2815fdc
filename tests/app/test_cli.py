"""The command line as a person types it: what it prints, what it writes, how it ends."""

import json
import os
import subprocess
import sys

import pandas as pd
import polars
import pytest
import yaml

from tests import small_tables as tables
from tests.small_tables import MEDIA, TARGETS, TINY, options, torso, write

TASKS = [part for task in TARGETS for part in ("-t", task)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    table = tables.make(folder)
    settings = {**TINY, **MEDIA, "data.cache": str(folder / "cache")}
    assert torso("fit", table, *TASKS, "-o", folder / "run", *options(settings)) == 0
    return folder


def test_help_and_version_are_quick_to_import():
    code = (
        "import sys; from tests.small_tables import torso; import torso.app.cli; "
        "from typer.testing import CliRunner; r = CliRunner().invoke(torso.app.cli.app, ['--help']); "
        "assert r.exit_code == 0, r.output; "
        "heavy = {'torch', 'pandas', 'pyarrow', 'pydantic'} & set(sys.modules); assert not heavy, heavy; "
        "print(r.output)"
    ).replace("from tests.small_tables import torso; ", "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("demo", "inspect", "fit", "evaluate", "predict", "distill", "search", "list"):
        assert command in done.stdout


def test_python_m_torso():
    done = subprocess.run(
        [sys.executable, "-m", "torso", "--version"], capture_output=True, text=True, check=True
    )
    from torso import __version__

    assert done.stdout.strip() == __version__


def test_lists_keep_brackets(capsys):
    assert torso("list", "inputs") == 0
    assert "torso[video]" in "".join(capsys.readouterr().out.split())


MISSPELT = {
    "fusion=gatde": "gated",
    "sharing={type: mmoee, experts: 2}": "mmoe",
    "balancing=fxed": "fixed",
    "encoders.photo=convnett": "convnet",
    "heads.y=studnt": "student",
    "inputs.a.kind=nmber": "number",
    "targets.y.kind=numbr": "number",
}
"""A setting -> the part that was meant."""
MISSPELL = """
import json, sys
from contextlib import redirect_stderr
from io import StringIO
from torso.app.cli import main

said = {}
table, *settings = sys.argv[1:]
for setting in settings:
    sys.argv = ["torso", "fit", table, "-t", "y", "--set", setting]
    try:
        with redirect_stderr(StringIO()) as errors:
            main()
    except SystemExit as end:
        said[setting] = [end.code, errors.getvalue(), "torch" in sys.modules]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def misspelt(tmp_path_factory):
    """Return setting -> exit code, errors, True if torch was imported; one process tries them all."""
    table = tmp_path_factory.mktemp("misspelt") / "nobody_writes_here.csv"
    os.mkfifo(table)  # reading it would never end
    run = [sys.executable, "-c", MISSPELL, str(table), *MISSPELT]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("setting", "near"), MISSPELT.items())
def test_a_misspelt_part_is_refused_without_its_table_and_without_torch(misspelt, setting, near):
    code, errors, with_torch = misspelt[setting]
    assert code == 1
    assert f"Did you mean '{near}'?" in errors
    assert "Traceback" not in errors
    assert not with_torch


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (("-t", "a", "the price"), "If these are targets, repeat -t: -t a -t 'the price'."),
        (("-t", "a", "--set", "dim=8", "seed=1"), "repeat --set: --set dim=8 --set seed=1"),
    ],
)
def test_words_too_many_are_refused_with_the_way_to_write_them(words, cure, capsys):
    assert torso("fit", "table.csv", *words) == 2
    assert cure in capsys.readouterr().err


def test_inspect_without_torch():
    code = (
        "import sys, tempfile, pathlib; p = pathlib.Path(tempfile.mkdtemp()) / 't.csv'; "
        "p.write_text('a,b\\n1,x\\n2,y\\n3,x\\n'); sys.argv = ['torso', 'inspect', str(p)]; "
        "from torso.app.cli import app; app(standalone_mode=False); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_inspect_prints_every_column_with_kind_role_and_warnings(tmp_path, capsys):
    columns = {**tables.plain(), "same": ["x"] * 40, "x[/y]": tables.plain()["size"]}
    table = write(tmp_path / "t.csv", columns)
    assert torso("inspect", table, "-t", "price", "--set", "inputs.shop.kind=text") == 0
    out = capsys.readouterr().out
    assert "t.csv: 40 rows, 8 columns" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line.split()}
    assert "target" in lines["price"]
    assert "left out" in lines["same"]
    assert "text" in lines["shop"]
    assert "x[/y]" in lines
    assert "same: " in out


def test_fit_prints_labels_gaps_and_results(folder, tmp_path, capsys):
    table = tables.make(tmp_path)
    tables.change(table, lambda cells: cells["price"].__setitem__(slice(0, 10), [""] * 10))
    tables.change(table, lambda cells: cells["photo"].__setitem__(0, "files/gone.png"))
    out = tmp_path / "run"
    assert torso("fit", table, *TASKS, "-o", out, *options({**TINY, **MEDIA})) == 0
    shown = capsys.readouterr()
    for part in (
        "labels used",
        "training (28 rows)",
        "photo ",
        "On the test rows",
        "accuracy",
        f"torso predict {out}",
    ):
        assert part in shown.out, part
    assert "held-out loss" in shown.err
    assert "1 cell of 'photo' counted as missing" in shown.err


def test_predict_writes_csv_and_parquet_alike(folder, tmp_path, capsys):
    table = folder / "table.csv"
    for name in ("answers.csv", "answers.parquet", "answers.jsonl"):
        assert (
            torso("predict", folder / "run", table, "-o", tmp_path / name, "--keep", "photo") == 0
        )
        assert f"40 rows written to {tmp_path / name}" in capsys.readouterr().err
    csv, parquet = (
        pd.read_csv(tmp_path / "answers.csv"),
        pd.read_parquet(tmp_path / "answers.parquet"),
    )
    pd.testing.assert_frame_equal(csv, parquet, check_dtype=False, rtol=1e-6)
    assert list(csv["photo"]) == [f"files/{row}.png" for row in range(40)]
    assert len(polars.read_ndjson(tmp_path / "answers.jsonl")) == 40


@pytest.mark.parametrize(
    "out", ["table.csv", "run/../table.csv", "run/log.jsonl", "run/split.parquet"]
)
def test_answers_never_replace_the_table_or_the_run(folder, capsys, out):
    before = (folder / out).read_bytes()
    assert torso("predict", folder / "run", folder / "table.csv", "-o", folder / out) == 1
    assert "Name another" in capsys.readouterr().err
    assert (folder / out).read_bytes() == before


def test_scores_never_replace_a_file_of_the_run(folder, capsys):
    before = (folder / "run" / "metrics.json").read_bytes()
    out = folder / "run" / "metrics.json"
    assert torso("evaluate", folder / "run", folder / "table.csv", "-o", out) == 1
    assert "is a file of the run" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_evaluate_prints_and_writes(folder, tmp_path, capsys):
    out = tmp_path / "scores.json"
    assert torso("evaluate", folder / "run", folder / "table.csv", "-o", out) == 0
    assert "macro-F1" in capsys.readouterr().out
    scores = json.loads(out.read_text(), parse_constant=pytest.fail)
    assert set(scores) == set(TARGETS)


def test_distill_writes_a_run(folder, tmp_path, capsys):
    small = tmp_path / "small"
    assert torso("distill", folder / "run", folder / "table.csv", "-o", small) == 0
    printed = capsys.readouterr()
    assert "price" in printed.out
    assert "the run itself reaches" in " ".join(printed.err.split())
    assert torso("predict", small, folder / "table.csv", "-o", tmp_path / "answers.csv") == 0


def test_root_on_every_command(folder, tmp_path):
    table = write(tmp_path / "t.csv", tables.read(folder / "table.csv"))
    assert torso("inspect", table, "--root", folder) == 0
    run = tmp_path / "run"
    fit = ["fit", table, *TASKS, "-o", run, "--root", folder, *options({**TINY, **MEDIA})]
    assert torso(*fit) == 0
    assert yaml.safe_load((run / "run.yaml").read_text())["data"]["root"] == [str(folder)]
    assert (run / "skipped.jsonl").read_text() == ""
    assert torso("predict", folder / "run", table, "-o", tmp_path / "a.csv", "--root", folder) == 0
    assert torso("evaluate", run, table) == 0


def test_a_folder_is_found_when_none_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "shop.csv", tables.plain())
    for name in ("shop", "shop-2"):
        assert torso("fit", "shop.csv", *TASKS, *options(TINY)) == 0
        assert (tmp_path / "runs" / name / "model.safetensors").exists()


def test_ctrl_c_before_the_training_is_told(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("torso.runs.prepare._plan", interrupted)
    out = tmp_path / "run"
    assert torso("fit", tables.make(tmp_path), *TASKS, "-o", out, *options(TINY)) == 130
    assert capsys.readouterr().err.strip() == "Interrupted."
    assert not out.exists()


def test_ctrl_c_exits_with_130_and_resume_goes_on(tmp_path, monkeypatch, capsys):
    from torso.app.terminal import ProgressBar

    table, out = write(tmp_path / "t.csv", tables.plain()), tmp_path / "run"
    settings = {**TINY, "training.epochs": 3}
    seen = ProgressBar.epoch_done

    def interrupted(self, epoch):
        seen(self, epoch)
        if epoch.number == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "epoch_done", interrupted)
        assert torso("fit", table, *TASKS, "-o", out, *options(settings)) == 130
    assert json.loads((out / "metrics.json").read_text())["training"]["end"] == "interrupted"
    assert torso("fit", "-o", out, "--resume") == 0
    assert json.loads((out / "metrics.json").read_text())["training"]["epochs"] == 3


def test_list_shows_every_room_and_one_alone(capsys):
    assert torso("list") == 0
    out = capsys.readouterr().out
    for word in (
        "encoders",
        "fusion",
        "transformer",
        "hard",
        "separate",
        "uncertainty",
        "multilabel",
    ):
        assert word in out
    assert torso("list", "balancing") == 0
    out = capsys.readouterr().out
    assert "equal" in out
    assert "encoders" not in out
    assert torso("list", "fusions") == 1
    assert "Did you mean 'fusion'?" in capsys.readouterr().err


def test_list_shows_what_fusions_cost_and_inspect_what_a_model_does(folder, capsys):
    assert torso("list", "fusion") == 0
    out = capsys.readouterr().out
    assert "multiply-adds/row" in out and "32,960" in out
    assert torso("inspect", folder / "table.csv", *TASKS, "--model") == 0
    out = capsys.readouterr().out
    assert "part of the model" in out
    assert "encoder photo" in out and "fusion" in out and "sharing" in out


def test_an_unwritable_place_is_one_sentence(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    code = torso("predict", folder / "run", folder / "table.csv", "-o", tmp_path / "file" / "a.csv")
    err = capsys.readouterr().err
    assert code == 1
    assert "Cannot read or write" in err
    assert "Traceback" not in err


def test_the_dial_is_checked_before_the_table_and_told(tmp_path, capsys):
    for option, value, rule in (
        ("--quality", "finest", "`quality` should be 'fast', 'balanced' or 'best'. Found"),
        ("--budget", "soon", "`budget` should be a duration such as 90s, 10m or 2h"),
    ):
        assert torso("fit", "absent.csv", "-t", "price", option, value) == 1
        assert rule in " ".join(capsys.readouterr().err.split())
    path = write(tmp_path / "table.csv", tables.plain())
    words = ("-q", "fast", "--budget", "1m", "-o", tmp_path / "run", *options(TINY))
    assert torso("fit", path, "-t", "price", *words) == 0
    printed = " ".join(capsys.readouterr().err.split())
    assert "Quality fast: folds=0, blend=off." in printed
    assert "Budget: 1 network of 1 epoch: about" in printed
    said = yaml.safe_load((tmp_path / "run" / "run.yaml").read_text())
    assert (said["quality"], said["budget"]) == ("fast", "1m")
