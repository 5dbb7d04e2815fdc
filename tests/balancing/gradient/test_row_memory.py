import pytest
import torch

from torso.balancing.gradient._row_memory import RowMemory
from torso.core.errors import ConfigError

SOME = torch.tensor([2, 0])


def test_rows_are_zero_until_they_are_set():
    rows, like = RowMemory(3), torch.ones(2, 4, dtype=torch.float64)
    assert torch.equal(rows.get(SOME, like), torch.zeros_like(like))
    rows.put(SOME, like * torch.tensor([[1.0], [2.0]]))
    assert rows.values.tolist() == [[2.0] * 4, [0.0] * 4, [1.0] * 4]
    assert rows.values.dtype == torch.float64
    assert torch.equal(rows.get(SOME, like.float())[:, 0], torch.tensor([1.0, 2.0]))


def test_another_length_is_an_error():
    rows = RowMemory(3)
    rows.put(SOME, torch.ones(2, 4))
    with pytest.raises(ConfigError, match=r"hold 5 numbers, in the steps before 4"):
        rows.get(SOME, torch.ones(2, 5))


def test_a_state_dict_brings_its_own_length():
    saved, loaded = RowMemory(3), RowMemory(3)
    saved.put(SOME, torch.ones(2, 4))
    loaded.put(SOME, torch.ones(2, 7))
    loaded.load_state_dict(saved.state_dict())
    assert torch.equal(loaded.values, saved.values)
    fresh = RowMemory(3)
    loaded.load_state_dict(fresh.state_dict())
    assert loaded.values.shape == (3, 0)
    with pytest.raises(RuntimeError, match="size mismatch"):
        RowMemory(2).load_state_dict(saved.state_dict())
