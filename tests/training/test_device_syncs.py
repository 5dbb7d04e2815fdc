"""No step waits for the device: values stay there until an epoch ends.

`bool(tensor)`, `.item()`, `.tolist()`, `.cpu()` and `.numpy()` make the CPU wait for an accelerator. Each call during
a step is counted here, with the file that made it.
"""

import sys
from collections import Counter

import pytest
import torch

from tests.training.test_trainer import trainer
from torso.training import TrainingConfig

WAITING = ["__bool__", "__int__", "__float__", "__index__", "item", "tolist", "cpu", "numpy"]

ALLOWED = {
    "src/torso/balancing/_balancer.py",  # a loss that is not finite ends the training in its step
    "src/torso/encoders/_encoder.py",  # rows without the modality are not encoded
    "src/torso/tasks/_base/head.py",  # rows without a label are left out of a head's loss
    "src/torso/training/mixup.py",  # a share that was drawn on the CPU
}


@pytest.fixture
def waits(monkeypatch):
    """Return a counter: file that made the device wait -> calls."""
    counted = Counter()
    for name in WAITING:
        plain = getattr(torch.Tensor, name)

        def counting(tensor, *args, plain=plain, **kwargs):
            caller = sys._getframe(1).f_code.co_filename
            if "/src/torso/" in caller:
                counted["src/torso/" + caller.rpartition("/src/torso/")[2]] += 1
            return plain(tensor, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, counting)
    return counted


@pytest.mark.parametrize("settings", [{}, {"average": 0.9, "mixup": 0.2}])
def test_a_step_waits_for_nothing_but_what_is_documented(waits, settings):
    loop = trainer(TrainingConfig(**settings), modality_dropout=0.25)
    batch = next(iter(loop.training))
    loop.model.train()
    loop._step(batch)  # the first one makes the optimizer's state
    waits.clear()
    _, counts, losses = loop._step(batch.to(loop.device))
    assert loop.monitor.newest(1, 1, losses) is None
    assert set(waits) <= ALLOWED, waits
    assert losses.device == counts.device == loop.device


def test_an_epoch_waits_as_often_for_few_steps_as_for_many(waits):
    """So nothing outside the documented places grows with the number of steps."""
    counts = []
    for rows in (32, 48):  # two steps, three
        waits.clear()
        trainer(TrainingConfig(epochs=1), rows=range(rows)).run()
        counts.append({file: count for file, count in waits.items() if file not in ALLOWED})
    assert counts[0] == counts[1]
