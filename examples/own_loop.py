"""Rooms without a table, a config or a trainer: two encoders, a fusion and two heads in your own PyTorch loop.

Handwritten digits of scikit-learn. Inputs: the picture, absent in 30 % of the rows, and three numbers measured on
it. Tasks: the digit, and if it is even; 20 % of each label is missing. Prints test accuracy with and without picture.

    python examples/own_loop.py
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

from torso import Features
from torso.encoders import ImageConvNet, NumbersPeriodic
from torso.fusion import Transformer
from torso.sharing import Hard
from torso.tasks.binary import Logistic
from torso.tasks.category import Softmax

DIM = 64


class TwoSenses(nn.Module):
    """Encoders turn features into tokens, a fusion joins them, a sharing gives each head its vector."""

    def __init__(self):
        super().__init__()
        self.picture = ImageConvNet(DIM, width=16, stages=2)
        self.numbers = NumbersPeriodic(DIM, columns=3)
        self.fusion = Transformer(["picture", "numbers"], DIM)
        self.sharing = Hard(["digit", "even"], DIM)
        self.heads = nn.ModuleDict({"digit": Softmax(DIM, classes=10), "even": Logistic(DIM)})

    def forward(self, picture: Features, numbers: Features) -> dict[str, torch.Tensor]:
        tokens = {"picture": self.picture(picture), "numbers": self.numbers(numbers)}
        vectors = self.sharing({"shared": self.fusion(tokens)})
        return {task: head(vectors[task]) for task, head in self.heads.items()}


def rows(generator: torch.Generator) -> tuple[Features, Features, dict[str, torch.Tensor]]:
    """Return all rows: pictures, some masked as absent; numbers; labels, some of them missing."""
    pixels, digit = load_digits(return_X_y=True)
    ink = torch.tensor(pixels.reshape(-1, 8, 8) / 16, dtype=torch.float32)
    measured = torch.stack(
        [ink.mean((1, 2)), ink[:, :4].mean((1, 2)), (ink - ink.flip(2)).abs().mean((1, 2))], dim=1
    )
    measured = (measured - measured.mean(0)) / measured.std(0)

    def drawn(share: float) -> torch.Tensor:
        return torch.rand(len(ink), generator=generator) < share

    picture = Features(ink.unsqueeze(-1).expand(-1, -1, -1, 3), mask=~drawn(0.3))
    numbers = Features(measured, mask=torch.ones_like(measured, dtype=torch.bool))
    digit = torch.from_numpy(digit).long()
    labels = {
        "digit": digit.masked_fill(drawn(0.2), -1),  # no class
        "even": (digit % 2 == 0).float().masked_fill(drawn(0.2), torch.nan),
    }
    return picture, numbers, labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    epochs = parser.parse_args().epochs

    torch.manual_seed(0)
    picture, numbers, labels = rows(torch.Generator().manual_seed(0))
    order = torch.randperm(len(numbers))
    training, test = order[:1400], order[1400:]
    model = TwoSenses()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(1, epochs + 1):
        model.train()
        for batch in training[torch.randperm(len(training))].split(64):
            outputs = model(picture[batch], numbers[batch])
            losses = [h.loss(outputs[t], labels[t][batch]) for t, h in model.heads.items()]
            optimizer.zero_grad()
            sum(losses).backward()
            optimizer.step()
        if epoch % 5 == 0 or epoch == epochs:
            print(f"epoch {epoch:2d}   loss " + "   ".join(f"{loss:.3f}" for loss in losses))

    model.eval()
    with torch.no_grad():
        outputs = model(picture[test], numbers[test])
    for task, head in model.heads.items():
        predicted = head.predict(outputs[task])
        predicted = predicted.argmax(1) if task == "digit" else predicted > 0.5
        right, known = predicted == labels[task][test], head.labelled(labels[task][test])
        for name, seen in (("with", picture.present[test]), ("without", ~picture.present[test])):
            accuracy = right[known & seen].float().mean()
            print(f"{task:5s} {name:7s} picture: accuracy {accuracy:.3f} of {(known & seen).sum()}")


if __name__ == "__main__":
    main()
