"""The model: encoders, fusion, sharing and heads as one module."""

from torso.model.model import Model, PartSpec

__all__ = ["Model", "PartSpec"]
