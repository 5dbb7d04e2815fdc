"""Listeners hear everything; the log is JSON whatever the numbers are."""

import json
import math

import pytest

from torso.core.errors import ConfigError
from torso.training import STOP, Epoch, JsonLog, Listener, Listeners, Look, Stop

EPOCH = Epoch(1, {"a": math.nan}, {"a": math.inf}, {"a": {"r2": math.nan}}, lr=0.1, best=True)
LOOK = Look(1, 2, {"a": 0.5}, {"a": 1.0}, [[4.0]])


def test_the_log_holds_one_json_object_per_line(tmp_path):
    path = tmp_path / "log.jsonl"
    for fresh in (True, False):
        log = JsonLog(path, fresh=fresh)
        log.started(3, 4)
        log.epoch_done(EPOCH)
        log.noted("größer")
        log.ended("all epochs")
    lines = [
        json.loads(line, parse_constant=pytest.fail)
        for line in path.read_text("utf-8").splitlines()
    ]
    assert [line["event"] for line in lines] == ["start", "epoch", "note", "end"] * 2
    assert lines[1]["training"] == {"a": None}
    assert lines[1]["validation"] == {"a": None}
    assert lines[1]["metrics"] == {"a": {"r2": None}}
    assert lines[1]["lr"] == 0.1
    JsonLog(path)
    assert path.read_text() == ""


def test_every_event_is_passed_on_to_everyone():
    heard = []

    class Ear(Listener):
        def __getattribute__(self, name):
            if name.startswith("_"):
                return object.__getattribute__(self, name)
            return lambda *arguments: heard.append((name, arguments))

    events = {
        "preparing": ("photo", 1, 2),
        "started": (3, 4),
        "batch_done": (1, 2),
        "looked": (LOOK,),
        "epoch_done": (EPOCH,),
        "ended": ("interrupted",),
        "noted": ("x",),
    }
    assert set(events) == {name for name in vars(Listener) if not name.startswith("_")}
    both = Listeners([Ear(), Ear()])
    for name, arguments in events.items():
        getattr(both, name)(*arguments)
        getattr(Listener(), name)(*arguments)
    assert heard == [(name, arguments) for name, arguments in events.items() for _ in range(2)]


class Impatient(Listener):
    def __init__(self, answer):
        self.answer, self.heard = answer, 0

    def epoch_done(self, epoch):
        self.heard += 1
        return self.answer


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([None, None], None),
        ([None, STOP], "stopped by Impatient"),
        ([Stop("trial pruned"), STOP], "trial pruned"),
    ],
)
def test_the_first_stop_counts_and_everyone_hears_the_epoch(answers, reason):
    ears = [Impatient(answer) for answer in answers]
    signal = Listeners([Listeners(ears), Listener()]).epoch_done(EPOCH)
    assert signal == (None if reason is None else Stop(reason))
    assert [ear.heard for ear in ears] == [1, 1]


def test_another_answer_than_a_stop_is_refused():
    with pytest.raises(ConfigError, match=r"`Impatient\.epoch_done` returned True. Return STOP"):
        Listeners([Impatient(True)]).epoch_done(EPOCH)
