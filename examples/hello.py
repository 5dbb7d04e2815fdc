"""The textbook's two-task network, twice: by hand in PyTorch, and from Torso's rooms in the same plain loop.

10 numbers -> 100 -> 50, shared; two heads of 2 numbers and 1 number; Adam; the sum of two squared errors.
From the same weights, on the same batches, the two loss curves are one line. It prints both, and the
largest difference between them.

    python examples/hello.py
"""

import argparse

import torch
from torch import Tensor, nn

from torso import Tokens
from torso.balancing import Equal
from torso.sharing import Hard
from torso.tasks.number import Gaussian
from torso.tasks.vector import GaussianVector


class ByHand(nn.Module):
    """What a textbook writes."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU())
        self.first = nn.Linear(50, 2)
        self.second = nn.Linear(50, 1)

    def losses(self, x: Tensor, first: Tensor, second: Tensor) -> Tensor:
        shared = self.body(x)
        error_of_two = (self.first(shared) - first).square().sum(dim=1).mean()
        error_of_one = (self.second(shared).squeeze(1) - second).square().mean()
        return torch.stack([error_of_two, error_of_one])


class FromRooms(nn.Module):
    """The same network: a sharing and two heads."""

    def __init__(self):
        super().__init__()
        self.sharing = Hard(["first", "second"], 10, hidden=(100, 50))
        self.first = GaussianVector(self.sharing.width, mean=[0, 0], std=[1, 1], spread="none")
        self.second = Gaussian(self.sharing.width, spread="none")

    def losses(self, x: Tensor, first: Tensor, second: Tensor) -> Tensor:
        vectors = self.sharing({"shared": Tokens.vector(x)})
        return torch.stack(
            [
                self.first.loss(self.first(vectors["first"]), first),
                self.second.loss(self.second(vectors["second"]), second),
            ]
        )


def train(model: nn.Module, batches: list[tuple[Tensor, ...]], backward) -> list[float]:
    """Return the loss of every step of a plain loop."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    curve = []
    for batch in batches:
        optimizer.zero_grad()
        losses = model.losses(*batch)
        backward(losses)
        optimizer.step()
        curve.append(losses.sum().item())
    return curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps

    draw = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(steps):
        x = torch.randn(64, 10, generator=draw, dtype=torch.float64)
        batches.append((x, torch.stack([x[:, 0] * x[:, 1], x[:, 2].sin()], 1), x[:, 3].abs()))

    hand, rooms = ByHand().double(), FromRooms().double()
    for ours, theirs in zip(rooms.parameters(), hand.parameters(), strict=True):
        ours.data.copy_(theirs.data)

    balancer = Equal(["first", "second"])
    shared = list(rooms.sharing.shared_parameters())
    by_hand = train(hand, batches, lambda losses: losses.sum().backward())
    from_rooms = train(rooms, batches, lambda losses: balancer.backward(losses, shared))

    print("step   by hand   from rooms")
    for step in range(0, steps, max(1, steps // 10)):
        print(f"{step:4d}  {by_hand[step]:8.5f}   {from_rooms[step]:8.5f}")
    gap = max(abs(a - b) for a, b in zip(by_hand, from_rooms, strict=True))
    print(f"largest difference in {steps} steps: {gap:.1e}")


if __name__ == "__main__":
    main()
