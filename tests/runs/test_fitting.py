"""A whole fit on tiny tables: gaps, splits, seeds, repeating, stopping, resuming, every part end to end."""

import json
import os
import zipfile
from itertools import cycle

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

import torso
from tests import small_tables as tables
from tests.pairs import once_each, sharings
from tests.small_tables import INPUTS, MEDIA, TARGETS, TINY, change, options, write
from torso.balancing import Balancer
from torso.core.errors import ConfigError, DataError, RunError
from torso.fusion import Fusion
from torso.training import Listener

RUN_FILES = {
    "MODEL_CARD.md",
    "log.jsonl",
    "held_out.parquet",
    "examples.parquet",
    "metrics.json",
    "model.safetensors",
    "run.yaml",
    "schema.json",
    "skipped.jsonl",
    "split.parquet",
    "statistics.json",
    "torso.json",
    "vocabulary.json",
}


class Watcher(Listener):
    """Keeps what it hears, and raises `error` after `epoch` epochs."""

    def __init__(self, error=None, epoch=0):
        self.error, self.epoch = error, epoch
        self.epochs, self.notes, self.reason = [], [], ""

    def epoch_done(self, epoch):
        self.epochs.append(epoch)
        if self.error is not None and epoch.number == self.epoch:
            raise self.error

    def noted(self, message):
        self.notes.append(message)

    def ended(self, reason):
        self.reason = reason


def weights(run):
    return {name: value.numpy() for name, value in run.model.state_dict().items()}


def assert_equal_runs(one, other):
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
    assert str(one.metrics["tasks"]) == str(other.metrics["tasks"])


def quick(columns=None, targets=TARGETS, **settings):
    return torso.fit(columns or tables.plain(), targets, settings={**TINY, **settings})


# --- the run ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    table = tables.make(folder / "data")
    settings = {**TINY, **MEDIA, "data.cache": str(folder / "cache")}
    torso.fit(table, TARGETS, out=folder / "run", settings=settings)
    return folder


