"""Numbers: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.number.head import Gaussian
    from torso.tasks.number.quantiles import Quantiles
    from torso.tasks.number.scores import NumberScores
    from torso.tasks.number.student import Student
    from torso.tasks.number.target import NumberTarget

__all__ = ["Gaussian", "NumberScores", "NumberTarget", "Quantiles", "Student"]

__getattr__ = lazy_names(
    __name__,
    {
        ".head": "Gaussian",
        ".quantiles": "Quantiles",
        ".scores": "NumberScores",
        ".student": "Student",
        ".target": "NumberTarget",
    },
)
