"""Fusions: many `Tokens` in, one out. Parallel, or fusions made of fusions: sequential, hierarchical."""

from torso.fusion._fusion import Fusion
from torso.fusion.hierarchical.tree import Hierarchical
from torso.fusion.parallel.concat import Concat
from torso.fusion.parallel.transformer import Transformer
from torso.fusion.sequential.sequential import Sequential

__all__ = ["Concat", "Fusion", "Hierarchical", "Sequential", "Transformer"]
