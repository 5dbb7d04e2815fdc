"""The number that an epoch is judged by: the sum of the tasks' held-out losses."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from torso.core.errors import ConfigError, Diverged
from torso.model.model import Model
from torso.training.answers import Answers
from torso.training.divergence import bad_rows, said

__all__ = ["held_out_loss"]


def held_out_loss(
    model: Model, losses: Mapping[str, float], answers: Answers, rows: Tensor, epoch: int
) -> float:
    """Return the sum of the losses of the tasks that have labels in the validation rows.

    Args:
        model: has the heads.
        losses: task -> held-out loss; NaN for a task without labels.
        answers: on the validation rows, with their targets.
        rows: int64, the position of each in its table, for the message.
        epoch: for the message.

    Raises:
        Diverged: a task has labels and its loss is NaN or infinite.
        ConfigError: no task has a label.
    """
    diverged = [
        task
        for task, head in model.heads.pairs()
        if not math.isfinite(losses[task]) and bool(head.labelled(answers.targets[task]).any())
    ]
    if diverged:
        values = [losses[task] for task in diverged]
        bad = bad_rows(model, answers.outputs, answers.targets)
        raise Diverged(
            f"The held-out loss of {diverged} is {values} after epoch {epoch}. {said(bad, rows)} Lower `training.lr`, "
            "or look at these targets' values with `torso inspect`."
        )
    known = [loss for loss in losses.values() if not math.isnan(loss)]
    if not known:
        raise ConfigError(
            "No validation row has a label, so early stopping has nothing to judge. Give "
            "`data.split.validation` a larger share."
        )
    return sum(known)
