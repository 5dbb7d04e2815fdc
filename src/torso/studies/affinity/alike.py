"""Likeness of tasks by the answers of models that learnt one task each.

From Dwivedi and Roig 2019, "Representation Similarity Analysis for Efficient Task Taxonomy & Transfer Learning"
(https://arxiv.org/abs/1904.11740), by the similarity of Kornblith et al. 2019 (linear CKA, https://arxiv.org/abs/1905.00414).
Differs: answers are compared instead of representations, so that any two models will do. It needs neither
common labels nor a common training, and so complements the gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from torso.runs.report.held_out import TaskAnswers

__all__ = ["gains_of", "likeness"]

Floats = NDArray[np.float64]

FEWEST = 20
"""Rows below which nothing is said."""
_LEAST = 0.1
"""Likeness that unlike tasks may have, and difference that groups need."""


def likeness(answers: Mapping[str, TaskAnswers], tasks: Sequence[str]) -> Floats:
    """Return the likeness `[tasks, tasks]` of answers to the same rows, from 0 to 1; NaN where it is unknown.

    It is the linear centred kernel alignment; of two columns of numbers, their squared correlation.

    >>> import numpy as np
    >>> from torso.runs.report.held_out import TaskAnswers
    >>> up = np.arange(40.0)
    >>> of = {"a": up, "b": -up, "c": np.tile([1.0, 0.0, 0.0, 1.0], 10)}
    >>> answers = {task: TaskAnswers("number", values, values) for task, values in of.items()}
    >>> likeness(answers, ["a", "b", "c"]).round(2).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]

    Args:
        answers: task -> those of a model that learnt this task.
        tasks: names, in the order wanted.
    """
    views = [_centred(answers.get(task)) for task in tasks]
    lengths = [np.nan if view is None else float(np.linalg.norm(view.T @ view)) for view in views]
    out = np.full((len(tasks), len(tasks)), np.nan)
    for i, first in enumerate(views):
        for j, second in enumerate(views):
            if first is None or second is None or not lengths[i] * lengths[j] > 0:
                continue
            out[i, j] = np.linalg.norm(first.T @ second) ** 2 / (lengths[i] * lengths[j])
    return out


def gains_of(alike: Floats) -> Floats | None:
    """Return likenesses as gains `[tasks, tasks]` for `groupings`: above 0 for pairs that are more alike than most.

    None where all pairs are about as alike, since that says nothing about groups.

    Args:
        alike: from `likeness`.
    """
    pairs = alike[~np.eye(len(alike), dtype=bool)]
    known = pairs[~np.isnan(pairs)]
    if not len(known) or known.max() - known.min() < _LEAST:
        return None
    return alike - max(float(known.mean()), _LEAST)


def _centred(own: TaskAnswers | None) -> Floats | None:
    """Return answers `[rows, numbers]` less their means; None where they are no numbers, or too few."""
    if own is None or not own.whole or own.answer.dtype.kind not in "biuf":
        return None
    values = own.answer.astype(np.float64).reshape(len(own.answer), -1)
    if len(values) < FEWEST or not np.isfinite(values).all():
        return None
    centred: Floats = values - values.mean(0)
    return centred
