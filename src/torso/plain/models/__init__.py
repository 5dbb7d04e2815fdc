"""Plain models: each learns one task from the flat view of the rows."""

from torso.plain.models._model import PlainModel
from torso.plain.models.forest import ExtraTrees
from torso.plain.models.linear import SparseLinear
from torso.plain.models.trees import BoostedTrees

__all__ = ["BoostedTrees", "ExtraTrees", "PlainModel", "SparseLinear"]
