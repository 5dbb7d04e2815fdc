"""Modules that are recorded and repeated: the same answers, whatever the row, or the module itself."""

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from torso.core.replay import Replay


class Small(nn.Module):
    """A net with most operations that numpy repeats, and one, a convolution, that it does not."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.mix = nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.Dropout(0.5), nn.LayerNorm(6))
        self.conv = nn.Conv1d(1, 2, 3)
        self.calls = 0

    def forward(self, inputs: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        self.calls += 1
        number, ids = inputs
        embedded = torch.where(number.isnan(), 0.0, self.table(ids).mean(dim=1))
        joined = torch.cat([embedded, number.nan_to_num().clamp(min=-3.0).expand(-1, 4)], dim=-1)
        mixed = self.mix(joined)
        bent = self.conv(mixed.unsqueeze(1)).flatten(1).relu()
        parts = mixed.unbind(1)
        return {"a": torch.einsum("bi,bj->bij", mixed, bent), "b": parts[0] * 2 - parts[1].sqrt()}


def row(seed: int) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(1, 1, generator=draw), torch.randint(0, 7, (1, 3), generator=draw)


def asked(replay: Replay, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    with torch.inference_mode():
        return dict(replay(inputs, "key", inputs))


def recorded(module: nn.Module, inputs: tuple[Tensor, ...]) -> Replay:
    replay = Replay(module.eval())
    for _ in range(5):
        asked(replay, inputs)
    return replay


def test_a_repetition_answers_as_the_module_does_without_calling_it():
    torch.manual_seed(0)
    module = Small()
    replay = recorded(module, row(0))
    for seed in range(20):
        before = module.calls
        own = asked(replay, row(seed))
        assert module.calls == before
        with torch.inference_mode():
            torch.testing.assert_close(own, module(row(seed)), equal_nan=True, atol=1e-6, rtol=1e-5)


class Branching(nn.Module):
    def forward(self, inputs: tuple[Tensor]) -> dict[str, Tensor]:
        (x,) = inputs
        return {"y": x * 2 if bool((x > 0).all()) else x[x > 0].sum(dim=0, keepdim=True)}


def test_a_row_that_goes_another_way_is_answered_by_the_module():
    replay = recorded(Branching(), (torch.tensor([1.0, 2.0]),))
    assert asked(replay, (torch.tensor([3.0, 4.0]),))["y"].tolist() == [6.0, 8.0]
    assert asked(replay, (torch.tensor([3.0, -4.0]),))["y"].tolist() == [3.0]


def test_what_has_another_shape_because_of_what_tensors_hold_is_answered_by_the_module():
    replay = recorded(Branching(), (torch.tensor([1.0, -2.0, 5.0]),))
    assert asked(replay, (torch.tensor([-1.0, 4.0, 4.0]),))["y"].tolist() == [8.0]
    assert asked(replay, (torch.tensor([-1.0, -1.0, 4.0]),))["y"].tolist() == [4.0]


class Refused(nn.Module):
    """Does what cannot be repeated from a list of operations."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        self.hidden = torch.ones(2)
        self.register_buffer("seen", torch.zeros(2))

    def forward(self, inputs: tuple[Tensor]) -> dict[str, Tensor]:
        (x,) = inputs
        if self.what == "changes an input":
            y = x * 1
            y[0] = x[1]
        elif self.what == "changes a result":
            y = x * 1
            y += x
        elif self.what == "draws":
            y = x + torch.rand(2)
        elif self.what == "leaves torch":
            y = x + float(x.numpy().sum())
        elif self.what == "reads a hidden tensor":
            y = x + self.hidden
        elif self.what == "cuts where a tensor says":
            y = torch.ones(3)[: x[0].long()]
        else:
            self.seen += 1
            y = x + self.seen
        return {"y": y}


@pytest.mark.parametrize(
    "what",
    [
        "changes an input",
        "changes a result",
        "draws",
        "leaves torch",
        "reads a hidden tensor",
        "cuts where a tensor says",
        "counts",
    ],
)
def test_what_cannot_be_repeated_is_not(what):
    module = Refused(what)
    replay = recorded(module, (torch.tensor([1.0, 2.0]),))
    other = Refused(what)
    other.seen.fill_(5.0)
    torch.manual_seed(0)
    own = asked(replay, (torch.tensor([2.0, 3.0]),))["y"]
    torch.manual_seed(0)
    assert torch.equal(own, other((torch.tensor([2.0, 3.0]),))["y"])


