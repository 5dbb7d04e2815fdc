"""Encoders that read a few rows at a time: the same step, the same statistics, and less memory where it is short."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.places import ROOT
from tests.training.test_trainer import trainer
from torso.balancing import MGDA, Equal
from torso.columns.dataset import Dataset
from torso.columns.loader import Loader
from torso.columns.sources import ArraySource
from torso.core.errors import RunError
from torso.core.types import Features, Tokens
from torso.model import Model, PartSpec
from torso.training import Listener, Trainer, TrainingConfig
from torso.training.micro_batches import MicroBatches, joined


class Notes(Listener):
    def __init__(self):
        self.notes = []

    def noted(self, sentence):
        self.notes.append(sentence)


@pytest.mark.parametrize("kind", [Equal, MGDA])
def test_a_training_is_the_same(kind):
    ended = []
    for rows in (None, 5):
        balancer = kind(["sign", "sum"])
        config = TrainingConfig(epochs=2, lr=0.01, micro_batch=rows)
        course = trainer(config, balancer=balancer)
        course.run()
        assert course.micro.rows == rows
        ended.append(torch.cat([p.detach().flatten() for p in course.model.parameters()]))
    torch.testing.assert_close(*ended, rtol=1e-5, atol=1e-6)


def pictures() -> Model:
    torch.manual_seed(0)
    return Model.build(
        {"photo": PartSpec("image", "convnet", {"width": 4, "stages": 1, "dropout": 0.0})},
        {"sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 1.0})},
        dim=8,
    ).train()


def test_statistics_of_batch_normalisation_count_rows_once():
    shown = Features(torch.rand(6, 16, 16, 3), torch.ones(6, dtype=torch.bool))
    kept = []
    for again in (False, True):
        model = pictures()
        own = MicroBatches(model, 3, Listener())
        encoded = [own.encode({"photo": shown})]
        tokens = (
            [t for each in encoded for trunk in each.tokens.values() for t in trunk.values()]
            if again
            else []
        )
        if again:
            sum(token.values.sum() for token in tokens).backward()
        kept.append({key: value.clone() for key, value in model.named_buffers()})
    assert any("running_mean" in key for key in kept[0])
    for key, value in kept[0].items():
        torch.testing.assert_close(kept[1][key], value, rtol=0, atol=0)


def test_shorter_pieces_are_padded():
    short = Tokens(torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool))
    long = Tokens(torch.ones(2, 4, 3), torch.ones(2, 4, dtype=torch.bool))
    both = joined([short, long])
    assert both.values.shape == (3, 4, 3)
    assert both.mask.sum(dim=1).tolist() == [2, 4, 4]


class Short(MicroBatches):
    """Memory that holds `most` rows."""

    most = 4

    def encode(self, inputs):
        if (self.rows or len(next(iter(inputs.values())))) > self.most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return super().encode(inputs)


def test_rows_are_halved_until_they_fit_and_that_is_told():
    ear = Notes()
    course = trainer(TrainingConfig(epochs=1), ear)
    course.micro = Short(course.model, None, ear)
    course.run()
    assert course.micro.rows == 4
    assert [note for note in ear.notes if "out of memory" in note] == [
        f"Epoch 1, batch 1: out of memory. Encoders now read {rows} rows at a time (training.micro_batch={rows}); a step "
        "still learns from 16."
        for rows in (8, 4)
    ]


def test_one_row_too_many_ends_with_a_cure():
    course = trainer(TrainingConfig(epochs=1))
    course.micro = Short(course.model, None, Listener())
    course.micro.most = 0
    with pytest.raises(
        RunError, match=r"Epoch 1, batch 1: out of memory while encoders read a row"
    ):
        course.run()


def short_of_memory() -> None:
    """Train where the address space has room for half of a batch; print the rows that encoders read in the end, and notes."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(124, 300, 3)).astype(np.float32)
    steps = ArraySource(values, np.ones((124, 300), bool))
    dataset = Dataset(124, {"steps": steps}, {"sum": values.sum(axis=(1, 2))})
    model = Model.build(
        {"steps": PartSpec("sequence", "transformer", {"width": 3, "dropout": 0.0})},
        {"sum": PartSpec("number", "gaussian", {"mean": 0.0, "std": 40.0})},
        dim=64,
    )
    notes = Notes()
    loaders = [
        Loader(dataset, rows, batch_size=120) for rows in (np.arange(120), np.arange(120, 124))
    ]
    course = Trainer(model, Equal(["sum"]), *loaders, TrainingConfig(epochs=1), notes)
    course.micro.rows = 1
    course._step(next(iter(course.training)))  # libraries take theirs
    course.micro.rows = None
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, resource.RLIM_INFINITY))
    print(course.run(), course.micro.rows, *notes.notes, sep="\n")


ROOM = 240 << 20


def test_a_real_limit_of_memory():
    code = "from tests.training.test_micro_batches import short_of_memory; short_of_memory()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    end, rows, *notes = done.stdout.splitlines()
    assert end == "all epochs" and int(rows) < 120
    assert notes[-1].startswith("Epoch 1, batch 1: out of memory.") and f"{rows} rows" in notes[-1]
