"""Heads calibrated on held-out rows while an epoch is judged.

A network becomes overconfident long before it stops getting better. The held-out loss then rises although more rows
are right, and would choose an epoch far too early. The loss after calibration does not.
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

    From Berta, Holzmüller, Jordan & Bach 2025, "Rethinking Early Stopping: Refine, Then Calibrate"
    (https://arxiv.org/abs/2501.19195). Differs: each kind of head calibrates itself (`Head.calibrate`), numbers too.

    Args:
        model: has the heads.
        answers: of this model on held-out rows, with their targets.
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
