"""Members share their matrices, differ by scalings, and learn each from its own loss."""

import pytest
import torch

from tests import small
from torso.core.types import Tokens
from torso.sharing import Members


def tokens(rows=3, dim=4):
    torch.manual_seed(1)
    return {"shared": Tokens.vector(torch.randn(rows, dim))}


def test_a_member_scales_before_and_after_the_common_matrix():
    members = Members(["a"], 2, members=2, hidden=[1], dropout=0.0)
    first, second = members.layers
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0], [2.0]]))
        first.before.copy_(torch.tensor([[1.0, 1.0], [-1.0, 1.0]]))
        first.after.copy_(torch.tensor([[1.0], [2.0]]))
        first.bias.copy_(torch.tensor([[0.0], [1.0]]))
        second.weight.copy_(torch.tensor([[1.0, -1.0]]))
        second.bias.zero_()
    vector = Tokens.vector(torch.tensor([[3.0, 1.0]]))
    # Hidden values: 3 + 2 = 5, and (-3 + 2) * 2 + 1 = -1, of which ReLU leaves nothing.
    each = members({"shared": vector})["a"]
    torch.testing.assert_close(each, torch.tensor([[8.0, -4.0], [3.0, 1.0]]))
    mean = members.eval()({"shared": vector})["a"]
    torch.testing.assert_close(mean, torch.tensor([[5.5, -1.5]]))


def test_members_start_apart():
    each = Members(["a"], 4, members=8, dropout=0.0)(tokens())["a"].unflatten(0, (3, 8))
    assert torch.pdist(each[0]).min() > 0


def test_the_loss_is_the_mean_of_the_losses_of_the_members():
    model = small.model(sharing={"type": "members", "members": 3, "dropout": 0.0}).train()
    rows = small.batch(rows=12)
    outputs = model(rows.inputs)
    losses, counts = model.losses(outputs, rows.targets)
    for (task, head), loss, count in zip(model.heads.pairs(), losses, counts, strict=True):
        each = outputs[task].unflatten(0, (12, 3))
        means = [head.loss(each[:, member], rows.targets[task]) for member in range(3)]
        assert loss.item() == pytest.approx(torch.stack(means).mean().item())
        assert count == head.labelled(rows.targets[task]).sum()


def test_answers_are_the_mean_of_the_logits_of_the_members():
    spec = {"type": "members", "dropout": 0.0}
    model, rows = small.model(sharing=spec).eval(), small.batch(rows=5)
    mean = model(rows.inputs)
    model.sharing.train()
    for task, outputs in model(rows.inputs).items():
        each = outputs.unflatten(0, (5, 16)).mean(dim=1)
        torch.testing.assert_close(mean[task], each, rtol=0, atol=1e-9)
