"""The baseline that sees no input: the commonest class, the mean, or whatever the kind of target guesses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from torso.runs.report.held_out import TaskAnswers

__all__ = ["without_inputs"]


def without_inputs(run: TaskAnswers) -> TaskAnswers | None:
    """Return the answers of the predictor that sees no input; None where answers are too large to be kept."""
    if not run.whole:
        return None
    used = np.flatnonzero(run.labelled)
    guess = run.scores.guess(run.baseline, run.answer.astype(np.float64))
    blind = run.scores.blind(run.baseline, run.truth[used], run.level)
    details = {}
    for name, values in blind.items():
        if name in run.details:
            unknown = math.nan if values.dtype.kind == "f" else 0  # decisions stay decisions
            details[name] = np.full((len(run.truth), *values.shape[1:]), unknown, values.dtype)
            details[name][used] = values
    return replace(run, answer=guess, details=details)
