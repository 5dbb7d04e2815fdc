"""The affinities of a run's tasks: the effect of a step for one task on the others, with its noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from torso.core.errors import ConfigError
from torso.evaluation.estimate import number_in, number_out
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.logged_looks import read_looks
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut
from torso.runs.report.shown import aligned
from torso.studies.affinity.estimates import Estimated, estimated, looks_of
from torso.tables.alike import require_pandas
from torso.training.listeners import Look

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LEAST_OVERLAP",
    "Affinity",
    "affinity",
    "affinity_of",
    "labels_overlap",
    "overlap_enough",
]

LEAST_OVERLAP = 0.3
"""Rows that two tasks share, as a share of the rarer task's: below it gradients tell noise (arxiv.org/abs/2604.07848)."""
_FEWEST_SHARED = 20
"""Rows that two tasks share, at least."""
_MOST_SILENT = 5
"""Pairs that are named, should nothing be said about them."""
_MATRICES = ("gain", "low", "high", "cosine", "magnitude", "overlap")
Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, repr=False)
class Affinity:
    """Affinities between tasks.

    Attributes:
        tasks: in the order of the matrices, `[first][second]`.
        gain: of the second task by a step for the first, as a share of that by a step of its own: 1 is as good as its own
            step, 0 does nothing, below 0 harms. NaN where too little is known.
        low: end of the 95 % interval of `gain`.
        high: end of the 95 % interval of `gain`.
        cosine: of the gradients.
        magnitude: similarity of the gradients' lengths, from 0 to 1.
        overlap: rows with both labels, as a share of the rarer task's; NaN where unknown.
        looks: number of looks behind it.
        silent: pairs about which nothing is said, with the reason, in sentences.
        notes: for the user.
    """

    tasks: tuple[str, ...]
    gain: Matrix
    low: Matrix
    high: Matrix
    cosine: Matrix
    magnitude: Matrix
    overlap: Matrix
    looks: int
    silent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def verdict(self, first: str, second: str) -> str:
        """Return `helps`, `hurts`, `no evidence` or `unknown`: a step for the first task, to the second."""
        at = self.tasks.index(first), self.tasks.index(second)
        low, high = self.low[at[0]][at[1]], self.high[at[0]][at[1]]
        if np.isnan(low):
            return "unknown"
        return "helps" if low > 0 else "hurts" if high < 0 else "no evidence"

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per ordered pair of tasks.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of affinities (`to_dict` has them as values)")
        import pandas as pd

        rows = []
        for first, second in permutations(self.tasks, 2):
            i, j = self.tasks.index(first), self.tasks.index(second)
            values = {name: getattr(self, name)[i][j] for name in _MATRICES}
            rows.append(
                {"of": first, "to": second, **values, "verdict": self.verdict(first, second)}
            )
        return pd.DataFrame(rows, columns=None if rows else ["of", "to", *_MATRICES, "verdict"])

    def __repr__(self) -> str:
        """Return the gains as a table, with the intervals that exclude 0 marked, and the notes."""
        table = [["a step for", *(f"to {task}" for task in self.tasks)]]
        for first in self.tasks:
            cells = []
            for second in self.tasks:
                gain = self.gain[self.tasks.index(first)][self.tasks.index(second)]
                sure = self.verdict(first, second) in ("helps", "hurts")
                text = "?" if np.isnan(gain) else f"{gain:+.2f}{'*' if sure else ''}"
                cells.append("" if first == second else text)
            table.append([first, *cells])
        legend = f"* surely not 0 ({self.looks} looks); 1: as good as a step of its own; ?: unknown"
        return "\n".join(
            [*aligned(table), legend, *(f"note: {note}" for note in (*self.silent, *self.notes))]
        )

    def to_dict(self) -> dict[str, object]:
        """Return a mapping that JSON can hold."""
        return {
            "tasks": list(self.tasks),
            **{
                name: [[number_out(cell) for cell in row] for row in getattr(self, name)]
                for name in _MATRICES
            },
            "looks": self.looks,
            "silent": list(self.silent),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, object]) -> Affinity:
        """Return the affinities that `to_dict` wrote."""
        matrices = {name: _read(saved[name]) for name in _MATRICES}
        return cls(
            tasks=_texts(saved["tasks"]),
            **matrices,
            looks=int(str(saved["looks"])),
            silent=_texts(saved["silent"]),
            notes=_texts(saved["notes"]),
        )


def _read(rows: object) -> Matrix:
    assert isinstance(rows, Sequence)
    return tuple(tuple(number_in(cell) for cell in row) for row in rows)


def _texts(values: object) -> tuple[str, ...]:
    assert isinstance(values, Sequence)
    return tuple(map(str, values))


