"""Plain models: each learns one task from the flat view of the rows."""

from torso.plain.models._model import PlainModel

__all__ = ["PlainModel"]
