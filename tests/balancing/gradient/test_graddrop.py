import pytest
import torch

from tests.balancing.gradient.laws import step
from tests.balancing.jacobians import JACOBIANS, find, normal
from torso.balancing import GradDrop


def drawn(monkeypatch, values):
    """Let every draw be `values`."""
    monkeypatch.setattr(torch, "rand", lambda *_, **__: values)


@pytest.mark.parametrize("case", find(without=("all zero",), most=32))
@pytest.mark.parametrize("leaky", [False, True])
def test_equals_torchjd(case, leaky, monkeypatch):
    aggregation = pytest.importorskip("torchjd.aggregation")
    jacobian = JACOBIANS[case].jacobian
    tasks = [f"task {index}" for index in range(len(jacobian))]
    shares = torch.rand(len(tasks), generator=torch.Generator().manual_seed(1)).double()
    leak = dict(zip(tasks, shares.tolist(), strict=True)) if leaky else 0.0
    drawn(monkeypatch, normal(1, jacobian.shape[1], 3)[0].sigmoid())
    expected = aggregation.GradDrop(leak=shares if leaky else None)(jacobian)
    torch.testing.assert_close(GradDrop(tasks, leak=leak)(jacobian), expected, rtol=1e-9, atol=0)


def test_worked_by_hand(monkeypatch):
    # positive sign purities: 4/4, 1/3, 0/2
    jacobian = torch.tensor([[1.0, -2.0, -1.0], [3.0, 1.0, -1.0]])
    drawn(monkeypatch, torch.tensor([0.9, 0.5, 0.0]))
    assert GradDrop(2)(jacobian).tolist() == [4.0, -2.0, -2.0]
    drawn(monkeypatch, torch.tensor([0.9, 0.25, 0.0]))
    assert GradDrop(2)(jacobian).tolist() == [4.0, 1.0, -2.0]
    assert GradDrop(2, leak=0.5)(jacobian).tolist() == [4.0, 0.5 * -1.0 + 0.5 * 1.0, -2.0]
    leaks = GradDrop(["a", "b"], leak={"a": 1.0})(jacobian)
    assert leaks.tolist() == [4.0, -2.0 + 1.0, -2.0]


def test_leak_of_one_is_the_sum():
    jacobian = normal(4, 30, 0)
    torch.testing.assert_close(GradDrop(4, leak=1.0)(jacobian), jacobian.sum(0))


def test_every_number_keeps_one_sign_and_the_larger_one_more_often():
    jacobian = torch.tensor([[3.0], [-1.0]]).expand(2, 4000)
    balancer = GradDrop(2)
    kept = step(balancer, jacobian)
    assert set(kept.tolist()) == {3.0, -1.0}
    share = (kept > 0).double().mean().item()
    assert abs(share - 0.75) < 4 * (0.75 * 0.25 / 4000) ** 0.5
    again = step(balancer, jacobian)
    agreement = ((kept > 0) == (again > 0)).double().mean().item()
    assert abs(agreement - 0.625) < 4 * (0.625 * 0.375 / 4000) ** 0.5  # independent draws


def test_the_seed_is_the_draw_and_the_world_s_random_numbers_stay():
    jacobian = normal(2, 100, 0)
    before = torch.get_rng_state()
    first = GradDrop(2, seed=1)(jacobian)
    assert torch.equal(first, GradDrop(2, seed=1)(jacobian))
    assert not torch.equal(first, GradDrop(2, seed=2)(jacobian))
    assert torch.equal(torch.get_rng_state(), before)


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"Unknown task in `leak`: 'c'"):
        GradDrop(["a", "b"], leak={"c": 0.5})
    for leak in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"`leak` should be from 0 to 1\. Found {'task 0'"):
            GradDrop(2, leak=leak)
