"""Task groups and trees given by the user: which tasks share a trunk, and which layers above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.errors import unknown
from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedMLP
from torso.sharing._checks import check_int
from torso.sharing._sharing import Sharing

__all__ = ["Branches"]

Tree = str | Sequence["Tree"]


class Branches(Sharing, name="branches"):
    """A trunk for each entry of a tree of tasks, and layers for each list inside an entry.

    `tree: [[digit, parity], ink]` trains digit and parity on one trunk and ink on another.
    `[[[digit, parity], ink]]` is one trunk for all three; above it digit and parity share a layer that ink does
    not read. A list of one task is a layer for that task alone. So `[[a, b, c]]` is `hard` and `[a, b, c]` is
    `separate`. The layers of all lists at one depth are computed as one product.

    From Standley et al., ICML 2020 (https://arxiv.org/abs/1905.07553), who search which tasks to group; this
    trains any grouping. Differs: they give each group a network; the layers inside a group are an addition.

    Args:
        dim: width of the fused tokens and of the layers.
        tree: nested lists of task names, each once; default: one group of all.
        layers: number of ReLU layers of each list inside an entry.
    """

    law_settings = ({"layers": 1}, {"layers": 3})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        tree: Tree | None = None,
        layers: Annotated[int, Range(1, 4)] = 1,
    ) -> None:
        super().__init__(tasks, dim)
        self.groups: list[Tree] = [list(self.tasks)] if tree is None else _checked(tree, self.tasks)
        check_int("layers", layers)
        names = [f"group_{index}" for index in range(len(self.groups))]
        self.readers = dict(zip(names, map(_leaves, self.groups), strict=True))
        # task -> depth and index of the innermost list that holds it
        self.node_of = {
            task: (0, index) for index, name in enumerate(names) for task in self.readers[name]
        }
        self.levels = nn.ModuleList()
        self.parents: list[list[int]] = []
        self.nodes: list[list[list[str]]] = []
        nodes = [child for group in self.groups for child in _lists(group)]
        parents = [index for index, group in enumerate(self.groups) for _ in _lists(group)]
        while nodes:
            self.levels.append(BatchedMLP(len(nodes), [dim] * (layers + 1), private=True))
            self.parents.append(parents)
            self.nodes.append([_leaves(node) for node in nodes])
            for index, node in enumerate(nodes):
                self.node_of |= dict.fromkeys(_leaves(node), (len(self.levels), index))
            parents = [index for index, node in enumerate(nodes) for _ in _lists(node)]
            nodes = [child for node in nodes for child in _lists(node)]

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk per entry of the tree."""
        return {name: tuple(tasks) for name, tasks in self.readers.items()}

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's vector, from the innermost list that holds it."""
        means = [masked_mean(fused[name]) for name in self.readers]
        below = torch.stack(means) if len(means) > 1 else means[0].unsqueeze(0)
        outputs = [below]  # depth -> [nodes, batch, dim]
        for level, parents in zip(self.levels, self.parents, strict=True):
            below = level(below.squeeze(0) if len(below) == 1 else below[parents])
            outputs.append(below)
        vectors = [output.unbind(0) for output in outputs]
        return {task: vectors[depth][index] for task, (depth, index) in self.node_of.items()}

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the layers of lists that hold more than one task."""
        for level, nodes in zip(self.levels, self.nodes, strict=True):
            assert isinstance(level, BatchedMLP)
            for index, tasks in enumerate(nodes):
                if len(tasks) > 1:
                    yield from level.member(index)


def _lists(tree: Tree) -> list[Tree]:
    return [] if isinstance(tree, str) else [child for child in tree if not isinstance(child, str)]


def _leaves(tree: Tree) -> list[str]:
    return [tree] if isinstance(tree, str) else [leaf for child in tree for leaf in _leaves(child)]


def _checked(tree: Tree, tasks: Sequence[str]) -> list[Tree]:
    """Return the entries of `tree` if it holds every task once."""
    names = list(_names(tree, top=True))
    for name in names:
        if name not in tasks:
            raise ValueError(unknown("task in `tree`:", name, tasks))
    if sorted(names) != sorted(tasks):
        raise ValueError(
            f"Parameter `tree` should hold every task once. Found {names}, tasks {list(tasks)}."
        )
    return list(tree)


def _names(tree: object, *, top: bool = False) -> Iterator[str]:
    if isinstance(tree, str) and not top:
        yield tree
    elif isinstance(tree, Sequence) and not isinstance(tree, str) and tree:
        for child in tree:
            yield from _names(child)
    else:
        raise ValueError(
            f"Parameter `tree` should be made of task names and of lists that are not empty. Found {tree!r}."
        )