def affinity(run: Predictor | str | Path) -> Affinity:
    """Return the affinities of a run's tasks, from the looks at the gradients in its log.

    >>> import torso, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> planted = torso.planted.plant("alike", rows=300)
    >>> settings = {**planted.settings, "training.epochs": 6, "training.looks": 2}
    >>> run = torso.fit(planted.table, planted.targets, inputs=planted.inputs, settings=settings, out=folder, overwrite=True)
    >>> torso.affinity(run).tasks
    ('a1', 'a2', 'a3', 'a4')

    Args:
        run: that lies in a folder, or the folder.

    Raises:
        ConfigError: the run lies in no folder.
        RunError: the folder holds no run.
    """
    path = run.folder if isinstance(run, Predictor) else Path(run).expanduser()
    if path is None:
        raise ConfigError(
            "`run` should lie in a folder, whose log has the looks at the gradients. Found one in memory. Train it with "
            "out='runs/first'."
        )
    folder = RunFolder(path)
    tasks = tuple(folder.report().tasks)
    overlap = _overlap(folder.held_out())
    return affinity_of(read_looks(path / "log.jsonl"), tasks, overlap)


def _overlap(held_out: HeldOut | None) -> dict[tuple[str, str], tuple[int, float]]:
    """Return pair of tasks -> rows with both labels, and their share of the rarer task's; empty where unknown."""
    if held_out is None:
        return {}
    known = {task: own.labelled for task, own in held_out.tasks.items()}
    return labels_overlap(known)


def labels_overlap(
    known: Mapping[str, NDArray[np.bool_]],
) -> dict[tuple[str, str], tuple[int, float]]:
    """Return the same of bool `[rows]` per task: the row has a label."""
    out = {}
    for first, second in combinations(known, 2):
        both = int((known[first] & known[second]).sum())
        rarer = min(int(known[first].sum()), int(known[second].sum()))
        out[first, second] = out[second, first] = (both, both / rarer if rarer else 0.0)
    return out


def overlap_enough(rows: int, share: float) -> bool:
    """Return True if two tasks share so many labelled rows that their gradients say something about each other.

    Args:
        rows: with both labels.
        share: of the rarer task's rows.
    """
    return rows >= _FEWEST_SHARED and share >= LEAST_OVERLAP


def affinity_of(
    looks: Sequence[Look],
    tasks: Sequence[str],
    overlap: Mapping[tuple[str, str], tuple[int, float]],
) -> Affinity:
    """Return the affinities that looks tell of tasks that overlap as said.

    Args:
        looks: of a training of all tasks together.
        tasks: names.
        overlap: pair -> rows with both labels, and their share of the rarer task's; a pair that is absent is unknown.
    """
    matrices, ahead = looks_of(looks, tasks)
    own = estimated(matrices)
    silent = []
    hidden = np.zeros((len(tasks), len(tasks)), bool)
    for first, second in combinations(range(len(tasks)), 2):
        rows, share = overlap.get((tasks[first], tasks[second]), (_FEWEST_SHARED, 1.0))
        if not overlap_enough(rows, share):
            hidden[first, second] = hidden[second, first] = True
            silent.append(
                f"{tasks[first]!r} and {tasks[second]!r} have {rows} labelled rows in common, {100 * share:.0f} % of the "
                "rarer one's: their gradients say nothing about each other."
            )
    pairs = len(tasks) * (len(tasks) - 1) // 2
    if len(silent) > _MOST_SILENT:
        silent = [
            f"{len(silent):,} of the {pairs:,} pairs of tasks have less than {_FEWEST_SHARED} labelled rows in common, or "
            f"{100 * LEAST_OVERLAP:.0f} % of the rarer one's: their gradients say nothing about each other."
        ]
    shares = [
        [1.0 if a == b else overlap.get((a, b), (0, float("nan")))[1] for b in tasks] for a in tasks
    ]
    return Affinity(
        tasks=tuple(tasks),
        **{name: _hidden(getattr(own, name), hidden) for name in _MATRICES[:-1]},
        overlap=tuple(map(tuple, shares)),
        looks=own.looks,
        silent=tuple(silent),
        notes=() if pairs and hidden.sum() == 2 * pairs else _notes(own, ahead, len(tasks)),
    )


def _hidden(matrix: NDArray[np.float64], hidden: NDArray[np.bool_]) -> Matrix:
    return tuple(map(tuple, np.where(hidden, np.nan, matrix).tolist()))


def _notes(own: Estimated, ahead: bool, tasks: int) -> tuple[str, ...]:
    if tasks < 2:
        return ("There is one task: it has no other to go with.",)
    if not own.looks:
        return (
            "The run's log has no looks at the tasks' gradients. Train it again with --set training.looks=10.",
        )
    notes = []
    if np.isnan(own.gain).all():
        notes.append(
            f"Too few looks at the tasks' gradients, {own.looks}, to tell which tasks help each other. Train for longer, or look "
            "more often."
        )
    if not ahead:
        notes.append(
            "The looks are those of the balancer: they tell plain steps, each on its own rows, so that a task's noise counts "
            "as kinship with itself."
        )
    return tuple(notes)
