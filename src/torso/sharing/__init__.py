"""Sharings: fused `Tokens` in, one vector per task out; from everything shared to nothing shared."""

from torso.sharing._sharing import Sharing
from torso.sharing.hard import Hard
from torso.sharing.separate import Separate

__all__ = ["Hard", "Separate", "Sharing"]
