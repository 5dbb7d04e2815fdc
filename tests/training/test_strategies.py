"""Two processes take the steps of one, by every balancer, and tell what one tells."""

import numpy as np
import pytest
import torch

from tests.processes import start_two, wait_for
from tests.training.processes_worker import CASES, train, with_dropout
from tests.training.test_trainer import DATASET, model
from torso.balancing import Equal
from torso.columns.loader import Loader
from torso.core.errors import ConfigError
from torso.training import Trainer
from torso.training.strategies import SingleProcess


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """Return per balancer what one process ends with, and what the first and the second of two do.

    Beside that, the two check that they stop together, whoever is interrupted, and go on as if nothing had been.
    """
    folder = tmp_path_factory.mktemp("processes")
    running = start_two("tests.training.processes_worker", str(folder))
    with torch.random.fork_rng():
        alone = [train(0, 1, balancing) for balancing in CASES]
    wait_for(running)
    both = [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    ends = dict(zip(CASES, zip(alone, *both, strict=True), strict=True))
    with torch.random.fork_rng():
        with_dropout(0, 1, folder / "left", resume=True)  # two processes began, one goes on
    return ends


@pytest.mark.parametrize("balancing", CASES)
def test_two_processes_train_the_model_of_one(ends, balancing):
    alone, main, other = ends[balancing]
    assert main.keys() == alone.keys()
    # A temperature is searched for to three digits or so, and the held-out losses are read at that temperature.
    loose = {name for name in alone if name == "losses" or name.endswith(".scale")}
    for name, value in alone.items():
        near = 1e-3 if name in loose else 1e-5
        torch.testing.assert_close(
            main[name], value, rtol=near, atol=near, equal_nan=True, msg=f"{name}: {{}}".format
        )
    for name, value in other.items():
        assert torch.equal(value, main[name]), name
    assert "losses" not in other  # the main process tells
    assert len(main["looks"])


def test_loaders_of_another_process_are_refused():
    loader = Loader(DATASET, np.arange(48), batch_size=8, process=(1, 2))
    with pytest.raises(ConfigError, match=r"process 0 of 1, a loader is process 1 of 2"):
        Trainer(model(), Equal(["sign", "sum"]), loader, loader, strategy=SingleProcess())
