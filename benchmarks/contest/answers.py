"""Answers of a contestant, row by row, and the folder outside the repository that keeps them. Needs only numpy.

Paired intervals can be drawn again without a rerun. Class names are cells, so the folder is none of the repository's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from .tables import ExamTable

__all__ = ["RUN", "Answers", "Store"]

RUN = "run.json"
"""File beside the answers: how a run for all targets went."""


@dataclass(frozen=True, eq=False)
class Answers:
    """One contestant's answers for one target, a row for each row of the test table.

    Attributes:
        values: float64 [rows] for numbers, strings [rows] for classes, bool [rows, labels] for sets.
        scores: float32 [rows, classes or labels], probabilities or margins; None where there are none.
        classes: names of the columns of `scores` and, for sets, of `values`.
        costs: cpu_seconds, seconds and the like.
    """

    values: np.ndarray
    scores: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    costs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """Kept answers: one file per table, contestant, seed and target.

    Attributes:
        root: the folder.
    """

    root: Path

    @classmethod
    def usual(cls) -> Store:
        """Return `$TORSO_EXAM`, by default `~/.cache/torso-exam`."""
        return cls(Path(os.environ.get("TORSO_EXAM", Path.home() / ".cache" / "torso-exam")))

    def folder(self, table: ExamTable, contestant: str, seed: int) -> Path:
        """Return where a contestant's answers for a table lie."""
        return self.root / f"{table.name}-{table.key}" / table.part / contestant / str(seed)

    def seeds(self, table: ExamTable, contestant: str) -> list[int]:
        """Return the seeds with answers."""
        there = self.folder(table, contestant, 0).parent
        return sorted(int(path.name) for path in there.glob("*") if path.name.isdigit())

    def contestants(self, table: ExamTable) -> list[str]:
        """Return the names of those with answers."""
        there = self.folder(table, "-", 0).parent.parent
        return sorted(path.name for path in there.glob("*") if path.is_dir())

    def spend(self, table: ExamTable, contestant: str, seed: int, seconds: float) -> None:
        """Add CPU seconds to those that a contestant has spent on a table."""
        path = self.folder(table, contestant, seed) / RUN
        path.parent.mkdir(parents=True, exist_ok=True)
        told = json.loads(path.read_text()) if path.exists() else {"cpu_seconds": 0.0}
        told["cpu_seconds"] = round(told["cpu_seconds"] + seconds, 1)
        path.write_text(json.dumps(told))

    def has(self, table: ExamTable, contestant: str, seed: int, target: str) -> bool:
        """Return whether there are answers."""
        return (self.folder(table, contestant, seed) / _file(target)).exists()

    def load(self, table: ExamTable, contestant: str, seed: int, target: str) -> Answers | None:
        """Return the answers; None if there are none."""
        path = self.folder(table, contestant, seed) / _file(target)
        return read_answers(path) if path.exists() else None

    def save(
        self, table: ExamTable, contestant: str, seed: int, target: str, answers: Answers
    ) -> None:
        """Keep the answers."""
        write_answers(self.folder(table, contestant, seed) / _file(target), answers)


def read_answers(path: Path) -> Answers:
    """Return the answers in a file."""
    with np.load(path, allow_pickle=False) as kept:
        return Answers(
            kept["values"],
            kept.get("scores"),
            tuple(kept["classes"].tolist()) if "classes" in kept else (),
            json.loads(str(kept["costs"])),
        )


def write_answers(path: Path, answers: Answers) -> None:
    """Write the answers; a file that is there is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"values": answers.values, "costs": np.array(json.dumps(dict(answers.costs)))}
    if answers.scores is not None:
        arrays |= {"scores": answers.scores, "classes": np.array(answers.classes)}
    elif answers.classes:
        arrays["classes"] = np.array(answers.classes)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def _file(target: str) -> str:
    return f"{quote(target, safe=' ')}.npz"
