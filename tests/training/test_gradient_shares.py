"""How much each task is heard: shares by hand, the note, and a training that goes on as if nobody had looked."""

import math

import pytest
import torch
from torch import nn

import torso
from tests import small_tables as tables
from torso.training import Listener
from torso.training.gradient_shares import evaluated, gradient_shares, quiet_tasks


def test_shares_by_hand():
    shared, own = nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor(5.0))

    def losses(own_only):
        first, second = 3.0 * shared[0], 2.0 * shared[1]
        return torch.stack([first, second, own * own_only])

    # lengths 3, 2 weighing two, and none of the third
    shares = gradient_shares([losses(1.0), losses(2.0)], [shared], [1.0, 2.0, 1.0])
    assert shares[:2] == pytest.approx([3 / 7, 4 / 7])
    assert math.isnan(shares[2])


def test_a_task_without_labels_has_no_share_and_is_not_blamed():
    shared = nn.Parameter(torch.ones(2))
    shares = gradient_shares([torch.stack([shared.sum(), torch.tensor(0.0)])], [shared], [1.0, 1.0])
    assert shares[0] == 1.0
    assert math.isnan(shares[1])
    assert quiet_tasks({"a": shares[0], "b": shares[1]}) is None


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ({"a": 0.5, "b": 0.5}, []),
        ({"a": 0.051, "b": 0.949}, []),  # a twentieth of two
        ({"a": 0.049, "b": 0.951}, ["Task 'a' contributes 5 %", "its weight"]),
        ({"a": 0.01, "b": 0.02, "c": 0.97}, ["Tasks 'a' (1 %) and 'b' (2 %)", "their weights"]),
    ],
)
def test_which_tasks_are_quiet(shares, named):
    note = quiet_tasks(shares)
    assert (note is not None) == bool(named)
    assert all(words in note for words in named)


def test_evaluation_with_gradients_leaves_no_trace():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
    model.rnn = nn.GRU(3, 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    with evaluated(model):
        assert not model[0].training
        assert model.rnn.training
        torch.rand(1)
        model(torch.rand(4, 3))
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.rnn.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


class Notes(Listener):
    def __init__(self):
        self.notes = []

    def noted(self, message):
        self.notes.append(message)


def run(weight, **settings):
    heard = Notes()
    fitted = torso.fit(
        tables.plain(),
        ["price", "loud"],
        settings={
            "dim": 16,
            "training.epochs": 3,
            "balancing": {"type": "fixed", "weights": {"loud": weight}},
            **settings,
        },
        listener=heard,
    )
    return fitted, [note for note in heard.notes if "shared gradient" in note]


def test_a_run_notes_quiet_tasks_once(monkeypatch):
    assert run(1.0)[1] == []
    fitted, notes = run(1e-3)
    assert len(notes) == 1
    assert "'loud'" in notes[0]
    assert run(1e-3, balancing="uncertainty")[1] == []
    monkeypatch.setattr("torso.training.trainer.Trainer._note_quiet_tasks", lambda self: None)
    without, _ = run(1e-3)
    for name, value in fitted.model.state_dict().items():
        assert torch.equal(value, without.model.state_dict()[name]), name
