"""Functions of tensors, written down as they run and repeated without the Python between their operations."""

from torso.core.replay.replay import Replay

__all__ = ["Replay"]
