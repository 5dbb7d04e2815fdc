"""Listeners hear everything, and may end a training."""

import math

import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError
from torso.training import STOP, Epoch, Listener, Listeners, Look, Stop

EPOCH = Epoch(1, {"a": math.nan}, {"a": math.inf}, {"a": {"r2": math.nan}}, lr=0.1, best=True)
LOOK = Look(1, 2, {"a": 0.5}, {"a": 1.0}, [[4.0]])


def test_every_event_is_passed_on_to_everyone():
    heard = []

    class Ear(Listener):
        def __getattribute__(self, name):
            if name.startswith("_"):
                return object.__getattribute__(self, name)
            return lambda *arguments: heard.append((name, arguments))

    events = {
        "preparing": ("photo", 1, 2),
        "configured": ({"seed": 0},),
        "started": (3, 4),
        "batch_done": (1, 2),
        "looked": (LOOK,),
        "epoch_done": (EPOCH,),
        "ended": ("interrupted",),
        "judged": ({},),
        "noted": ("x",),
    }
    assert set(events) == {
        name for name in vars(Listener) if not name.startswith("_") and name != "shows_notes"
    }
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


def test_a_run_that_a_listener_stops_is_whole_and_can_go_on(tmp_path):
    settings, out = {**tables.TINY, "training.epochs": 3}, tmp_path / "run"
    table = tables.plain()
    torso.fit(table, ["price", "loud"], out=out, settings=settings, listener=Impatient(STOP))
    ends = [line for line in (out / "log.jsonl").read_text().splitlines() if '"end"' in line]
    assert ends == ['{"event": "end", "reason": "stopped by Impatient"}']
    assert torso.load(out).predict(table) is not None
    rest = Impatient(None)
    torso.fit(table, out=out, resume=True, listener=rest)
    assert rest.heard == 2
    assert not (out / "checkpoint").exists()
