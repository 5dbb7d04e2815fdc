"""Trackers pass on every figure of every epoch, the settings and the scores, and never end a training."""

import math
from time import sleep

import pytest

import torso
from tests import small_tables as tables
from tests.small_tables import TARGETS, TINY
from torso.core.errors import ConfigError
from torso.training import Epoch, Listener, Listeners
from torso.training.adapters import Tracker, figures_of, named_tracker

SMALL = {**TINY, "training.epochs": 2, "folds": 0, "blend": "off"}
EPOCH = Epoch(
    3, {"a": 0.5}, {"a": math.nan}, {"a": {"r2": 0.25}}, {"a": 2.0}, lr=0.1, conflicts=0.5
)


class Kept(Tracker):
    """Keeps what it is given; fails at one of the acts, if asked to."""

    title = look = "Kept"

    def __init__(self, fails=""):
        super().__init__()
        self.fails, self.heard = fails, []

    def _take(self, act, *values):
        self.heard.append((act, *values))
        if act == self.fails:
            raise OSError("disk full")

    def _begin(self):
        self._take("begin")

    def _settings(self, settings):
        self._take("settings", settings)

    def _figures(self, figures, epoch):
        self._take("figures", figures, epoch)

    def _scores(self, figures):
        self._take("scores", figures)

    def _end(self):
        self._take("end")


def fitted(*trackers):
    listener = Listeners(trackers)
    return torso.fit(tables.plain(), TARGETS, settings=SMALL, listener=listener, progress=False)


def test_figures_of_an_epoch_by_hand():
    assert figures_of(EPOCH) == {
        "loss/training/a": 0.5,
        "a/r2": 0.25,
        "weight/a": 2.0,
        "time/seconds": 0.0,
        "time/waited": 0.0,
        "rows": 0.0,
        "lr": 0.1,
        "balancing/conflicts": 0.5,
    }


def test_a_training_in_order_and_its_scores_last():
    run = fitted(kept := Kept())
    assert [act for act, *_ in kept.heard] == [
        "begin",
        "settings",
        "figures",
        "figures",
        "scores",
        "end",
    ]
    settings, scores = kept.heard[1][1], kept.heard[4][1]
    assert settings["training.epochs"] == 2 and settings["targets.price.kind"] == "number"
    assert [heard[2] for heard in kept.heard[2:4]] == [1, 2]
    for task, report in run.reports.items():
        assert scores[f"score/{task}/{report.headline}"] == report.metrics[report.headline].value
        assert (
            scores[f"score/{task}/{report.headline}_baseline"] == report.baseline[report.headline]
        )


@pytest.mark.parametrize("act", ["begin", "settings", "figures", "scores", "end"])
def test_a_program_that_fails_is_told_once_and_ends_no_training(act):
    with pytest.warns(torso.TorsoWarning, match="Kept takes no more .*OSError: disk full") as told:
        run = fitted(kept := Kept(fails=act))
    assert len([each for each in told if "Kept" in str(each.message)]) == 1
    assert run.report.training.epochs == 2 and kept.heard[-1][0] == act


def test_several_listeners_show_notes_if_one_does():
    class Shows(Listener):
        shows_notes = True

    assert Listeners([Listener(), Shows()]).shows_notes
    assert not Listeners([Listener()]).shows_notes


def test_an_unknown_name_is_refused_before_the_table_is_read(capsys, tmp_path):
    with pytest.raises(ConfigError, match=r"Unknown log 'tensorbord'. Did you mean 'tensorboard'"):
        named_tracker("tensorbord=x", tmp_path)
    assert tables.torso("fit", tmp_path / "no.csv", "-t", "x", "--log", "aim") == 1
    assert "Unknown log 'aim'" in capsys.readouterr().err


def test_tensorboard_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is absent")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = fitted(board := named_tracker(f"tensorboard={tmp_path}", tmp_path / "run"))
    assert board.look == f"tensorboard --logdir {tmp_path}"
    events = EventAccumulator(str(tmp_path / "run")).Reload()
    losses = [event.value for event in events.Scalars("loss/validation/price")]
    assert losses == pytest.approx([epoch.validation["price"] for epoch in run.report.curves])
    assert [event.step for event in events.Scalars("price/r2")] == [1, 2]
    report = run.reports["price"]
    (score,) = events.Scalars("score/price/r2")
    assert score.value == pytest.approx(report.metrics["r2"].value)
    assert "settings/text_summary" in events.Tags()["tensors"]


def test_mlflow_reads_what_was_written(tmp_path):
    pytest.importorskip("mlflow", reason="mlflow is absent: pip install mlflow-skinny")
    run = fitted(log := named_tracker(f"mlflow={tmp_path / 'my store'}", tmp_path / "run"))
    kept = log._client.get_run(log.run_id)
    assert kept.info.status == "FINISHED" and kept.info.run_name == "run"
    assert kept.data.params["training.epochs"] == "2"
    report = run.reports["price"]
    assert kept.data.metrics["score/price/r2"] == pytest.approx(report.metrics["r2"].value)
    losses = log._client.get_metric_history(log.run_id, "loss/validation/price")
    assert [each.step for each in losses] == [1, 2]


def test_wandb_writes_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is absent: pip install wandb")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    fitted(log := named_tracker("wandb", tmp_path / "run"))
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    (file,) = folder.glob("run-*.wandb")
    names = (b"loss/validation/price", b"score/price/r2", b"training.epochs")
    for _ in range(150):  # a process of its own writes them
        if all(name in file.read_bytes() for name in names):
            break
        sleep(0.1)
    assert [name for name in names if name not in file.read_bytes()] == []
    assert log.look == f"wandb sync {tmp_path}/wandb/offline-run-*"
