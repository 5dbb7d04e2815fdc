"""Confusion of classes: which class was answered how often for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.runs.report.held_out import TaskAnswers

__all__ = ["UNSEEN", "Confusion", "chosen_classes", "class_names", "confusion_of"]

UNSEEN = "(unseen)"
"""Name of the classes that training never saw."""


@dataclass(frozen=True)
class Confusion:
    """Rows by class and answer.

    Attributes:
        names: of the classes.
        counts: `[class][answer]`.
    """

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def pairs(self) -> list[tuple[int, str, str]]:
        """Return the wrong pairs as rows, class and answer, the most frequent first."""
        wrong = [
            (count, self.names[true], self.names[said])
            for true, row in enumerate(self.counts)
            for said, count in enumerate(row)
            if count and true != said
        ]
        return sorted(wrong, key=lambda pair: -pair[0])


def chosen_classes(own: TaskAnswers) -> NDArray[np.intp] | None:
    """Return the answered class of each row; None for a kind whose answer is no class."""
    scores = own.scores
    binary = scores.axes == (1, 1) and scores.probable
    if not (
        own.whole and (binary or scores.axes == (2, 1)) and own.answer.shape[:1] == own.truth.shape
    ):
        return None
    return np.asarray(scores.plain_answers(own.answer, own.details), np.intp)


def confusion_of(own: TaskAnswers, chosen: NDArray[np.intp]) -> Confusion:
    """Count labelled rows by class and answer; a class that training never saw stands last."""
    names = class_names(own)
    used = own.labelled
    truth = np.minimum(own.truth[used].astype(np.intp), len(names))
    size = len(names) + int((truth == len(names)).any())
    counts = np.zeros((size, size), np.intp)
    np.add.at(counts, (truth, chosen[used]), 1)
    shown = (*names, *([UNSEEN] if size > len(names) else []))
    return Confusion(shown, tuple(tuple(map(int, row)) for row in counts))


def class_names(own: TaskAnswers) -> tuple[str, ...]:
    """Return the names of the classes; their numbers where they have none."""
    classes = own.answer.shape[1] if own.answer.ndim == 2 else 2
    return own.names or tuple(map(str, range(classes)))
