"""The held-out losses that epochs are judged by."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from torso.core.errors import ConfigError, Diverged
from torso.model.model import Model
from torso.training.answers import Answers
from torso.training.divergence import bad_rows, said

__all__ = ["check_held_out", "nothing_learnt"]


def check_held_out(
    model: Model, losses: Mapping[str, float], answers: Answers, rows: Tensor, epoch: int
) -> None:
    """Refuse held-out losses that judge nothing.

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
    if all(math.isnan(loss) for loss in losses.values()):
        raise ConfigError(
            "No validation row has a label, so early stopping has nothing to judge. Give a larger share, such as --set "
            "data.split.validation=0.3, or a validation table with labels."
        )


def nothing_learnt(reason: str, *, interrupted: bool) -> str:
    """Return why a training left no weights."""
    if interrupted:
        return (
            "Interrupted before the first epoch had ended: nothing was learnt yet, so there is no model and nothing to "
            "resume. Start again."
        )
    return (
        f"The training ended ({reason}) without one finite held-out loss: nothing was learnt. Lower `training.lr`, "
        "and look at the targets' values."
    )
