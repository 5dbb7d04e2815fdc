"""Times until an event, censored ones included: target, heads and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.tasks.survival.hazards import Hazards
    from torso.tasks.survival.head import LogLogistic, LogNormal, Weibull
    from torso.tasks.survival.scores import SurvivalScores
    from torso.tasks.survival.target import SurvivalTarget

__all__ = ["Hazards", "LogLogistic", "LogNormal", "SurvivalScores", "SurvivalTarget", "Weibull"]

__getattr__ = lazy_names(
    __name__,
    {
        ".hazards": "Hazards",
        ".head": "LogLogistic LogNormal Weibull",
        ".scores": "SurvivalScores",
        ".target": "SurvivalTarget",
    },
)
