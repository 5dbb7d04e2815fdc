"""A kind of task that lives outside Torso: a compass direction, in degrees."""

from tests.tasks.outside.direction.target import DirectionTarget

__all__ = ["DirectionTarget"]
