"""Confusion of classes on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.runs.report.held_out import TaskAnswers

__all__ = ["Confusion", "confusion"]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Rows by true and answered class.

    Attributes:
        names: of the classes.
        counts: `[true, answered]`.
        unknown: rows of classes that training did not see.
    """

    names: tuple[str, ...]
    counts: NDArray[np.intp]
    unknown: int = 0

    def mistakes(self, most: int = 5) -> list[tuple[str, str, int]]:
        """Return the commonest mistakes: true class, answered class, rows.

        >>> Confusion(("a", "b"), np.array([[5, 2], [1, 4]])).mistakes()
        [('a', 'b', 2), ('b', 'a', 1)]
        """
        wrong = self.counts - np.diag(np.diag(self.counts))
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = [divmod(int(at), len(self.names)) for at in order]
        return [
            (self.names[true], self.names[said], int(wrong[true, said]))
            for true, said in pairs
            if wrong[true, said]
        ]


def confusion(own: TaskAnswers) -> Confusion | None:
    """Return the confusion of a task; None for a kind without classes, or without a labelled row.

    Args:
        own: its answers to held-out rows.
    """
    if not own.whole or own.truth.ndim != 1 or len(own.names) < 2:
        return None
    used = own.labelled
    answers = own.scores.plain_answers(own.answer, own.details)
    if not used.any() or answers.ndim != 1:
        return None
    true, said = own.truth[used].astype(np.intp), answers[used].astype(np.intp)
    known = true < len(own.names)
    counts = np.zeros((len(own.names), len(own.names)), np.intp)
    np.add.at(counts, (true[known], said[known]), 1)
    return Confusion(own.names, counts, int((~known).sum()))
