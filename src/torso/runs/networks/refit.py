"""`refit: true`: after choosing, the network is trained once more, on training and validation rows.

It takes as many epochs as were best, under the schedule of the first training, and keeps its last weights: no row is
left to choose by. Its heads get the calibration of the first network, which was fitted on rows held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from torso.core.errors import Diverged, RunError
from torso.core.notes import Telling
from torso.model.model import Model
from torso.runs.networks.folds import Folds
from torso.runs.networks.network import train_network
from torso.runs.networks.timer import Timer
from torso.runs.preparing.prepared import Prepared
from torso.runs.settings.config import RunConfig
from torso.tasks import Head
from torso.training import Listener

__all__ = ["refitted"]


def refitted(
    prepared: Prepared,
    config: RunConfig,
    trained: Folds,
    listener: Listener,
    timer: Timer | None = None,
) -> Model | None:
    """Return the network trained on all rows but the test's; None, with a note, where that cannot be.

    Args:
        prepared: the rows.
        config: complete.
        trained: the first network, judged, its heads calibrated for its answers.
        listener: is told.
        timer: of the run's budget.
    """
    training, validation = prepared.parts["training"], prepared.parts["validation"]
    why = _why_not(trained, same=training.table is validation.table, timer=timer)
    if why is not None:
        listener.noted(f"The network was not trained again on all rows (`refit`): {why}.")
        return None
    rows = np.sort(np.concatenate([training.rows, validation.rows]))
    whole = {**prepared.parts, "training": replace(training, rows=rows)}
    epochs = trained.trainer.kept.epochs[""]  # of the least sum of the held-out losses
    torch.manual_seed(config.seed)
    listener.preparing("network of all rows", 1, 1)
    try:
        network = train_network(
            replace(prepared, parts=whole), config, Listener(), last_epoch=epochs
        )
    except (Diverged, RunError) as error:
        listener.noted(f"The network was not trained again on all rows (`refit`): {error}")
        return None
    if network.trainer.resumable:
        listener.noted(
            "Training again on all rows (`refit`) was interrupted: the first network is kept."
        )
        return None
    answers = trained.held_out
    for task, head in network.model.heads.pairs():
        _calibrate_alike(
            head, trained.model.heads[task], answers.outputs[task], answers.targets[task]
        )
    listener.noted(
        Telling(
            f"The network was trained again on all {len(rows):,} training and validation rows, for {epochs} epochs. The "
            "scores are those of the first network, which did not see the validation rows."
        )
    )
    return network.model


def _why_not(trained: Folds, *, same: bool, timer: Timer | None) -> str | None:
    if trained.networks > 1:
        return "its networks together have learnt from every row, each from all folds but its own"
    if not same:
        return "a table of its own validates"
    if trained.trainer.resumable:
        return "the first training ended before its time"
    if timer is not None and timer.end - timer.clock() < trained.training:
        return "there is no time left in the budget"
    return None


def _calibrate_alike(head: Head, first: Head, outputs: Tensor, targets: Tensor) -> None:
    """Give a head the calibration of another: its buffers, and the weights that calibrating sets.

    Args:
        head: changed.
        first: of the first network.
        outputs: of the first network on held-out rows.
        targets: of the same rows.
    """
    trial = deepcopy(first).cpu()
    trial.calibrate(outputs[::2], targets[::2])
    own: Mapping[str, Tensor] = first.state_dict()
    after = trial.state_dict()
    buffers = {name for name, _ in first.named_buffers()}
    head.load_state_dict(
        {
            name: own[name]
            if name in buffers or not torch.equal(after[name], own[name].cpu())
            else value
            for name, value in head.state_dict().items()
        }
    )
