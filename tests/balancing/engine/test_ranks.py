"""Two processes with half the rows each take the steps of one with all of them."""

import json

import pytest
import torch
from torch import nn

from tests.balancing.engine.ranks_worker import train
from tests.processes import start_two, wait_for
from torso.balancing import MGDA
from torso.core.errors import ConfigError

SPECS = [
    "equal",
    "uncertainty",
    {"type": "famo", "shift": False},
    {"type": "upgrad", "gram": "exact"},
    {"type": "upgrad", "gram": "sketch"},
    {"type": "mgda", "gram": "representation"},
    {"type": "pcgrad", "gram": "exact"},
    "graddrop",
    "dbmtl",
]


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    running = start_two("tests.balancing.engine.ranks_worker", str(folder), json.dumps(SPECS))
    with torch.random.fork_rng():
        alone = [train(spec, 0, 1) for spec in SPECS]
    wait_for(running)
    return [alone, *(torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1))]


@pytest.mark.parametrize("index", range(len(SPECS)), ids=str)
def test_two_processes_equal_one(ends, index):
    whole, first, second = (one[index] for one in ends)
    for expected, one, two in zip(whole, first, second, strict=True):
        assert torch.equal(one, two)
        torch.testing.assert_close(one, expected, rtol=0, atol=1e-10)


def test_the_reference_moves(ends):
    equal, weighed = ends[0][0], ends[0][3]
    assert not torch.allclose(equal[0], weighed[0])


def test_the_own_parameters_must_be_named():
    balancer, x = MGDA(["a"]), nn.Parameter(torch.ones(2))
    balancer.group = object()
    with pytest.raises(ConfigError, match=r"Pass `own=\[\.\.\.\]` to `backward`"):
        balancer.backward(x.sum().reshape(1), [x])
