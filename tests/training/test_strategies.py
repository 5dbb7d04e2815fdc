"""A data-parallel strategy needs nothing of the trainer: two processes train the model that one trains."""

import numpy as np
import pytest
import torch

from tests.processes import start_two, wait_for
from tests.training.processes_worker import BALANCINGS, train
from tests.training.test_trainer import DATASET, model
from torso.balancing import Equal
from torso.columns.loader import Loader
from torso.core.errors import ConfigError
from torso.training import Trainer
from torso.training.strategies import SingleProcess


def test_two_processes_train_the_model_of_one(tmp_path):
    running = start_two("tests.training.processes_worker", str(tmp_path))
    with torch.random.fork_rng():
        alone = [train(0, 1, balancing, tmp_path) for balancing in BALANCINGS]
    wait_for(running)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    for expected, main, other in zip(alone, first, second, strict=True):
        torch.testing.assert_close(main, expected, rtol=1e-3, atol=1e-4)
        for name, value in other.items():
            assert torch.equal(value, main[name]), name
        assert "losses" not in other  # the main process tells


def test_loaders_of_another_process_are_refused():
    loader = Loader(DATASET, np.arange(48), batch_size=8, process=(1, 2))
    with pytest.raises(ConfigError, match=r"process 0 of 1, a loader is process 1 of 2"):
        Trainer(model(), Equal(["sign", "sum"]), loader, loader, strategy=SingleProcess())
