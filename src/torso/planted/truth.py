"""A table with its truth: which tasks belong together, and which columns carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import pandas as pd

__all__ = ["Planted", "Truth"]

Pair = tuple[str, str]


@dataclass(frozen=True)
class Truth:
    """Facts that a study of the table should find.

    Attributes:
        groups: the right grouping of the tasks, singletons included, with the body of `Planted.settings`: of those
            that are as good, the one with the fewest groups.
        matters: True if some groupings are surely worse; False if all are as good.
        conflicts: pairs of tasks that disturb each other in that body.
        shared: pairs of tasks that answer from the same function of the inputs.
        carriers: task -> column -> True if the column tells something about the task.
        redundant: task -> pairs of modalities of which either tells all that both tell.
        synergistic: task -> pairs of modalities that tell something together and nothing alone.
    """

    groups: tuple[tuple[str, ...], ...]
    matters: bool
    conflicts: tuple[Pair, ...] = ()
    shared: tuple[Pair, ...] = ()
    carriers: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    redundant: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)
    synergistic: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)

    def grouping(self) -> frozenset[frozenset[str]]:
        """Return the groups without any order, to compare with another grouping."""
        return frozenset(frozenset(group) for group in self.groups)


@dataclass(frozen=True, eq=False)
class Planted:
    """A planted table; `torso.fit(p.table, p.targets, inputs=p.inputs, settings=p.settings)` trains on it.

    Attributes:
        kind: its name in `kinds()`.
        table: the rows.
        targets: column -> its kind.
        inputs: column -> its kind and its modality.
        settings: of a fit in which the grouping of `truth` is right: a small body, without plain models.
        truth: facts that a study should find.
        seed: of the rows.
    """

    kind: str
    table: pd.DataFrame
    targets: dict[str, dict[str, object]]
    inputs: dict[str, dict[str, object]]
    settings: dict[str, object]
    truth: Truth
    seed: int

    @property
    def tasks(self) -> tuple[str, ...]:
        """The targets' names."""
        return tuple(self.targets)

    @property
    def modalities(self) -> dict[str, tuple[str, ...]]:
        """Modality -> its columns."""
        columns: dict[str, tuple[str, ...]] = {}
        for column, about in self.inputs.items():
            modality = str(about["modality"])
            columns[modality] = (*columns.get(modality, ()), column)
        return columns

    def overlaps(self) -> dict[Pair, float]:
        """Return for each pair of tasks the rows with both labels, as a share of the rows with either."""
        known = {task: self.table[task].notna() for task in self.targets}
        return {
            (first, second): float(
                (known[first] & known[second]).sum() / max(1, (known[first] | known[second]).sum())
            )
            for first, second in combinations(self.targets, 2)
        }
