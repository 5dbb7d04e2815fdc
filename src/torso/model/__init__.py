"""The model: encoders, fusion, sharing and heads as one module."""

from torso.model.model import Model, Part

__all__ = ["Model", "Part"]
