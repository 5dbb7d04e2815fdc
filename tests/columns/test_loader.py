"""The loader: every row once a pass, in a seeded order, ready before it is asked for."""

import threading

import numpy as np
import pytest
import torch

from torso.columns.dataset import Dataset
from torso.columns.loader import Loader, gather
from torso.columns.sources import ArraySource

DATASET = Dataset(
    50,
    {"x": ArraySource(np.arange(50.0, dtype=np.float32)[:, None], np.ones((50, 1), bool))},
    {"y": np.arange(50)},
)
ROWS = np.arange(5, 48)


def rows_of(loader):
    return torch.cat([batch.rows for batch in loader]).tolist()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 43, 100])
def test_every_row_once(shuffle, batch_size):
    loader = Loader(DATASET, ROWS, batch_size=batch_size, shuffle=shuffle)
    batches = list(loader)
    assert len(batches) == len(loader)
    assert sorted(torch.cat([batch.rows for batch in batches]).tolist()) == ROWS.tolist()
    for batch in batches:
        assert torch.equal(batch.inputs["x"].values[:, 0].long(), batch.rows)
        assert torch.equal(batch.targets["y"], batch.rows)


def test_the_order_is_the_seeds_and_the_passes():
    one, same, other = (
        Loader(DATASET, ROWS, batch_size=8, shuffle=True, seed=s) for s in (1, 1, 2)
    )
    first, second = rows_of(one), rows_of(one)
    assert first != second
    assert rows_of(other) != first
    same.passes = 1  # as a resumed training does
    assert rows_of(same) == second
    assert rows_of(Loader(DATASET, ROWS, batch_size=8)) == ROWS.tolist()


def test_batches_are_prepared_ahead_and_stop_with_the_consumer():
    asked, ready = [], threading.Event()

    class Slow(ArraySource):
        def batch(self, rows):
            asked.append(len(rows))
            if len(asked) == 3:
                ready.set()
            return super().batch(rows)

    source = Slow(DATASET.sources["x"].values, DATASET.sources["x"].mask)
    loader = Loader(Dataset(50, {"x": source}, {}), np.arange(50), batch_size=5, ahead=3)
    batches = iter(loader)
    next(batches)
    assert ready.wait(5)
    batches.close()
    assert len(asked) < 10
    assert loader.waited > 0


def test_an_error_while_gathering_reaches_the_consumer():
    class Broken(ArraySource):
        def batch(self, rows):
            raise OSError("disk gone")

    source = Broken(np.zeros((4, 1)), np.ones((4, 1), bool))
    with pytest.raises(OSError, match="disk gone"):
        list(Loader(Dataset(4, {"x": source}, {}), np.arange(4), batch_size=2))


def test_gather_without_targets():
    batch = gather(Dataset(50, DATASET.sources, {}), np.array([3, 1]))
    assert batch.rows.tolist() == [3, 1]
    assert batch.targets == {}
