"""Answers to held-out rows in bins, with which later answers can be compared; an exported run holds them as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from torso.columns.references import Reference
from torso.core.whole_files import Json
from torso.runs.report.held_out import HeldOut, TaskAnswers

__all__ = ["AnswerReference", "answer_references"]

_COMPARED = ("number", "count", "category", "binary")


@dataclass(frozen=True)
class AnswerReference:
    """Answers of a task to held-out rows.

    Attributes:
        shares: of the answers in bins.
        names: of the task's classes; empty for numbers.
    """

    shares: Reference
    names: tuple[str, ...] = ()

    def to_dict(self) -> Json:
        """Return JSON values."""
        return {"shares": self.shares.to_dict(), "names": [*self.names]}

    @classmethod
    def from_dict(cls, saved: Json) -> Self:
        """Return the reference that `to_dict` wrote."""
        return cls(Reference.from_dict(saved["shares"]), tuple(map(str, saved["names"])))


def answer_references(held_out: HeldOut | None) -> Mapping[str, AnswerReference]:
    """Return task -> the reference of its answers; nothing where a run kept none.

    Predicted numbers are compared as they are, categories by the likeliest class, binary answers by the probability of the second
    value. Other kinds have none.
    """
    tasks = {} if held_out is None else held_out.tasks
    shares = {task: _shares_of(own) for task, own in tasks.items()}
    return {
        task: AnswerReference(own, tuple(tasks[task].names))
        for task, own in shares.items()
        if own is not None
    }


def _shares_of(own: TaskAnswers) -> Reference | None:
    answer = np.asarray(own.answer)
    if own.kind not in _COMPARED or answer.dtype.kind not in "fiu" or not len(answer):
        return None
    if answer.ndim == 1:
        return Reference.of_numbers(answer.astype(np.float64))
    if answer.ndim == 2 and own.names and answer.shape[1] == len(own.names):
        likeliest = [own.names[at] for at in answer.argmax(axis=1)]
        return Reference.of_values(pa.array(likeliest, pa.large_string()))
    return None
