"""The loader: every row once a pass, in a seeded order, ready before it is asked for."""

import threading

import numpy as np
import pytest
import torch

from torso.columns.dataset import Dataset
from torso.columns.loader import Loader, gather
from torso.columns.sources import ArraySource
from torso.core.errors import ConfigError

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


def test_one_process_keeps_the_order_that_runs_were_trained_with():
    loader = Loader(DATASET, ROWS, batch_size=8, shuffle=True, seed=5)
    for number in range(2):
        expected = np.random.default_rng((5, number)).permutation(ROWS)
        assert rows_of(loader) == expected.tolist()


def test_batches_are_prepared_ahead_and_stop_with_the_consumer():
    asked, ready = [], threading.Event()

    class Slow(ArraySource):
        def batch(self, rows):
            asked.append(len(rows))
            if len(asked) == 3:
                ready.set()
            return super().batch(rows)

    source = Slow(DATASET.sources["x"].values, DATASET.sources["x"].mask)
    loader = Loader(Dataset(50, {"x": source}, {}), np.arange(50), batch_size=5)
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


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize(
    "rows", [39, 40, 41, 43]
)  # batches of 8: none, one, two ... rows are left over
def test_processes_share_out_every_batch(world, rows):
    rows = ROWS[:rows]
    whole = Loader(DATASET, rows, batch_size=8, shuffle=True, seed=5)
    shares = [
        Loader(DATASET, rows, batch_size=8, shuffle=True, seed=5, process=(rank, world))
        for rank in range(world)
    ]
    order = rows_of(whole)
    steps = [[batch.rows.tolist() for batch in share] for share in shares]
    assert {len(of_rank) for of_rank in steps} == {len(shares[0])}  # as many steps everywhere
    together = [sorted(row for rows in step for row in rows) for step in zip(*steps, strict=True)]
    starts = [8 * step for step in range(len(together))]
    ends = [*starts[1:], len(order)]
    assert together == [sorted(order[a:b]) for a, b in zip(starts, ends, strict=True)]
    assert all(rows for of_rank in steps for rows in of_rank)
    visited = [row for of_rank in steps for step in of_rank for row in step]
    assert visited == [order[position] for position in whole_in_shares(shares)]


def whole_in_shares(shares):
    (positions,) = {tuple(share.positions()) for share in shares}
    return positions


def test_every_process_needs_a_row():
    with pytest.raises(
        ConfigError, match=r"Found batches of 2\. Use .* a larger `training.batch_size`"
    ):
        Loader(DATASET, ROWS, batch_size=2, process=(0, 3))
    with pytest.raises(ConfigError, match=r"Found 2 to judge by\. Use fewer processes\.$"):
        Loader(DATASET, ROWS[:2], batch_size=8, process=(0, 3))
