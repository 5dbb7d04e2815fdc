"""Does a row's input say anything about a target? Held-out rows are asked, beside the answer without inputs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from torso.plain.blend import NO_SIGNAL, blended_outputs, calibrate_blend
from torso.plain.half import PlainTask
from torso.plain.pooling import Floats, constant_statement, log_likelihood, tilted
from torso.tasks import Head, Response
from torso.training import Listener

__all__ = ["gain_of_inputs", "tell_no_signal"]

_FOLDS_OF_GAIN = 5


@torch.no_grad()
def gain_of_inputs(
    task: PlainTask, head: Head, response: Response, held_out: tuple[Tensor, Floats, Tensor]
) -> float:
    """Return by how much the log-likelihood of held-out labels under the blend is above that without inputs.

    Both are calibrated on four fifths of these rows and judged on the others, in turn. Numbers are judged by one spread
    for all rows, so a few gross errors beside many small ones do not outweigh the signal.

    Args:
        task: knows the shares of network and plain models.
        head: of the task; it is left as it was.
        response: labels of the held-out rows.
        held_out: raw outputs of the network, statement of the plain models, and labels.
    """
    outputs, plain, targets = held_out
    before, fold = deepcopy(head.state_dict()), np.arange(len(outputs)) % _FOLDS_OF_GAIN
    blend, constant = np.zeros(plain.shape), np.zeros(plain.shape)
    for number in range(_FOLDS_OF_GAIN):
        fit, left = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        without = tilted(response, constant_statement(response.take(fit)))
        blind = np.broadcast_to(without, plain.shape)
        pairs = ((blend, task, plain), (constant, replace(task, share=1.0), blind))
        for result, own, said in pairs:
            calibrate_blend(own, head, outputs[fit], said[fit], targets[fit])
            pooled = blended_outputs(own, head, outputs[left], said[left])
            result[left] = head.stated(pooled).double().numpy()
            head.load_state_dict(before)
    return log_likelihood(response, blend) - log_likelihood(response, constant)


def tell_no_signal(tasks: Mapping[str, PlainTask], listener: Listener) -> None:
    """Tell which targets held-out rows say nothing for.

    Args:
        tasks: by name, weighed.
        listener: is told.
    """
    for name, task in tasks.items():
        if task.constant >= NO_SIGNAL:
            listener.noted(
                f"{name}: no better than without inputs on held-out rows. What is said without them has "
                f"{task.constant:.0%} of the answer. More rows or other columns may help; to have the network alone: "
                f"--set blend=off."
            )
