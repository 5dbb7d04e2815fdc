"""The number that an epoch is judged by: the sum of the tasks' held-out losses."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torso.core.errors import ConfigError
from torso.model.model import Model
from torso.training.answers import Answers

__all__ = ["held_out_loss"]


def held_out_loss(model: Model, losses: Mapping[str, float], answers: Answers, epoch: int) -> float:
    """Return the sum of the losses of the tasks that have labels in the validation rows.

    Args:
        model: has the heads.
        losses: task -> held-out loss; NaN for a task without labels.
        answers: on the validation rows, with their targets.
        epoch: for the message.

    Raises:
        ConfigError: a task has labels and its loss is NaN, or no task has a label.
    """
    diverged = [
        task
        for task, head in model.heads.pairs()
        if math.isnan(losses[task]) and bool(head.labelled(answers.targets[task]).any())
    ]
    if diverged:
        raise ConfigError(
            f"The held-out loss of {diverged} is NaN after epoch {epoch}. Lower `training.lr`."
        )
    known = [loss for loss in losses.values() if not math.isnan(loss)]
    if not known:
        raise ConfigError(
            "No validation row has a label, so early stopping has nothing to judge. Give "
            "`data.split.validation` a larger share."
        )
    return sum(known)
