"""How a run's answers hold up under noise and without some of its modalities: `torso.robustness` and its picture."""

from torso.studies.robustness.report import Robustness, robustness

__all__ = ["Robustness", "robustness"]
