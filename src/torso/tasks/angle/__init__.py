"""Angles, which are periodic: target, head and scores.

>>> import torch
>>> from torso.tasks.angle import VonMises
>>> head = VonMises(2, direction=0.0, concentration=1.0)
>>> north = torch.tensor([6.2, 0.1])  # radians on both sides of 0
>>> bool(head.nll(torch.zeros(2, 2), north).max() < 1.2)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.angle.head import VonMises
    from torso.tasks.angle.scores import AngleScores
    from torso.tasks.angle.target import AngleTarget

__all__ = ["AngleScores", "AngleTarget", "VonMises"]

__getattr__ = lazy_names(
    __name__, {".head": "VonMises", ".scores": "AngleScores", ".target": "AngleTarget"}
)
