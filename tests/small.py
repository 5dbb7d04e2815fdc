"""A small model over every form and every kind of task, and batches with gaps for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from torso.core.types import Batch, Features
from torso.model import Model, PartSpec

MODALITIES = ("image", "text", "numbers")
TASKS = {"digit": "category", "odd": "binary", "ink": "number"}
KINDS = {
    "category": ("softmax", {"classes": 3}, lambda rows: torch.randint(3, (rows,))),
    "binary": ("logistic", {}, lambda rows: torch.randint(2, (rows,)).double()),
    "number": ("gaussian", {"mean": 50.0, "std": 20.0}, lambda rows: 20 * torch.randn(rows) + 50),
}


def model(
    modalities: Sequence[str] = MODALITIES,
    tasks: Mapping[str, str] = TASKS,
    seed: int = 0,
    **settings: Any,
) -> Model:
    """Return a model in float64 and evaluation mode; the modalities' forms go by position."""
    parts = [
        PartSpec("image", {"type": "convnet", "width": 4, "stages": 1}, {"size": 8}),
        PartSpec("text", {"type": "transformer", "depth": 1}, {"vocabulary": 7}),
        PartSpec("numbers", "periodic", {"columns": 3}),
    ]
    heads = {kind: PartSpec(kind, name, offered) for kind, (name, offered, _) in KINDS.items()}
    torch.manual_seed(seed)
    built = Model.build(
        dict(zip(modalities, parts, strict=True)),
        {task: heads[kind] for task, kind in tasks.items()},
        dim=8,
        **{"fusion": "concat", **settings},
    )
    return built.double().eval()


def batch(
    modalities: Sequence[str] = MODALITIES,
    tasks: Mapping[str, str] = TASKS,
    rows: int = 6,
    seed: int = 1,
) -> Batch:
    """Return rows with gaps: row 0 is complete, row 1 has no modality, row 2 has no label."""
    torch.manual_seed(seed)
    there = torch.rand(3, rows) < 0.7
    there[:, 0], there[:, 1], there[:, 2] = True, False, True
    steps = torch.arange(5) < torch.randint(1, 6, (rows, 1))
    features = [
        Features(torch.randint(256, (rows, 8, 8, 3), dtype=torch.uint8), there[0]),
        Features(torch.randint(7, (rows, 5)), steps & there[1].unsqueeze(1)),
        Features(torch.randn(rows, 3), torch.tensor([True, False, True]) & there[2].unsqueeze(1)),
    ]
    targets = {task: KINDS[kind][2](rows) for task, kind in tasks.items()}
    for place, target in enumerate(targets.values()):
        for row in {2, (3 + place) % rows} - {0}:
            target[row] = torch.nan if target.is_floating_point() else -1
    return Batch(
        dict(zip(modalities, features, strict=True)),
        {task: t if t.dtype == torch.int64 else t.float() for task, t in targets.items()},
        torch.arange(rows),
    )


def gradients(built: Model, rows: Batch, task: str) -> dict[str, torch.Tensor]:
    """Return the gradient of one task's loss, by parameter name, for the parameters that it reaches."""
    losses, _ = built.losses(built(rows.inputs), rows.targets)
    named = dict(built.named_parameters())
    found = torch.autograd.grad(
        losses[built.tasks.index(task)], [*named.values()], allow_unused=True
    )
    return {name: g for name, g in zip(named, found, strict=True) if g is not None and g.any()}
