"""Task groups and task trees as they are written: who shares a trunk, and who shares layers above it."""

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
    `[[[digit, parity], ink]]` is one trunk for all three, above which digit and parity share a layer that ink
    has no part in; a list of one task is a layer of its own. So `[[a, b, c]]` is `hard` and `[a, b, c]` is
    `separate`. The layers of all lists at the same depth are one product.

    Which tasks to group is what Standley et al., ICML 2020 (https://arxiv.org/abs/1905.07553) ask; this trains
    any answer. They compare groups with a network each; the layers inside a group are our addition.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens and of the layers.
        tree: nested lists of task names, each once; default: one group of all.
        layers: ReLU layers of each list inside an entry.
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
        names = [f"group_{place}" for place in range(len(self.groups))]
        self.readers = dict(zip(names, map(_leaves, self.groups), strict=True))
        self.place = {task: (0, names.index(name)) for name in names for task in self.readers[name]}
        self.levels = nn.ModuleList()
        self.parents: list[list[int]] = []
        self.nodes: list[list[list[str]]] = []
        above = [child for group in self.groups for child in _lists(group)]
        owners = [place for place, group in enumerate(self.groups) for _ in _lists(group)]
        while above:
            self.levels.append(BatchedMLP(len(above), [dim] * (layers + 1), private=True))
            self.parents.append(owners)
            self.nodes.append([_leaves(node) for node in above])
            for place, node in enumerate(above):
                self.place |= dict.fromkeys(_leaves(node), (len(self.levels), place))
            owners = [place for place, node in enumerate(above) for _ in _lists(node)]
            above = [child for node in above for child in _lists(node)]

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk per entry of the tree."""
        return {name: tuple(tasks) for name, tasks in self.readers.items()}

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return for each task the vector of the innermost list that holds it."""
        means = [masked_mean(fused[name]) for name in self.readers]
        vectors = torch.stack(means) if len(means) > 1 else means[0].unsqueeze(0)
        found = [vectors]  # depth -> [nodes, batch, dim]
        for level, parents in zip(self.levels, self.parents, strict=True):
            below = found[-1]
            found.append(level(below.squeeze(0) if len(below) == 1 else below[parents]))
        vectors_of = [level.unbind(0) for level in found]
        return {task: vectors_of[depth][node] for task, (depth, node) in self.place.items()}

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the layers of lists that hold more than one task."""
        for level, nodes in zip(self.levels, self.nodes, strict=True):
            assert isinstance(level, BatchedMLP)
            for place, tasks in enumerate(nodes):
                if len(tasks) > 1:
                    yield from level.member(place)


def _lists(tree: Tree) -> list[Tree]:
    return [] if isinstance(tree, str) else [child for child in tree if not isinstance(child, str)]


def _leaves(tree: Tree) -> list[str]:
    return [tree] if isinstance(tree, str) else [leaf for child in tree for leaf in _leaves(child)]


def _checked(tree: Tree, tasks: Sequence[str]) -> list[Tree]:
    """Return the entries of `tree`, which holds every task once."""
    found = list(_names(tree, top=True))
    for name in found:
        if name not in tasks:
            raise ValueError(unknown("task in `tree`:", name, tasks))
    if sorted(found) != sorted(tasks):
        raise ValueError(
            f"Parameter `tree` should hold every task once. Found {found}, tasks {list(tasks)}."
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