def test_a_weight_that_numpy_lacks_a_type_for_leaves_the_module():
    module = nn.Linear(2, 2).to(torch.bfloat16)

    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, inputs: tuple[Tensor]) -> dict[str, Tensor]:
            return {"y": self.inner(inputs[0].to(torch.bfloat16)).float()}

    half = Half()
    x = (torch.tensor([[1.0, 2.0]]),)
    assert torch.equal(asked(recorded(half, x), x)["y"], half(x)["y"])


def test_a_replay_travels_without_its_recordings():
    replay = recorded(Branching(), (torch.tensor([1.0, 2.0]),))
    for other in (pickle.loads(pickle.dumps(replay)), copy.deepcopy(replay)):
        assert asked(other, (torch.tensor([3.0]),))["y"].tolist() == [6.0]


class Together(nn.Module):
    """The mean of nets that answer the same row."""

    def __init__(self, *nets: nn.Module) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        said = [net(inputs) for net in self.nets]
        return {name: torch.stack([own[name] for own in said]).mean(dim=0) for name in said[0]}


class Net(Small):
    """Like `Small`, with bodies of several ranks; another kind of net if it is `odd`."""

    def __init__(self, *, odd: bool = False) -> None:
        super().__init__()
        self.odd = odd
        self.token = nn.Parameter(torch.randn(1, 2, 4))
        self.each = nn.Parameter(torch.randn(3, 4, 5))
        self.register_buffer("offsets", torch.arange(3))

    def forward(self, inputs: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        ids = (inputs[1] + self.offsets) % 7
        words = self.table(ids)
        tokens = torch.cat([words, self.token.expand(1, -1, -1)], dim=1)
        mean = (tokens * self.each[0, :, 0]).softmax(dim=1).sum(dim=1)
        each = torch.einsum("bcp,cpw->bcw", words, self.each).flatten(1)
        return {
            **super().forward((inputs[0], ids)),
            "c": mean.tanh() if self.odd else mean,
            "d": each,
        }


def steps_of(replay: Replay) -> int:
    (tape,) = replay._tapes.values()
    assert tape is not None
    return len(tape._steps)


@pytest.mark.parametrize("odd", [False, True])
def test_nets_of_one_shape_are_repeated_as_one(odd):
    torch.manual_seed(0)
    module = Together(*(Net(odd=odd and number == 2) for number in range(4)))
    replay = recorded(module, row(0))
    alone = steps_of(recorded(Together(Net()), row(0)))
    assert steps_of(replay) < 2.2 * alone  # numpy lacks the convolution, so each is made
    for seed in range(20):
        with torch.inference_mode():
            expected = module(row(seed))
        torch.testing.assert_close(
            asked(replay, row(seed)), expected, equal_nan=True, atol=1e-6, rtol=1e-5
        )


class Masked(nn.Module):
    """Its mask of a lower rank depends on its weight."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = nn.Parameter(torch.tensor([limit]))

    def forward(self, inputs: tuple[Tensor]) -> dict[str, Tensor]:
        (x,) = inputs
        mask = x[:, :1, 0] > self.limit  # [1, 1] beside [1, 3, 2]
        return {"y": torch.where(mask, x * self.limit, -x)}


def test_rows_of_networks_meet_no_other_axis():
    """Three networks, and an axis of three: the masks of all are the same in the recorded row only."""
    module = Together(*(Masked(limit) for limit in (0.0, 1.0, 2.0)))
    first, second = (torch.arange(6.0).reshape(1, 3, 2) + start for start in (3.0, 0.5))
    replay = recorded(module, (first,))
    torch.testing.assert_close(asked(replay, (second,)), module((second,)))


def test_nets_of_several_shapes_stay_apart():
    torch.manual_seed(0)
    wide, narrow = (nn.Sequential(nn.Linear(2, size), nn.Linear(size, 2)) for size in (3, 4))

    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.nets = nn.ModuleList([wide, narrow])

        def forward(self, inputs: tuple[Tensor]) -> dict[str, Tensor]:
            return {"y": torch.stack([net(inputs[0]) for net in self.nets]).mean(dim=0)}

    module, x = Mean(), (torch.tensor([[1.0, -2.0]]),)
    torch.testing.assert_close(asked(recorded(module, x), x), module(x))


def test_recordings_share_their_stacks_of_weights():
    module = Together(Net(), Net())
    replay = recorded(module, row(0))
    known = {key: id(stack) for key, stack in replay._stacks.items()}
    with torch.inference_mode():
        for _ in range(6):
            replay(row(1), "another key", row(1))
    assert len(replay._tapes) == 2
    assert {key: id(stack) for key, stack in replay._stacks.items()} == known
