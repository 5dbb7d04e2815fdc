"""A checkpoint puts a training back where it was, and is whole or absent."""

import pytest
import torch
from torch import nn

from torso.core.errors import RunError
from torso.training.checkpoint import Checkpoint, load_state, load_tensors, save_tensors


def trained(steps=3):
    torch.manual_seed(0)
    model = nn.Linear(4, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    take(model, optimizer, steps)
    return model, optimizer


def take(model, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().sum().backward()
        optimizer.step()


def test_training_goes_on_as_if_it_had_never_stopped(tmp_path):
    model, optimizer = trained()
    Checkpoint(tmp_path / "c").write({"model": model.state_dict()}, optimizer, {"epoch": 3})
    take(model, optimizer, 2)

    other = nn.Linear(4, 2)
    fresh = torch.optim.AdamW(other.parameters(), lr=0.1)
    states, progress = Checkpoint(tmp_path / "c").read(["model"], fresh)
    load_state(other, states["model"], tmp_path)
    assert progress["epoch"] == 3
    take(other, fresh, 2)
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_the_next_checkpoint_replaces_the_last_and_leaves_nothing_else(tmp_path):
    model, optimizer = trained()
    for epoch in (1, 2):
        Checkpoint(tmp_path / "c").write({"model": model.state_dict()}, optimizer, {"epoch": epoch})
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    assert Checkpoint(tmp_path / "c").read(["model"], optimizer)[1]["epoch"] == 2


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "progress.json"])
def test_a_writer_killed_in_the_middle_leaves_the_old_checkpoint(tmp_path, monkeypatch, name):
    model, optimizer = trained()
    Checkpoint(tmp_path / "c").write({"model": model.state_dict()}, optimizer, {"epoch": 1})

    def killed(path, *_):
        if name in str(path):
            raise OSError("killed")

    monkeypatch.setattr("torso.training.checkpoint.save_tensors", killed)
    monkeypatch.setattr("pathlib.Path.write_text", killed)
    with pytest.raises(OSError, match="killed"):
        Checkpoint(tmp_path / "c").write({"model": model.state_dict()}, optimizer, {"epoch": 2})
    monkeypatch.undo()
    assert Checkpoint(tmp_path / "c").read(["model"], optimizer)[1]["epoch"] == 1


def test_nothing_to_read(tmp_path):
    _, optimizer = trained()
    with pytest.raises(RunError, match="nothing to resume"):
        Checkpoint(tmp_path / "c").read(["model"], optimizer)


def test_tensors_in_and_out(tmp_path):
    shared = torch.arange(6.0)
    tensors = {"a": shared[::2], "b": shared, "c": torch.tensor(3), "d": torch.zeros(0, 2)}
    save_tensors(tmp_path / "x.safetensors", tensors)
    loaded = load_tensors(tmp_path / "x.safetensors")
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], value) for name, value in tensors.items())
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]
    (tmp_path / "x.safetensors").write_bytes(b"no tensors")
    with pytest.raises(RunError, match=r"x\.safetensors is damaged"):
        load_tensors(tmp_path / "x.safetensors")
    with pytest.raises(RunError, match="is absent"):
        load_tensors(tmp_path / "y.safetensors")


@pytest.mark.parametrize(
    "odd,said",
    [
        ({"weight": torch.zeros(2, 4)}, "1 tensors are absent"),
        (
            {"weight": torch.zeros(2, 4), "bias": torch.zeros(2), "x": torch.zeros(1)},
            "1 are unknown",
        ),
        ({"weight": torch.zeros(3, 4), "bias": torch.zeros(2)}, "1 have another shape"),
    ],
)
def test_the_weights_of_another_model(odd, said, tmp_path):
    with pytest.raises(RunError, match=said):
        load_state(nn.Linear(4, 2), odd, tmp_path)


def test_each_process_draws_on_and_a_new_one_draws_its_own(tmp_path):
    model, optimizer = trained()
    other = {"cpu": torch.Generator().manual_seed(7).get_state()}
    states = {"model": model.state_dict()}
    Checkpoint(tmp_path / "c").write(states, optimizer, {"epoch": 3}, [other])
    first = torch.rand(2)
    content = Checkpoint(tmp_path / "c").content(["model"])
    with torch.random.fork_rng():
        content.put_back(optimizer)
        assert torch.equal(torch.rand(2), first)
        content.put_back(optimizer, rank=1)
        assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(7)))
        torch.manual_seed(9)
        content.put_back(optimizer, rank=2)  # there were two
        assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(9)))
