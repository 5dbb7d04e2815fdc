"""Hierarchical: fuse related modalities first, then the groups, along any tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torso.core.errors import unknown
from torso.core.spec import SpecLike
from torso.core.tensors import Named
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import rows_present

__all__ = ["Hierarchical"]

Tree = str | Sequence["Tree"]


class Hierarchical(Fusion, name="hierarchical"):
    """One inner fusion per node of a tree with the modalities as leaves.

    `tree: [[image, text], speech]` fuses image with text, and the result with speech. A branch without any
    modality in a row is absent one level up, even if the inner fusion returns tokens for it.

    Args:
        tree: nested lists of modality names, each once; default: neighbours in pairs, level by level.
        inner: fusion of every node.
    """

    family = "hierarchical"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        tree: Tree | None = None,
        inner: SpecLike = "concat",
    ) -> None:
        super().__init__(modalities, dim)
        self.tree = tree if tree is not None else _pairs(list(self.modalities))
        if isinstance(self.tree, str):
            self.tree = [self.tree]
        leaves = _leaves(self.tree)
        for name in leaves:
            if name not in self.modalities:
                raise ValueError(unknown("modality in `tree`:", name, self.modalities))
        if sorted(leaves) != sorted(self.modalities):
            raise ValueError(
                f"Parameter `tree` should hold every modality once. Found leaves {leaves}, "
                f"modalities {list(self.modalities)}."
            )
        self.nodes: Named[Fusion] = Named()
        self._grow(self.tree, "", inner)

    def _grow(self, tree: Tree, path: str, inner: SpecLike) -> None:
        if isinstance(tree, str):
            return
        names = [str(index) for index in range(len(tree))]
        self.nodes[path] = Fusion.registry.build(inner, modalities=names, dim=self.dim)
        for index, child in enumerate(tree):
            self._grow(child, f"{path}/{index}", inner)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the root's tokens."""
        fused = self._fuse(self.tree, "", tokens)
        assert fused is not None, "at least one modality has a key"
        return fused

    def _fuse(self, tree: Tree, path: str, tokens: Mapping[str, Tokens]) -> Tokens | None:
        if isinstance(tree, str):
            return tokens.get(tree)
        children = {
            str(index): self._fuse(child, f"{path}/{index}", tokens)
            for index, child in enumerate(tree)
        }
        known = {name: child for name, child in children.items() if child is not None}
        if not known:
            return None
        fused = self.nodes[path](known)
        if not path:
            return fused
        return Tokens(fused.values, fused.mask & rows_present(known).unsqueeze(1))


def _leaves(tree: Tree) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    return [leaf for child in tree for leaf in _leaves(child)]


def _pairs(level: list[Tree]) -> Tree:
    """Return a balanced tree: neighbours in pairs, level by level."""
    while len(level) > 2:
        level = [
            list(level[index : index + 2]) if index + 1 < len(level) else level[index]
            for index in range(0, len(level), 2)
        ]
    return level
