"""The plain half of a run beside its network: the flat view, each task's plain models, and the blended outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from torso.columns.inputs._input import State
from torso.plain.flat.flat import Flat
from torso.plain.flat.view import FlatView
from torso.plain.half import PlainTask, restore_task
from torso.plain.models import PlainModel
from torso.plain.pooling import Floats, fit_weights
from torso.tasks._base.head import Head
from torso.tasks._base.response import Response

__all__ = [
    "NO_SIGNAL",
    "PlainHalf",
    "blended_outputs",
    "calibrate_blend",
    "chance_of_no_signal",
    "fit_share",
    "stated",
]

_PLAIN_SHARE = 0.65
"""Share of the plain models before a held-out row is seen: there are two or three of them, and one network."""
_SHARE_ROWS, _SHARE_ROWS_OF_FOLDS = 40.0, 15.0
"""Weight of that prior, in rows. The rows of a single network also chose its epoch, so they flatter it."""
_FEW_ROWS = 16  # that the models of all tasks read at once
NO_SIGNAL = 0.05
"""Chance, before a held-out row is seen, that the inputs say nothing about a target."""


@dataclass(frozen=True, eq=False)
class PlainHalf:
    """Plain models of a run.

    Attributes:
        view: of the rows.
        tasks: task -> its plain models and their share in the answer; without the tasks that only a network answers.
        patterns: sets of absent modalities that the plain models have met; a row that lacks others is the network's.
    """

    view: FlatView
    tasks: Mapping[str, PlainTask]
    patterns: Sequence[Sequence[str]] = ()

    def outputs(
        self,
        heads: Mapping[str, Head],
        network: Mapping[str, Tensor],
        flat: Flat,
        known: np.ndarray,
    ) -> dict[str, Tensor]:
        """Return the blend's raw outputs, task by task; the network's own where there is no plain model.

        Args:
            heads: of the tasks, calibrated for the blend.
            network: task -> raw outputs of the network.
            flat: the same rows.
            known: bool `[rows]`: rows that lack only what rows of the fit lacked.
        """
        outputs = dict(network)
        said = self._said(flat)
        for name, task in self.tasks.items():
            if task.blends:
                plain = task.statement(flat, said) if task.share else None
                outputs[name] = blended_outputs(task, heads[name], network[name], plain, known)
        return outputs

    def _said(self, flat: Flat) -> dict[PlainModel, Floats]:
        """Return the statements of all models about few rows; of many rows, none."""
        if flat.rows > _FEW_ROWS:
            return {}
        return {
            model: statement
            for models, said in self._at_once
            for model, statement in zip(models, said(flat), strict=True)
        }

    @cached_property
    def _at_once(self) -> list[tuple[list[PlainModel], Callable[[Flat], Sequence[Floats]]]]:
        """Models of a kind, and the function that says their statements about few rows."""
        kinds: dict[type[PlainModel], list[PlainModel]] = {}
        for task in self.tasks.values():
            for model in task.heard.values() if task.share else ():
                kinds.setdefault(type(model), []).append(model)
        return [(own, kind.at_once(own, self.view.columns)) for kind, own in kinds.items()]

    def state(self) -> tuple[State, dict[str, np.ndarray]]:
        """Return all that was learnt: JSON values, and arrays by name."""
        seen, arrays = self.view.state()
        values: State = {"view": seen, "tasks": {}, "patterns": [*map(list, self.patterns)]}
        arrays = {f"view/{name}": array for name, array in arrays.items()}
        for number, (task, plain) in enumerate(self.tasks.items()):
            values["tasks"][task], own = plain.state()
            arrays |= {f"{number}/{name}": array for name, array in own.items()}
        return values, arrays

    @classmethod
    def restore(cls, view: FlatView, values: State, arrays: Mapping[str, np.ndarray]) -> PlainHalf:
        """Return the half whose `state` was saved.

        Args:
            view: of the schema's modalities, unfitted.
            values: the JSON values.
            arrays: by name.
        """
        view.restore(values["view"], _under("view/", arrays))
        tasks = {
            task: restore_task(saved, _under(f"{number}/", arrays))
            for number, (task, saved) in enumerate(values["tasks"].items())
        }
        return cls(view, tasks, values["patterns"])


def stated(task: PlainTask, head: Head, outputs: Tensor) -> Floats:
    """Return the network's statement `[rows, width]`, calibrated as it was before the blend."""
    with torch.no_grad():
        said = head.stated(outputs, task.scale)
    return np.asarray(said.double().cpu().numpy())


def blended_outputs(
    task: PlainTask,
    head: Head,
    network: Tensor,
    plain: Floats | None,
    known: np.ndarray | None = None,
) -> Tensor:
    """Return the raw outputs that say the blend of a network and plain models.

    Args:
        task: knows their shares.
        head: of the task.
        network: its raw outputs.
        plain: statement of the plain models, `[rows, width]`; None where they have no share.
        known: bool `[rows]`: rows that are blended; the others are the network's. None: all.
    """
    device = next(head.parameters()).device
    own = network.to(device)
    alone = stated(task, head, own)
    said = task.blended(alone, plain)
    if known is not None:
        said = np.where(known[:, None], said, alone)
    with torch.no_grad():
        return head.raw(torch.from_numpy(said).to(own), own).to(network.device)


def calibrate_blend(
    task: PlainTask, head: Head, outputs: Tensor, plain: Floats, targets: Tensor
) -> None:
    """Calibrate a head for the blend, on held-out rows."""
    pooled = blended_outputs(task, head, outputs, plain)
    head.uncalibrate()
    head.calibrate(pooled, targets)


def fit_share(response: Response, network: Floats, plain: Floats, *, folds: bool) -> float:
    """Return the share of the plain statement with which the blend is likeliest on held-out rows.

    Args:
        response: labels of the held-out rows.
        network: its statement about them.
        plain: that of the plain models.
        folds: whether every row is held out once.
    """
    weights = fit_weights(
        response,
        [network, plain],
        prior=[1 - _PLAIN_SHARE, _PLAIN_SHARE],
        rows=_SHARE_ROWS_OF_FOLDS if folds else _SHARE_ROWS,
    )
    share = float(weights[1])
    return 0.0 if share < 0.02 else 1.0 if share > 0.98 else round(share, 4)


def chance_of_no_signal(gain: float) -> float:
    """Return the chance that the inputs say nothing about a target; it becomes the constant's share in the answer.

    Bayes' rule for two models of the held-out labels: the blend, and what is said without inputs. A share that made the
    pool likeliest would damp targets that can be learnt, too; this is 0 there. Kass & Raftery, "Bayes Factors", Journal
    of the American Statistical Association 90, 1995. Differs: likelihoods are those of held-out rows, not integrated over
    parameters.

    Args:
        gain: by how much the log-likelihood of all held-out labels under the blend is above that without inputs.
    """
    if np.isnan(gain):
        return 0.0
    odds = np.log(NO_SIGNAL) - np.log1p(-NO_SIGNAL) - gain
    chance = float(0.5 * (1.0 + np.tanh(0.5 * odds)))
    return 0.0 if chance < 0.02 else round(chance, 4)


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
