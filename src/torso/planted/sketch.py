"""A planted table while it is drawn: first its inputs, then its tasks, then its gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from torso.planted.blocks import Block, Categories, Floats, Numbers, Signal, Texts, standard
from torso.planted.truth import Pair, Planted, Truth

__all__ = ["NECK", "SMALL", "Sketch"]

B = TypeVar("B", bound=Block)

SMALL: dict[str, object] = {
    "dim": 16,
    "sharing": "hard",
    "folds": 0,
    "blend": "off",
    "pretrained": "off",
    "training.epochs": 30,
    "training.lr": 0.004,
}
"""Settings of a fit with a small body and nothing beside it."""

NECK: dict[str, object] = {"fusion": {"type": "concat", "hidden": 1, "dropout": 0.0}}
"""A body that passes on one number: tasks of two functions disturb each other in it."""


class Sketch:
    """Draws one table.

    Args:
        kind: name of the kind.
        rows: number of rows.
        noise: deviation of a task's noise, where the deviation of its signal is 1.
        seed: of all that is drawn.
    """

    def __init__(self, kind: str, rows: int, noise: float, seed: int) -> None:
        self.kind, self.rows, self.noise, self.seed = kind, rows, noise, seed
        self.draw = np.random.default_rng([seed, sum(map(ord, kind))])
        self.blocks: list[Block] = []
        self.gaps: dict[str, NDArray[np.bool_]] = {}
        self.labels: dict[str, pd.Series] = {}
        self.targets: dict[str, dict[str, object]] = {}
        self.carriers: dict[str, frozenset[str]] = {}

    def numbers(self, count: int, modality: str = "numbers", prefix: str = "x") -> Numbers:
        """Add columns of numbers."""
        return self._added(
            Numbers(modality, _names(prefix, count), self.rows, self.draw),
        )

    def categories(self, count: int, modality: str = "categories", prefix: str = "c") -> Categories:
        """Add columns of categories."""
        return self._added(Categories(modality, _names(prefix, count), self.rows, self.draw))

    def texts(self, modality: str = "note") -> Texts:
        """Add a column of texts with the name of its modality."""
        return self._added(Texts(modality, [modality], self.rows, self.draw))

    def _added(self, block: B) -> B:
        self.blocks.append(block)
        return block

    def task(
        self,
        name: str,
        signals: Sequence[Signal],
        kind: str = "number",
        noise: float | None = None,
        rows: NDArray[np.bool_] | None = None,
        together: bool = False,
    ) -> None:
        """Add a task.

        Args:
            name: of its column.
            signals: added up, each with the same share.
            kind: `number`, `binary` or `category`.
            noise: of this task; default: the table's.
            rows: those with a label; default: all.
            together: signals are multiplied instead.
        """
        values = np.zeros(self.rows)
        for number, signal in enumerate(signals):
            values = values * signal.values if together and number else values + signal.values
        clean = standard(values) if signals else values
        spread = self.noise if noise is None else noise
        cells = _cells(clean + spread * self.draw.normal(size=self.rows), kind)
        self.labels[name] = cells if rows is None else cells.where(rows)
        self.targets[name] = {"kind": kind}
        self.carriers[name] = frozenset(c for signal in signals for c in signal.columns)

    def some(self, rows: int) -> NDArray[np.bool_]:
        """Return a mask of `rows` random rows."""
        mask = np.zeros(self.rows, bool)
        mask[self.draw.permutation(self.rows)[: min(rows, self.rows)]] = True
        return mask

    def parts(self, count: int) -> list[NDArray[np.bool_]]:
        """Return masks of `count` parts of the rows that have no row in common."""
        number = self.draw.permutation(np.arange(self.rows) % count)
        return [number == part for part in range(count)]

    def missing(self, block: Block, share: float) -> None:
        """Empty all columns of a block in a share of the rows."""
        self.gaps[block.modality] = self.draw.random(self.rows) < share

    def planted(
        self,
        families: Sequence[Sequence[str]],
        *,
        clash: bool = False,
        helps: bool = False,
        redundant: Mapping[str, tuple[Pair, ...]] | None = None,
        synergistic: Mapping[str, tuple[Pair, ...]] | None = None,
    ) -> Planted:
        """Return the table.

        Args:
            families: tasks that answer from the same function.
            clash: the body passes one function on, so that families disturb each other; else it holds all.
            helps: tasks of a family have too few labels to be trained alone as well.
            redundant: see `Truth`.
            synergistic: see `Truth`.
        """
        tasks = tuple(self.targets)
        inputs: dict[str, dict[str, object]] = {
            column: {"kind": block.kind, "modality": block.modality}
            for block in self.blocks
            for column in block.columns
        }
        apart = combinations(families, 2) if clash else ()
        truth = Truth(
            groups=tuple(map(tuple, families)) if clash else (tasks,),
            matters=clash or helps,
            conflicts=tuple(pair for first, second in apart for pair in product(first, second)),
            shared=tuple(pair for family in families for pair in combinations(family, 2)),
            carriers={
                task: {column: column in self.carriers[task] for column in inputs} for task in tasks
            },
            redundant=dict(redundant or {}),
            synergistic=dict(synergistic or {}),
        )
        settings = {**SMALL, **(NECK if clash else {})}
        return Planted(self.kind, self._table(), self.targets, inputs, settings, truth, self.seed)

    def _table(self) -> pd.DataFrame:
        cells: dict[str, object] = {}
        for block in self.blocks:
            gone = self.gaps.get(block.modality)
            for column, values in block.cells().items():
                series = pd.Series(values)
                cells[column] = series if gone is None else series.mask(gone)
        return pd.DataFrame({**cells, **self.labels})


def _cells(values: Floats, kind: str) -> pd.Series:
    """Return labels of a kind: the values, a yes where they are positive, or their thirds."""
    if kind == "number":
        return pd.Series(values.round(4))
    if kind == "binary":
        return pd.Series(np.where(values > 0, "yes", "no")).astype(object)
    thirds = np.quantile(values, [1 / 3, 2 / 3])
    return pd.Series(np.array(["low", "middle", "high"])[np.digitize(values, thirds)], dtype=object)


def _names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(1, count + 1)]