def test_a_run_holds_exactly_these_files_and_no_pickle(run):
    assert {file.name for file in (run / "run").iterdir()} == RUN_FILES
    for name in RUN_FILES - {
        "model.safetensors",
        "split.parquet",
        "held_out.parquet",
        "examples.parquet",
    }:
        (run / "run" / name).read_text(encoding="utf-8")
    header = (run / "run/model.safetensors").read_bytes()
    json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])
    for line in (run / "run/log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)  # NaN is no JSON


def test_run_yaml_is_complete(run):
    from torso.runs.settings.config import RunConfig, read_config

    values = read_config(run / "run/run.yaml")
    sound = values["inputs"]["sound"]
    assert {name: sound[name] for name in ("kind", "rate", "mels")} == {
        "kind": "audio",
        "rate": 4000,
        "mels": 8,
    }
    assert {"hop", "window", "seconds"} <= set(sound)  # defaults too
    assert values["encoders"]["note"]["type"] == "ngrams"
    assert values["balancing"] == {"type": "equal"}
    assert RunConfig.parse(values).model_dump() == values


def test_the_config_repeats_the_run_exactly(run, tmp_path):
    out = tmp_path / "again"
    assert tables.torso("fit", "--config", run / "run/run.yaml", "-o", out) == 0
    assert_equal_runs(torso.load(run / "run"), torso.load(out))
    assert (out / "run.yaml").read_text() == (run / "run/run.yaml").read_text()


def test_a_run_moved_elsewhere_answers_the_same(run, tmp_path):
    expected = torso.load(run / "run").predict(run / "data/table.csv")
    moved = tmp_path / "deep" / "er"
    moved.mkdir(parents=True)
    for file in (run / "run").iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    answers = torso.load(moved).predict(run / "data/table.csv")
    pd.testing.assert_frame_equal(answers, expected)


def test_a_part_without_its_type_keeps_the_default_one():
    run = torso.fit(
        tables.plain(),
        TARGETS,
        settings={"dim": 8, "training.epochs": 1, "encoders.note.depth": 1, "fusion.hidden": 4},
    )
    assert run.config.encoders["note"]["type"] == "transformer"
    assert run.config.fusion["type"] == "concat"


# --- seeds ----------------------------------------------------------------------------------------------


def test_one_seed_gives_one_run_and_leaves_the_callers_randomness_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one = quick(**{"training.epochs": 2})
    assert torch.rand(1) == expected
    assert_equal_runs(one, quick(**{"training.epochs": 2}))


def test_another_seed_gives_another_run():
    columns = {**tables.plain(), "split": (["train"] * 3 + ["validation"]) * 10}
    one, other = (quick(columns, seed=seed, **{"data.split.column": "split"}) for seed in (0, 1))
    assert any((one_ != weights(other)[name]).any() for name, one_ in weights(one).items())


# --- gaps -------------------------------------------------------------------------------------------------


def holey(rows=60):
    """Return a table where row 0 has no label, row 1 no input, and a third of all else is missing."""
    rng = np.random.default_rng(3)
    columns = tables.plain(rows)
    for name, cells in columns.items():
        for row in range(rows):
            if rng.random() < 0.3:
                cells[row] = None
        if name in TARGETS:
            cells[0] = None
        else:
            cells[1] = None
    return columns


def test_rows_with_gaps_are_used_and_counted():
    columns = holey()
    run = quick(columns)
    usage = run.metrics["usage"]
    assert sum(usage["rows"].values()) == 60
    for task in TARGETS:
        known = sum(cell is not None for cell in columns[task])
        assert sum(labels[task] for labels in usage["labels"].values()) == known
    answers = run.predict(columns)
    assert len(answers) == 60
    assert not answers.isna().any().any()


def test_a_row_without_any_label_does_not_train_but_is_counted_and_answered():
    columns = tables.plain()
    for task in TARGETS:
        columns[task][10:20] = [None] * 10
    run = quick(columns, **{"data.split.test": 0})
    usage = run.metrics["usage"]
    assert usage["rows_trained"] < usage["rows"]["training"]
    unlabelled = usage["rows"]["training"] - usage["labels"]["training"]["colour"]
    assert usage["rows"]["training"] - usage["rows_trained"] == unlabelled
    assert len(run.predict(columns)) == 40


def test_what_an_unlabelled_row_holds_changes_no_weight():
    """Its inputs shape the statistics, which hold no labels, and nothing else."""
    one, other = tables.plain(), tables.plain()
    for columns in (one, other):
        columns["split"] = ["train"] * 30 + ["validation"] * 10
        for task in TARGETS:
            columns[task][:2] = [None, None]
    other["size"][0], other["size"][1] = one["size"][1], one["size"][0]
    settings = {"data.split.column": "split"}
    assert_equal_runs(quick(one, **settings), quick(other, **settings))


def test_a_missing_label_adds_nothing_to_its_task():
    columns = tables.plain()
    columns["split"] = ["train"] * 30 + ["validation"] * 10
    columns["price"][:15] = [None] * 15
    watcher = Watcher()
    settings = {**TINY, "data.split.column": "split", "training.batch_size": 64, "seed": 2}
    torso.fit(columns, TARGETS, settings=settings, listener=watcher)
    run = torso.fit(columns, ["price"], inputs=["size", "shop", "note"], settings=settings)
    assert run.metrics["usage"]["labels"]["training"] == {"price": 15}
    assert run.metrics["usage"]["rows_trained"] == 15
    assert watcher.epochs[0].rows == 30


@pytest.mark.parametrize("first", range(3))
def test_a_split_without_labels_of_one_task(first, tmp_path, capsys):
    without = {"validation": TARGETS[first], "test": TARGETS[first - 1]}
    columns = tables.plain()
    columns["split"] = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    for row, name in enumerate(columns["split"]):
        if name in without:
            columns[without[name]][row] = None
    settings = {**TINY, "data.split.column": "split"}
    out = tmp_path / "run"
    table = write(tmp_path / "t.csv", columns)
    tasks = [part for name in TARGETS for part in ("-t", name)]
    assert tables.torso("fit", table, *tasks, "-o", out, *options(settings)) == 0, (
        capsys.readouterr()
    )
    run = torso.load(out)
    for split, task in without.items():
        assert run.metrics["usage"]["labels"][split][task] == 0
    assert {task: run.reports[task].labels for task in TARGETS} == {
        task: 0 if task == without["test"] else 8 for task in TARGETS
    }
    for line in (out / "log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)


def test_no_validation_row_with_a_label():
    columns = tables.plain()
    columns["split"] = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    for task in TARGETS:
        columns[task][24:32] = [None] * 8
    with pytest.raises(ConfigError, match="No validation row has a label"):
        quick(columns, **{"data.split.column": "split"})


def test_a_whole_modality_missing_in_training():
    columns = {
        **tables.plain(),
        "extra": [None] * 39 + ["one only"],
        "when": [None] * 39 + ["2024-01-01"],
    }
    columns["split"] = ["train"] * 30 + ["validation"] * 5 + ["test"] * 5
    settings = {
        "data.split.column": "split",
        "inputs.extra.kind": "text",
        "inputs.when.kind": "datetime",
    }
    run = quick(columns, **settings)
    assert run.metrics["usage"]["training_rows_with"]["extra"] == 0
    assert np.isfinite(run.predict(columns)["price"]).all()


def test_every_modality_may_be_absent_at_prediction(run):
    predictor = torso.load(run / "run")
    nothing = dict.fromkeys(INPUTS)
    answers = predictor.predict([nothing, nothing])
    assert np.isfinite(answers["price"]).all()
    assert answers.iloc[0].equals(answers.iloc[1])


def test_statistics_and_vocabularies_come_from_training_rows_only():
    columns = tables.plain()
    columns["split"] = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    before = quick(columns, **{"data.split.column": "split"})
    for row in range(24, 40):
        columns["note"][row] = "words never read before, zyxwvu"
        columns["size"][row] = 1e5 + row
        columns["shop"][row] = "elsewhere"
        columns["price"][row] = -1e4 - row
    columns["colour"][39] = "mauve"
    after = quick(columns, **{"data.split.column": "split"})
    assert before.schema.state() == after.schema.state()


# --- splits -------------------------------------------------------------------------------------------


def test_files_of_their_own_for_validation_and_test(tmp_path):
    write(tmp_path / "train.csv", tables.plain(30))
    write(tmp_path / "val.csv", tables.plain(9, seed=1))
    write(tmp_path / "test.csv", tables.plain(12, seed=2))
    settings = {**TINY, "data.validation": "val.csv", "data.test": str(tmp_path / "test.csv")}
    config = tmp_path / "run.yaml"
    config.write_text(
        "data: {table: train.csv}\ntargets: {colour: category, loud: {}, price: number}\n"
    )
    run = torso.fit(config=config, settings=settings)
    assert run.metrics["usage"]["rows"] == {"training": 30, "validation": 9, "test": 12}
    assert run.metrics["split"] == "test"


def test_frames_of_their_own_for_validation_and_test():
    table, more, most = (pd.DataFrame(tables.plain(rows, seed=rows)) for rows in (40, 10, 12))
    run = torso.fit(table, ["price"], settings=TINY, validation=more, test=polars.from_pandas(most))
    assert run.metrics["usage"]["rows"] == {"training": 40, "validation": 10, "test": 12}
    assert run.reports["price"].rows == 12
    assert (run.config.data.validation, run.config.data.test) == (None, None)


def test_a_path_may_be_given_as_an_argument_too(tmp_path):
    table = pd.DataFrame(tables.plain(40))
    path = write(tmp_path / "more.csv", tables.plain(9, seed=1))
    run = torso.fit(table, ["price"], settings=TINY, test=path)
    assert run.metrics["usage"]["rows"]["test"] == 9
    assert run.metrics["split"] == "test"
    assert run.config.data.test == str(path)


def test_numbers_far_from_zero_are_learned_like_others(tmp_path):
    """Seconds since 1970, some ten apart: what float32 would round to multiples of 128."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=300)
    near = 10 * size + rng.normal(size=300)
    settings = {**TINY, "dim": 16, "training.epochs": 10}
    found = {}
    for origin in (0.0, 1.7e9):
        target = origin + near
        frame = pd.DataFrame({"size": size, "when": target, "both": [[x, -x] for x in target]})
        run = torso.fit(
            frame,
            {"when": "number", "both": "vector"},
            inputs=["size"],
            out=tmp_path / str(origin),
            settings=settings,
        )
        loaded = torso.load(tmp_path / str(origin))
        answers = loaded.predict(frame)
        again = loaded.evaluate(frame, resamples=0)["when"].metrics
        off = answers["when"].to_numpy() - target
        assert again["mae"].value == pytest.approx(np.abs(off).mean(), rel=1e-4)
        twice = np.stack(answers["both"]) - np.stack(frame["both"])
        assert np.sqrt((twice**2).mean()) < 5
        found[origin] = {task: one.metrics for task, one in run.reports.items()}
    for task in ("when", "both"):
        for metric in ("r2", "mae", "rmse"):
            one, other = found[0.0][task][metric].value, found[1.7e9][task][metric].value
            assert other == pytest.approx(one, abs=0.01 * max(1, abs(one)))
    assert found[1.7e9]["when"]["r2"].value > 0.8


def test_groups_never_cross_and_are_no_input():
    columns = {**tables.plain(60), "id": [f"g{row // 4}" for row in range(60)]}
    run = quick(columns, **{"data.split.group": "id"})
    assert "id" not in run.schema.inputs
    assert all(rows % 4 == 0 for rows in run.metrics["usage"]["rows"].values())
    assert run.reports["price"].groups == 3


def test_without_test_rows_the_validation_rows_give_the_verdict():
    assert quick(**{"data.split.test": 0}).metrics["split"] == "validation"


# --- stopping and going on -----------------------------------------------------------------------------

LONG = {**TINY, "training.epochs": 4, "training.modality_dropout": 0.3}


@pytest.mark.parametrize("balancing", ["equal", "uncertainty"])
def test_a_killed_training_resumes_to_the_same_end(tmp_path, balancing):
    table = write(tmp_path / "t.csv", tables.plain())
    settings = {**LONG, "balancing": balancing, "inputs.note": None}
    whole = torso.fit(table, TARGETS, out=tmp_path / "whole", settings=settings)
    out = tmp_path / "killed"
    with pytest.raises(OSError, match="power cut"):
        torso.fit(
            table, TARGETS, out=out, settings=settings, listener=Watcher(OSError("power cut"), 2)
        )
    assert not (out / "model.safetensors").exists()
    watcher = Watcher()
    resumed = torso.fit(out=out, resume=True, listener=watcher)
    assert [epoch.number for epoch in watcher.epochs] == [3, 4]
    assert "note" not in resumed.schema.inputs
    assert_equal_runs(whole, resumed)
    assert not (out / "checkpoint").exists()
    assert {file.name for file in out.iterdir()} == RUN_FILES
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["number"] for line in log if line["event"] == "epoch"] == [1, 2, 3, 4]


def test_a_kill_while_the_checkpoint_is_replaced_loses_no_more_than_an_epoch(tmp_path):
    out = tmp_path / "run"
    with pytest.raises(OSError, match="cut"):
        torso.fit(
            tables.plain(), TARGETS, out=out, settings=LONG, listener=Watcher(OSError("cut"), 2)
        )
    (out / "checkpoint").rename(out / "checkpoint.old")
    watcher = Watcher()
    torso.fit(tables.plain(), out=out, resume=True, listener=watcher)
    assert [epoch.number for epoch in watcher.epochs] == [3, 4]


def test_ctrl_c_keeps_the_best_and_saves_a_run_that_can_go_on(tmp_path):
    table, out = write(tmp_path / "t.csv", tables.plain()), tmp_path / "run"
    watcher = Watcher(KeyboardInterrupt(), 2)
    run = torso.fit(table, TARGETS, out=out, settings=LONG, listener=watcher)
    assert watcher.reason == run.metrics["training"]["end"] == "interrupted"
    pd.testing.assert_frame_equal(torso.load(out).predict(table), run.predict(table))
    with pytest.raises(RunError, match=r"interrupted run.*--resume"):
        torso.fit(table, TARGETS, out=out, settings=LONG)
    whole = torso.fit(table, TARGETS, out=tmp_path / "whole", settings=LONG)
    assert_equal_runs(whole, torso.fit(out=out, resume=True))


def test_ctrl_c_in_the_first_epoch_leaves_no_model(tmp_path):
    class Impatient(Listener):
        def batch_done(self, epoch, batch):
            raise KeyboardInterrupt

    for out in (None, tmp_path / "new" / "run"):
        with pytest.raises(RunError, match="nothing was learnt yet"):
            torso.fit(tables.plain(), TARGETS, out=out, settings=LONG, listener=Impatient())
    assert list(tmp_path.iterdir()) == []
    torso.fit(
        tables.plain(),
        TARGETS,
        out=tmp_path,
        settings=LONG,
        listener=Watcher(KeyboardInterrupt(), 1),
    )
    run = torso.fit(tables.plain(), out=tmp_path, resume=True, listener=Impatient())
    assert run.report.training.best_epoch == 1  # what there is stays


def test_a_failed_fit_leaves_no_empty_folder_behind(tmp_path):
    broken = tables.plain(40)
    broken["price"] = [7.0] * 40
    with pytest.raises(DataError, match="at least two values"):
        torso.fit(
            pd.DataFrame(broken), {"price": "number"}, out=tmp_path / "a" / "run", settings=TINY
        )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(RunError, match="is no run, and not empty"):
        torso.fit(pd.DataFrame(broken), {"price": "number"}, out=tmp_path / "mine", settings=TINY)
    assert (tmp_path / "mine" / "notes.txt").exists()


def test_nothing_to_resume(tmp_path):
    table = write(tmp_path / "t.csv", tables.plain())
    with pytest.raises(ConfigError, match="`resume` needs `out`"):
        torso.fit(table, TARGETS, resume=True)
    with pytest.raises(RunError, match="nothing to resume"):
        torso.fit(table, TARGETS, out=tmp_path / "new", config={}, resume=True, settings=TINY)


def test_an_old_run_leaves_no_weights_beside_a_new_config(tmp_path):
    torso.fit(tables.plain(), TARGETS, out=tmp_path, settings=TINY)
    with pytest.raises(OSError, match="cut"):
        torso.fit(
            tables.plain(),
            ["loud"],
            out=tmp_path,
            settings=TINY,
            overwrite=True,
            listener=Watcher(OSError("cut"), 1),
        )
    with pytest.raises(RunError, match=r"is not a finished run.*--resume"):
        torso.load(tmp_path)


def test_early_stopping_keeps_the_best_weights():
    watcher = Watcher()
    settings = {**TINY, "training.epochs": 30, "training.patience": 2, "training.lr": 0.05}
    settings["training.select"] = "total"
    run = torso.fit(tables.plain(), TARGETS, settings=settings, listener=watcher)
    assert watcher.reason == "no better held-out loss"
    losses = [sum(epoch.validation.values()) for epoch in watcher.epochs]
    best = int(np.argmin(losses)) + 1
    training = run.metrics["training"]
    assert (training["best_epoch"], training["epochs"]) == (best, best + 2)
    assert training["best_loss"] == pytest.approx(min(losses))
    assert [epoch.best for epoch in watcher.epochs][best - 1 :] == [True, False, False]
    again = torso.fit(tables.plain(), TARGETS, settings={**settings, "training.patience": 9})
    assert again.metrics["training"]["best_loss"] <= training["best_loss"]


# --- every part ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Return the plain table, read once for all trainings of every part."""
    cache = tmp_path_factory.mktemp("prepared")
    return torso.prepare(tables.plain(), TARGETS, settings={**TINY, "data.cache": str(cache)})


@pytest.mark.parametrize(
    ("fusion", "sharing"),
    [*zip(cycle(Fusion.registry), [spec for spec, several in sharings() if several], strict=False)],
    ids=str,
)
def test_every_sharing_with_trunks_of_its_own_end_to_end(prepared, fusion, sharing, tmp_path):
    """The other sharings, and every fusion, are trained with the balancings; how two parts meet is the model's to test."""
    torso.train(prepared, {"fusion": fusion, "sharing": sharing}, out=tmp_path)
    assert len(torso.load(tmp_path).predict(tables.plain())) == 40


@pytest.mark.parametrize(
    ("name", "fusion", "sharing"),
    once_each(
        list(Balancer.registry),
        list(Fusion.registry),
        [spec for spec, several in sharings() if not several],
    ),
    ids=str,
)
def test_every_balancing_end_to_end(prepared, name, fusion, sharing, tmp_path):
    """Each above a body that all tasks share: without one, many would have nothing to do."""
    spec = {"type": "fixed", "weights": {"loud": 2.0}} if name == "fixed" else name
    watcher = Watcher()
    settings = {"balancing": spec, "fusion": fusion, "sharing": sharing}
    torso.train(prepared, settings, out=tmp_path, listener=watcher)
    assert set(watcher.epochs[0].weights) <= set(TARGETS)
    assert len(torso.load(tmp_path).predict(tables.plain())) == 40


def test_separate_sharing_keeps_the_tasks_apart():
    """Labels of one task change nothing in what another learns."""
    one, other = tables.plain(), tables.plain()
    other["price"] = [-price for price in one["price"]]
    settings = {"sharing": "separate", "training.clip": 1e9}
    answers = [
        quick(columns, **settings).predict(one)["loud_probability"] for columns in (one, other)
    ]
    np.testing.assert_allclose(*answers, rtol=1e-5)


def test_every_kind_of_input_and_target(tmp_path):
    rng = np.random.default_rng(0)
    columns = {
        **tables.plain(),
        "picture": [tables.png((row * 6, 0, 0)) for row in range(40)],
        "noise": [tables.wav(200 + 20 * row) for row in range(40)],
        "when": pd.date_range("2024-01-01", periods=40, freq="13h"),
        "flag": [row % 3 == 0 for row in range(40)],
        "vector": [list(rng.normal(size=3)) for _ in range(40)],
        "path": [rng.normal(size=(1 + row % 5, 2)).tolist() for row in range(40)],
        "words": [["a", "b"][: row % 3] for row in range(40)],
        "owner": [f"{'ab'[row // 20]}{chr(97 + row % 20)}n Lee" for row in range(24)]
        + ["Wu & Sons"] * 16,
        "both": [list(rng.normal(size=2)) for _ in range(40)],
        "tags": ["a|b" if row % 2 else "b" for row in range(40)],
    }
    inputs = {
        "picture": {"kind": "image", "size": 16},
        "noise": {"kind": "audio", "rate": 4000, "mels": 8},
    }
    inputs |= {key: {} for key in ["when", "flag", "vector", "path", "note", "size", "shop"]}
    inputs |= {"words": {}, "owner": "name"}
    targets = {key: {} for key in TARGETS} | {"both": "vector", "tags": "multilabel"}
    frame = pa.table(columns)
    run = torso.fit(frame, targets, inputs=inputs, out=tmp_path / "run", settings=TINY)
    kinds = {name: spec["kind"] for name, spec in run.config.inputs.items()}
    assert kinds == {
        "picture": "image", "noise": "audio", "when": "datetime", "flag": "binary", "vector": "vector",
        "path": "sequence", "note": "text", "size": "number", "shop": "category",
        "words": "set", "owner": "name",
    }  # fmt: skip
    parquet.write_table(frame, tmp_path / "t.parquet")
    answers = torso.load(tmp_path / "run").predict(tmp_path / "t.parquet")
    assert len(answers) == 40
    assert len(answers["both"][0]) == len(answers["both_spread"][0]) == 2
    assert set(answers["tags"]) <= {"", "a", "b", "a|b"}


# --- files and the cache --------------------------------------------------------------------------------


@pytest.fixture
def decoded(monkeypatch):
    """Count the files that are decoded."""
    from torso.columns.inputs import audio, image

    counts = {"image": 0, "audio": 0}

    def counted(name, decode):
        def inner(*arguments, **settings):
            counts[name] += 1
            return decode(*arguments, **settings)

        return inner

    monkeypatch.setattr(image, "decode_image", counted("image", image.decode_image))
    monkeypatch.setattr(audio, "decode_audio", counted("audio", audio.decode_audio))

    def since():
        found = dict(counts)
        counts.update(image=0, audio=0)
        return found

    return since


def test_the_second_fit_decodes_nothing_and_changes_are_noticed(tmp_path, decoded):
    table = tables.make(tmp_path)

    def fitted(**settings):
        return torso.fit(table, TARGETS, settings={**TINY, **MEDIA, **settings})

    one = fitted()
    assert decoded() == {"image": 40, "audio": 40}
    assert_equal_runs(one, fitted(**{"training.epochs": 1}))
    assert decoded() == {"image": 0, "audio": 0}
    (tmp_path / "files/3.png").write_bytes(tables.png((1, 2, 3)))
    fitted()
    assert decoded() == {"image": 1, "audio": 0}
    os.utime(tmp_path / "files/4.png")  # touched, not changed: read again, known again
    fitted()
    assert decoded() == {"image": 0, "audio": 0}
    fitted(**{"inputs.photo.size": 20})
    assert decoded() == {"image": 40, "audio": 0}
    fitted(**{"inputs.sound.mels": 9})
    assert decoded() == {"image": 0, "audio": 40}


def test_folder_zip_and_raw_bytes_give_one_run(tmp_path, decoded):
    table = tables.make(tmp_path / "data")
    settings = {**TINY, **MEDIA}
    first = torso.fit(table, TARGETS, settings=settings)
    decoded()

    with zipfile.ZipFile(tmp_path / "media.zip", "w") as archive:
        for file in (tmp_path / "data/files").iterdir():
            archive.write(file, f"files/{file.name}")
    columns = tables.read(table)
    (tmp_path / "alone").mkdir()
    alone = write(tmp_path / "alone/table.csv", columns)
    zipped = torso.fit(
        alone, TARGETS, settings={**settings, "data.root": [str(tmp_path / "media.zip")]}
    )
    assert decoded() == {"image": 0, "audio": 0}  # the same contents
    assert_equal_runs(first, zipped)
    by_root = zipped.predict(alone, root=tmp_path / "media.zip")
    pd.testing.assert_frame_equal(by_root, zipped.predict(alone))
    decoded()

    for name in ("photo", "sound"):
        columns[name] = [(tmp_path / "data" / cell).read_bytes() for cell in columns[name]]
    raw = pa.table({**columns, "size": [float(x) for x in columns["size"]]})
    raw = raw.set_column(
        raw.column_names.index("price"), "price", pa.array([*map(float, columns["price"])])
    )
    parquet.write_table(raw, tmp_path / "raw.parquet")
    packed = torso.fit(tmp_path / "raw.parquet", TARGETS, settings=settings)
    assert decoded() == {"image": 0, "audio": 0}
    assert_equal_runs(first, packed)


def test_a_root_per_column_and_an_override_at_prediction(tmp_path):
    table = tables.make(tmp_path / "data")
    (tmp_path / "data/files").rename(tmp_path / "elsewhere")
    change(
        table,
        lambda cells: cells.update(
            {n: [c.split("/")[1] for c in cells[n]] for n in ("photo", "sound")}
        ),
    )
    root = str(tmp_path / "elsewhere")
    settings = {**TINY, **MEDIA, "inputs.photo.root": root, "inputs.sound.root": "../elsewhere"}
    run = torso.fit(table, TARGETS, settings=settings)
    assert not run.skipped
    expected = run.predict(table)
    (tmp_path / "elsewhere").rename(tmp_path / "moved")
    pd.testing.assert_frame_equal(run.predict(table, root=tmp_path / "moved"), expected)


# --- tables of every make -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [pd.DataFrame, polars.DataFrame, pa.table, dict, tables.plain])
def test_the_answers_are_of_the_kind_that_was_given(make):
    columns = tables.plain()
    table = columns if make is tables.plain else make(columns)
    run = torso.fit(table, TARGETS, settings=TINY)
    answers = run.predict(table)
    expected = (
        make
        if make in (pd.DataFrame, polars.DataFrame)
        else pa.Table
        if make is pa.table
        else pd.DataFrame
    )
    assert isinstance(answers, expected)
    assert len(answers) == 40


def test_a_pandas_index_is_kept():
    frame = pd.DataFrame(tables.plain()).set_index(pd.Index(range(100, 140), name="id"))
    run = torso.fit(frame, TARGETS, settings=TINY)
    assert list(run.predict(frame).index) == list(range(100, 140))


def test_wishes_as_mappings_lists_and_strings(tmp_path):
    columns = tables.plain()
    one = torso.fit(columns, "loud", inputs=["size"], settings={"dim": 8, "training.epochs": 1})
    assert (list(one.schema.targets), list(one.schema.inputs)) == (["loud"], ["size"])
    config = {
        "targets": ["loud"],
        "inputs": {"size": "number"},
        "dim": 8,
        "training": {"epochs": 1},
    }
    other = torso.fit(columns, config=config)
    assert config["targets"] == ["loud"]  # the caller's mapping is left alone
    assert_equal_runs(one, other)


def test_warnings_about_columns_are_told_and_logged(tmp_path):
    watcher = Watcher()
    columns = {**tables.plain(), "same": ["x"] * 40}
    torso.fit(columns, TARGETS, out=tmp_path, settings=TINY, listener=watcher)
    assert any("same (left out)" in note for note in watcher.notes)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["message"] for line in log if line["event"] == "note"] == watcher.notes
