"""Methods that balance modalities: they know which loss comes from which modality, and which from all."""

from torso.balancing.modality.gradient_blending import GradientBlending
from torso.balancing.modality.ogm_ge import OGMGE

__all__ = ["OGMGE", "GradientBlending"]
