"""Heads refitted to held-out rows for a moment, so that an epoch is judged by what it knows.

A network that goes on learning becomes too sure of itself long before it stops getting better. The held-out
loss then rises although more rows are right, and the loss chooses an epoch far too early. What remains of the
loss once each head is calibrated says how good the epoch can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from torso.model.model import Model
from torso.training.answers import Answers

__all__ = ["refitted_heads"]


@contextmanager
def refitted_heads(model: Model, answers: Answers) -> Iterator[None]:
    """Calibrate every head on `answers`; on leaving, the heads are again as they were trained.

    Stopping by the loss after calibration is Berta, Holzmüller, Jordan & Bach 2025, "Rethinking Early
    Stopping: Refine, Then Calibrate" (https://arxiv.org/abs/2501.19195). Difference: each head says itself
    what of it is refitted (`Head.calibrate`), so numbers take part as classes do.

    Args:
        model: in which the heads are.
        answers: the model's own, on held-out rows with their targets.
    """
    device = next(model.parameters()).device
    trained = {name: value.clone() for name, value in model.heads.state_dict().items()}
    try:
        with torch.no_grad():
            for task, head in model.heads.pairs():
                head.calibrate(answers.outputs[task].to(device), answers.targets[task].to(device))
        yield
    finally:
        model.heads.load_state_dict(trained)
