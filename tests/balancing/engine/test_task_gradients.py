"""Whatever the model, the gradients are those of one plain backward pass per task."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.checkpoint import checkpoint

from torso.balancing import MGDA
from torso.balancing.engine import linear_layers
from torso.balancing.engine.task_gradients import PassOptions, TaskGradients
from torso.core.errors import ConfigError

TASKS = ["one", "two", "three", "four", "five"]
HERE = torch.tensor([True, True, False, True, True])


class Called(nn.Module):
    """A module with parameters in `inner` and any function of them."""

    def __init__(self, function: Callable[..., Tensor], **inner: nn.Module | nn.Parameter) -> None:
        super().__init__()
        for name, one in inner.items():
            setattr(self, name, one)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def images(x: Tensor) -> Tensor:
    return x.view(-1, 3, 4, 4)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(48, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh())


def batch_norm() -> nn.Module:
    conv, norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
    tail = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.BatchNorm1d(64))
    return Called(
        lambda m, x: m.tail(m.norm(m.conv(images(x))).relu()), conv=conv, norm=norm, tail=tail
    )


def dropout() -> nn.Module:
    return nn.Sequential(nn.Linear(48, 64), nn.Dropout(0.5), nn.Linear(64, 64), nn.Dropout(0.2))


def evaluated() -> nn.Module:
    return nn.Sequential(batch_norm(), nn.Dropout(0.5)).eval()


def lstm() -> nn.Module:
    return Called(
        lambda m, x: m.rnn(x.view(-1, 4, 12))[0].mean(1), rnn=nn.LSTM(12, 64, 2, batch_first=True)
    )


def gru() -> nn.Module:
    return Called(
        lambda m, x: m.rnn(x.view(-1, 4, 12))[1][-1], rnn=nn.GRU(12, 64, batch_first=True)
    )


def own_loop() -> nn.Module:
    """One layer applied again and again: its rows are taken together."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        h = m.start(x)
        for _ in range(3):
            h = m.again(h).tanh()
        return h

    return Called(run, start=nn.Linear(48, 64), again=nn.Linear(64, 64, bias=False))


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(64, 4, 96, dropout=0.1, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return Called(lambda m, x: m.encoder(m.grow(x.view(-1, 4, 12))).mean(1), grow=nn.Linear(12, 64), encoder=encoder)  # fmt: skip


def checkpointed() -> nn.Module:
    parts = {
        "first": nn.Linear(48, 64),
        "inner": nn.Sequential(nn.Linear(64, 64), nn.Dropout(0.3), nn.ReLU()),
    }
    return Called(lambda m, x: checkpoint(m.inner, m.first(x), use_reentrant=False), **parts)


def tied() -> nn.Module:
    """One weight up and, transposed, down; and one used as it is."""

    def run(m: nn.Module, x: Tensor) -> Tensor:
        up = (x @ m.weight.T).relu()
        down = (up @ m.weight).tanh()
        return nn.functional.linear(down, m.weight) @ m.plain

    return Called(
        run,
        weight=nn.Parameter(torch.randn(64, 48) / 7),
        plain=nn.Parameter(torch.randn(64, 64) / 8),
    )


def embedding_as_output() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        codes = (x[:, :4] > 0).long() * 3
        return m.table(codes).mean(1) @ m.table.weight.T

    return Called(run, table=nn.Embedding(64, 48))


def views() -> nn.Module:
    def run(m: nn.Module, x: Tensor) -> Tensor:
        first, second = m.weight.chunk(2)
        return torch.cat([x.T.t() @ first.t(), x @ second.t()], 1) + m.scale.view(1, -1).expand(
            len(x), -1
        )

    return Called(
        run, weight=nn.Parameter(torch.randn(64, 48) / 7), scale=nn.Parameter(torch.randn(64))
    )


def in_place() -> nn.Module:
    return nn.Sequential(
        nn.Linear(48, 64), nn.ReLU(inplace=True), nn.Linear(64, 64), nn.ELU(inplace=True)
    )


def normed_weight() -> nn.Module:
    return nn.Sequential(weight_norm(nn.Linear(48, 64)), nn.Linear(64, 64))


def partly_frozen() -> nn.Module:
    net = nn.Sequential(
        nn.Linear(48, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64)
    )
    net[2].weight.requires_grad_(False)
    net[4].bias.requires_grad_(False)
    return net


def scaled_products() -> nn.Module:
    """`addmm` with factors is not a plain linear layer."""
    parts = {"bias": nn.Parameter(torch.randn(64)), "weight": nn.Parameter(torch.randn(48, 64))}
    return Called(lambda m, x: torch.addmm(m.bias, x, m.weight, alpha=0.5, beta=2.0), **parts)


def convolutions() -> nn.Module:
    conv = nn.Conv2d(3, 4, 3, padding=1).to(memory_format=torch.channels_last)
    return Called(lambda m, x: m.conv(images(x)).flatten(1), conv=conv)


MODELS = [
    mlp, batch_norm, dropout, evaluated, lstm, gru, own_loop, transformer, checkpointed, tied, views,
    embedding_as_output, in_place, normed_weight, partly_frozen, scaled_products, convolutions,
]  # fmt: skip
SPARED: dict[Callable[[], nn.Module], int] = {
    mlp: 2, batch_norm: 1, dropout: 2, evaluated: 1, lstm: 3, gru: 1, own_loop: 2, transformer: 8,
    checkpointed: 2, tied: 1, in_place: 2, normed_weight: 1, partly_frozen: 2,
}  # fmt: skip
"""How many weights' gradients are not made, per task; the rest of the models has none of that kind."""


class Ground:
    """Five tasks on one body; the third is absent, the fourth reaches only half of its output."""

    def __init__(self, model: Callable[[], nn.Module], dtype: torch.dtype = torch.float64) -> None:
        torch.manual_seed(0)
        self.body = model().to(dtype)
        self.x = torch.randn(12, 48).to(dtype)
        self.heads = nn.ModuleList(nn.Linear(64, 2) for _ in TASKS).to(dtype)
        self.shared = list(self.body.parameters())
        self.own = list(self.heads.parameters())

    def losses(self, scale: float = 1.0) -> Tensor:
        torch.manual_seed(1)
        features = self.body(self.x)
        if isinstance(features, tuple):
            features = features[0]
        halved = torch.cat([features[:, :32], features[:, 32:].detach()], 1)
        losses = [
            scale * (index + 1) * (head(halved if index == 3 else features) - 1).square().mean()
            for index, head in enumerate(self.heads)
        ]
        return torch.stack(losses)

    def jacobian(self, losses: Tensor) -> Tensor:
        """Return `[tasks, numbers]`, zeros for the absent task."""
        wanted = [one for one in self.shared if one.requires_grad]
        rows = []
        for loss, here in zip(losses, HERE.tolist(), strict=True):
            actual = torch.autograd.grad(
                loss * here, wanted, retain_graph=True, materialize_grads=True
            )
            rows.append(torch.cat([one.flatten() for one in actual]))
        return torch.stack(rows).detach()

    def gradient(self) -> Tensor:
        wanted = [one for one in self.shared if one.requires_grad]
        return torch.cat(
            [p.new_zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in wanted]
        )


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-10) -> bool:
    return bool(
        (actual.double() - expected.double()).norm() <= tolerance * expected.double().norm()
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rows", [True, False])
def test_every_model_against_one_pass_per_task(model, rows):
    ground = Ground(model)
    losses = ground.losses()
    jacobian = ground.jacobian(losses)
    expected_own = torch.autograd.grad(
        losses[HERE].sum(), ground.own, retain_graph=True, allow_unused=True
    )
    actual = TaskGradients(losses, ground.shared, HERE, ground.own, rows=rows)
    assert actual.gram.dtype == torch.float64
    assert close(actual.gram, jacobian @ jacobian.T)
    if rows:
        assert close(actual.matrix, jacobian)
    weights = torch.tensor([0.3, -1.0, 7.0, 0.5, 2.0], dtype=torch.float64)
    actual.add_weighted(weights)
    assert close(ground.gradient(), weights @ jacobian)
    if rows:
        actual.add(weights @ jacobian)
        assert close(ground.gradient(), 2 * weights @ jacobian)
    for parameter, expected in zip(ground.own, expected_own, strict=True):
        assert (parameter.grad is None) == (expected is None)
        assert expected is None or torch.allclose(parameter.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_where_gradients_of_linear_layers_are_spared(model):
    """A case that silently fell back to full rows would pass the test above."""
    ground = Ground(model)
    actual = TaskGradients(ground.losses(), ground.shared, HERE, rows=False)
    assert len(actual._layers) == SPARED.get(model, 0)


def test_the_cost_decides(monkeypatch):
    """Ghost products and full rows agree where both are possible, whichever the cost prefers."""
    ground = Ground(transformer)
    losses = ground.losses()
    rows = TaskGradients(losses, ground.shared, HERE, rows=False)
    monkeypatch.setattr("torso.balancing.engine.linear_layers._pays", lambda *_: True)
    ghosts = TaskGradients(losses, ground.shared, HERE, rows=False)
    assert len(ghosts._layers) > len(rows._layers)
    assert close(ghosts.gram, rows.gram)
    weights = torch.rand(5, dtype=torch.float64)
    rows.add_weighted(weights)
    first = ground.gradient()
    ghosts.add_weighted(weights)
    assert close(ground.gradient(), 2 * first)


def test_checkpointed_inputs_are_not_looked_at():
    """To look at an input inside is to compute the segment anew: two linear layers, one look at most."""
    runs = []

    def counted(_: nn.Module, __: object) -> None:
        runs.append(1)

    ground = Ground(mlp)
    inner = nn.Sequential(*(nn.Linear(48, 48) if index % 2 else nn.Tanh() for index in range(12)))
    inner.double().register_forward_pre_hook(counted)
    whole = ground.body
    ground.body = Called(
        lambda m, x: m.whole(checkpoint(m.inner, x, use_reentrant=False)), inner=inner, whole=whole
    )
    ground.shared = list(ground.body.parameters())
    losses = ground.losses()
    jacobian = ground.jacobian(losses)
    runs.clear()
    actual = TaskGradients(losses, ground.shared, HERE, rows=False)
    assert len(runs) <= 4 + 2  # a pass per task, and two to find out
    assert close(actual.gram, jacobian @ jacobian.T)


@pytest.mark.parametrize("scale", [1e-30, 1e-18, 1e-8, 1.0, 1e8, 1e15])
@pytest.mark.parametrize("model", [mlp, convolutions])
def test_squares_neither_vanish_nor_overflow(model, scale):
    """In float32 a gradient of 1e-30 has a square of zero, one of 1e20 an infinite one."""
    precise, ground = Ground(model), Ground(model, torch.float32)
    ground.body.load_state_dict(precise.body.state_dict())
    jacobian = precise.jacobian(precise.losses(scale))
    actual = TaskGradients(ground.losses(scale), ground.shared, HERE, rows=False)
    assert close(actual.gram, jacobian @ jacobian.T, 1e-4)
    actual.add_weighted(HERE.double())
    assert close(ground.gradient(), HERE.double() @ jacobian, 1e-4)


def test_inner_products_of_float32_gradients_are_sharp():
    """Sums over many numbers do not lose what float32 holds."""
    precise, ground = Ground(mlp), Ground(mlp, torch.float32)
    jacobian = precise.jacobian(precise.losses())
    for rows in (True, False):
        actual = TaskGradients(ground.losses(), ground.shared, HERE, rows=rows)
        assert close(actual.gram, jacobian @ jacobian.T, 2e-6)


def test_tasks_of_very_different_scale():
    ground = Ground(mlp, torch.float32)
    sizes = torch.tensor([1e-15, 1.0, 1.0, 1e12, 1e-3])
    losses = ground.losses()
    plain = TaskGradients(losses, ground.shared, HERE, rows=False).gram
    actual = TaskGradients(losses * sizes, ground.shared, HERE, rows=False).gram
    wide = sizes.double()
    expected = plain * wide * wide[:, None]
    assert torch.allclose(actual, expected, rtol=1e-4)


def test_bfloat16_parameters_are_multiplied_in_float32():
    ground = Ground(mlp, torch.bfloat16)
    losses = ground.losses()
    jacobian = ground.jacobian(losses)
    actual = TaskGradients(losses, ground.shared, HERE, rows=False)
    assert close(actual.gram, jacobian.double() @ jacobian.double().T, 1e-5)  # bfloat16 sums: 4e-3
    actual.add_weighted(HERE.double())
    assert all(p.grad.dtype == torch.bfloat16 for p in ground.shared)
    assert close(ground.gradient(), HERE.double() @ jacobian.double(), 4e-3)


def test_mixed_dtypes():
    ground = Ground(mlp, torch.float32)
    ground.body[2].double()
    ground.heads.double()
    ground.body.insert(2, Called(lambda _, x: x.double()))
    ground.shared = list(ground.body.parameters())
    losses = ground.losses()
    wanted = [
        torch.autograd.grad(losses[0], p, retain_graph=True)[0].double() for p in ground.shared
    ]
    actual = TaskGradients(losses, ground.shared, HERE)
    assert actual.matrix.dtype == torch.float64
    assert actual.gram[0, 0].item() == pytest.approx(
        sum(one.square().sum().item() for one in wanted)
    )
    actual.add(actual.matrix[0])
    for parameter, expected in zip(ground.shared, wanted, strict=True):
        assert parameter.grad.dtype == parameter.dtype
        assert torch.allclose(parameter.grad.double(), expected)


def test_scaled_losses_under_autocast():
    """What a gradient scaler does: losses times a factor, gradients divided by it."""
    results = []
    for factor in (1.0, 1024.0):
        ground = Ground(mlp, torch.float32)
        with torch.autocast("cpu", torch.bfloat16):
            losses = ground.losses()
        losses = losses.float() * factor
        actual = TaskGradients(losses, ground.shared, HERE, ground.own, rows=False)
        actual.add_weighted(HERE.double())
        assert close(ground.gradient(), ground.jacobian(losses)[HERE].sum(0), 1e-6)
        results.append(
            (actual.gram / factor**2, ground.gradient() / factor, ground.own[0].grad / factor)
        )
    for one, two in zip(*results, strict=True):
        assert close(one, two, 1e-6)


@pytest.mark.parametrize("rows", [True, False])
def test_inside_autocast_the_products_stay_sharp(rows):
    ground = Ground(mlp, torch.float32)
    losses = ground.losses()
    jacobian = ground.jacobian(losses).double()
    with torch.autocast("cpu", torch.bfloat16):
        actual = TaskGradients(losses, ground.shared, HERE, rows=rows)
        actual.add_weighted(HERE.double())
    assert close(actual.gram, jacobian @ jacobian.T, 1e-5)
    assert close(ground.gradient(), jacobian.sum(0), 1e-5)


def test_own_parameters_with_one_gradient_between_them():
    """`a + b` has one gradient tensor for both, `a.sum()` one number for all entries: no mix-up."""
    body = nn.Parameter(torch.ones(3, dtype=torch.float64))
    a, b, c = (nn.Parameter(torch.zeros(3, dtype=torch.float64)) for _ in range(3))
    weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    losses = torch.stack([((a + b + body) * weights).sum(), (a * body).sum() + c.sum(), c.sum()])
    expected = torch.autograd.grad(losses.sum(), [a, b, c], retain_graph=True)
    everyone = torch.ones(3, dtype=torch.bool)
    TaskGradients(losses, [body], everyone, [a, b, c])
    for parameter, gradient in zip([a, b, c], expected, strict=True):
        assert torch.equal(parameter.grad, gradient)
    assert len({parameter.grad.data_ptr() for parameter in (a, b, c)}) == 3


def test_sparse_gradients_of_an_embedding():
    table = nn.Embedding(9, 4, sparse=True).double()
    losses = torch.stack(
        [table(torch.tensor([1, 2])).sum(), table(torch.tensor([2, 7])).square().sum()]
    )
    expected = [
        torch.autograd.grad(one, table.weight, retain_graph=True)[0].to_dense() for one in losses
    ]
    actual = TaskGradients(losses, [table.weight], torch.ones(2, dtype=torch.bool))
    assert close(actual.matrix, torch.stack(expected).flatten(1))


@pytest.mark.parametrize("rows", [True, False])
def test_gradients_are_accumulated(rows):
    """Two halves of a batch add up, and what was in `.grad` stays."""
    ground = Ground(mlp)
    for parameter in ground.shared:
        parameter.grad = torch.ones_like(parameter)
    before = [parameter.grad for parameter in ground.shared]
    expected = torch.ones_like(ground.gradient())
    for _ in range(2):
        losses = ground.losses()
        expected += ground.jacobian(losses).sum(0)
        TaskGradients(losses, ground.shared, HERE, rows=rows).add_weighted(HERE)
    assert close(ground.gradient(), expected)
    assert all(p.grad is one for p, one in zip(ground.shared, before, strict=True))


@pytest.mark.parametrize("rows", [True, False])
def test_a_parameter_that_no_loss_reaches(rows):
    """An absent modality: no error, a zero in the gradients, `.grad` as it was."""
    ground = Ground(mlp)
    alone = nn.Parameter(torch.randn(64, 48, dtype=torch.float64))
    losses = ground.losses()
    actual = TaskGradients(losses, [alone, *ground.shared], HERE, rows=rows)
    jacobian = ground.jacobian(losses)
    assert close(actual.gram, jacobian @ jacobian.T)
    if rows:
        assert not actual.matrix[:, : alone.numel()].any()
    actual.add_weighted(HERE)
    assert alone.grad is None
    assert close(ground.gradient(), jacobian.sum(0))


def test_a_layer_that_the_graph_holds_but_no_present_task_uses():
    """Its product is in the graph of the absent task only."""
    ground = Ground(mlp)
    side = nn.Linear(48, 64).double()
    losses = ground.losses()
    extra = nn.functional.one_hot(torch.tensor(2), 5) * side(ground.x).square().mean()
    losses = torch.stack([*(losses + 0.0)[:2], losses[2] + extra[2], *losses[3:]])
    actual = TaskGradients(losses, [*ground.shared, side.weight], HERE, rows=False)
    assert len(actual._layers) == 3
    actual.add_weighted(HERE)
    assert side.weight.grad is None


@pytest.mark.parametrize("rows", [True, False])
def test_no_loss_reaches_any(rows):
    ground = Ground(mlp)
    others = list(mlp().double().parameters())
    with pytest.raises(
        ConfigError, match=r"No loss reaches any shared parameter.*Pass the parameters"
    ):
        TaskGradients(ground.losses(), others, HERE, rows=rows)
    ground.body.requires_grad_(False)
    with pytest.raises(
        ConfigError, match=r"no shared parameter that requires a gradient.*Unfreeze"
    ):
        TaskGradients(ground.losses(), ground.shared, HERE, rows=rows)


@pytest.mark.parametrize("rows", [True, False])
def test_a_gradient_that_is_no_number_names_its_task(rows):
    ground = Ground(mlp)
    losses = list(ground.losses())
    losses[1] = losses[1] + (ground.body(ground.x).sum() * 0).abs().sqrt()
    with pytest.raises(ConfigError, match=r"gradient of \['two'\] is NaN or infinite although"):
        TaskGradients(torch.stack(losses), ground.shared, HERE, rows=rows).overflow(
            TASKS, allowed=False
        )


@pytest.mark.parametrize("rows", [True, False])
def test_losses_that_were_not_stacked(rows):
    """A slice, a product or a mask of another place: no way to take them apart, and none needed."""
    ground = Ground(mlp)
    stacked = ground.losses()
    expected = ground.jacobian(stacked)
    for losses in (
        stacked * 1.0,
        torch.cat([one.view(1) for one in stacked]),
        stacked.where(~HERE, stacked),
    ):
        actual = TaskGradients(losses, ground.shared, HERE, rows=rows)
        assert close(actual.gram, expected @ expected.T)


def test_a_hook_on_a_parameter_or_an_output_is_heard():
    ground = Ground(mlp)
    ground.shared[0].register_hook(lambda gradient: 2 * gradient)
    ground.body[2].register_full_backward_hook(lambda _, __, outgoing: (3 * outgoing[0],))
    losses = ground.losses()
    jacobian = ground.jacobian(losses)
    actual = TaskGradients(losses, ground.shared, HERE, rows=False)
    assert close(actual.gram, jacobian @ jacobian.T)
    actual.add_weighted(HERE)
    assert close(ground.gradient(), jacobian.sum(0))


def test_memory_is_used_again_only_where_it_fits():
    ground = Ground(convolutions)
    first = TaskGradients(ground.losses(), ground.shared, HERE)
    expected = first.gram
    second = TaskGradients(
        ground.losses(), ground.shared, HERE, passes=PassOptions(space=first.space)
    )
    assert second.space is first.space
    assert torch.equal(second.gram, expected)
    fewer = HERE & torch.tensor([False, True, True, True, True])
    third = TaskGradients(
        ground.losses(), ground.shared, fewer, passes=PassOptions(space=first.space)
    )
    assert third.space is not first.space
    assert close(third.gram[fewer][:, fewer], expected[fewer][:, fewer])


def test_the_graph_may_be_given_up():
    ground = Ground(mlp)
    losses = ground.losses()
    jacobian = ground.jacobian(losses)
    actual = TaskGradients(
        losses, ground.shared, HERE, rows=False, passes=PassOptions(keep_graph=False)
    )
    actual.add_weighted(HERE)
    assert close(ground.gradient(), jacobian.sum(0))
    with pytest.raises(RuntimeError, match="second time"):
        losses.sum().backward()


def test_the_same_seed_gives_the_same_bits():
    def run() -> list[Tensor]:
        ground = Ground(dropout, torch.float32)
        balancer = MGDA(TASKS, gram="exact")
        optimizer = torch.optim.SGD(ground.body.parameters(), lr=0.05)
        for _ in range(4):
            optimizer.zero_grad()
            balancer.backward(ground.losses(), ground.shared, HERE)
            optimizer.step()
        return ground.shared

    assert all(map(torch.equal, run(), run()))


def test_compiled_modules():
    """As far as the graph; code for it, which takes a C++ compiler ten seconds, would change nothing here."""
    ground = Ground(mlp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ground.body = torch.compile(ground.body, backend="aot_eager")
        losses = ground.losses()
        jacobian = ground.jacobian(losses)
        actual = TaskGradients(losses, ground.shared, HERE, rows=False)
        assert close(actual.gram, jacobian @ jacobian.T)
        actual.add_weighted(HERE)
        assert close(ground.gradient(), jacobian.sum(0))


def test_the_bound_on_what_is_worth_it():
    """A wide layer on few rows pays, a narrow one on many does not."""
    assert linear_layers._pays(rows=256, inputs=1024, outputs=1024, tasks=8)
    assert not linear_layers._pays(rows=4096, inputs=256, outputs=256, tasks=8)
    assert not linear_layers._pays(rows=256, inputs=1024, outputs=1024, tasks=1)
