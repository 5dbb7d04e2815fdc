"""Splits by time in a run: what is held out, what is told, and the note on random splits of dated tables."""

import numpy as np
import pytest
from typer.testing import CliRunner

import torso
from torso.app.cli import app
from torso.core.errors import ConfigError
from torso.runs.networks.folds import assigned_folds

ROWS = 120
DRAW = np.random.default_rng(0)
TABLE = {
    "first": [f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in range(ROWS)],
    "born": [f"19{50 + row % 40}-03-{1 + row % 28:02}" for row in DRAW.permutation(ROWS)],
    "shop": [f"s{row % 12}" for row in range(ROWS)],
    "size": DRAW.normal(size=ROWS).tolist(),
}
TABLE["price"] = [size * 3 + row % 5 for row, size in enumerate(TABLE["size"])]


def prepared(**settings):
    return torso.prepare(TABLE, ["price"], settings={"pretrained": "off", **settings})


def about_time(run):
    return [note for note in run.notes if "time" in note and "split" in note.lower()]


def test_the_cure_of_the_note_is_taken():
    (note,) = about_time(prepared())
    assert note.startswith("first: dates from 2024-01-01") and "drawn at random" in note
    path, _, column = note.split("--set ")[1].partition("=")
    run = prepared(**{path: column})
    (told,) = about_time(run)
    assert told.startswith("Split by time ('first'): 84 training rows of 2024-01-01 to")
    assert run.parts["test"].rows.tolist() == list(range(96, ROWS))
    assert not about_time(prepared(**{"data.split.group": "shop"}))


@pytest.mark.parametrize("draw", [0, 1])
def test_folds_are_windows_of_time(draw):
    run = prepared(**{"data.split.time": "first"})
    parts = [run.parts["training"], run.parts["validation"]]
    fold = assigned_folds(parts, run.config, 4, draw)
    assert sorted(np.bincount(fold)) == [24] * 4
    assert (
        np.count_nonzero(np.diff(fold)) == 3 + draw
    )  # each further draw has a window of both ends
    grouped = prepared(**{"data.split.time": "first", "data.split.group": "shop"})
    parts = [grouped.parts["training"], grouped.parts["validation"]]
    fold = assigned_folds(parts, grouped.config, 4, draw)
    shops = np.array(TABLE["shop"])[np.concatenate([part.rows for part in parts])]
    assert all(len(set(fold[shops == shop])) == 1 for shop in set(shops))


def test_a_split_has_its_own_seed():
    rows = [
        prepared(**{"seed": seed, "data.split.seed": 7}).parts["test"].rows.tolist()
        for seed in (1, 2)
    ]
    assert rows[0] == rows[1] != prepared(seed=1).parts["test"].rows.tolist()


def test_time_and_strata_are_refused():
    with pytest.raises(ConfigError, match="`stratify` or `time`, not both"):
        prepared(**{"data.split.time": "first", "data.split.stratify": "shop"})


def test_folds_from_the_command_line(tmp_path):
    torso_table = tmp_path / "t.csv"
    lines = [
        ",".join(TABLE),
        *(",".join(map(str, row)) for row in zip(*TABLE.values(), strict=True)),
    ]
    torso_table.write_text("\n".join(lines))
    run = tmp_path / "run"
    few = ["--set", "training.epochs=1", "--set", "blend=off", "--set", "data.split.group=shop"]
    args = [
        "fit",
        str(torso_table),
        "-t",
        "price",
        "-o",
        str(run),
        *few,
        "--folds",
        "2",
        "--repeats",
        "2",
    ]
    assert CliRunner().invoke(app, args).exit_code == 0
    config = torso.load(run).config
    assert (config.folds, config.repeats) == (2, 2)
    assert torso.load(run).report.training.networks == 4
