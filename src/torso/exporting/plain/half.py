"""`PlainHalf.outputs` as a module that can be traced: the blend of network and plain models, task by task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.tensors import Named
from torso.exporting.plain.boosted import BoostedStatements
from torso.exporting.plain.forest import ForestStatements
from torso.exporting.plain.linear import LinearStatements
from torso.exporting.plain.pooling import pooled
from torso.exporting.plain.rows import FlatRows
from torso.plain.blend import PlainHalf
from torso.plain.half import BLIND, PlainTask
from torso.plain.models import BoostedTrees, ExtraTrees, PlainModel, SparseLinear
from torso.tasks import Head

__all__ = ["PlainGraph"]


class PlainGraph(nn.Module):
    """The blend's raw outputs of all tasks, which `PlainHalf.outputs` says in numpy.

    Args:
        half: of a run.
        heads: task -> head, calibrated for the blend: those of the run's model.

    Raises:
        ConfigError: a plain model of a kind that cannot be written as a graph.
    """

    def __init__(self, half: PlainHalf, heads: Mapping[str, Head]) -> None:
        super().__init__()
        blending = {name: task for name, task in half.tasks.items() if task.blends}
        groups = _groups(blending.values())
        places = {
            model: (number, place)
            for number, models in enumerate(groups)
            for place, model in enumerate(models)
        }
        self.groups = nn.ModuleList([_module(models, half.view.columns) for models in groups])
        self.tasks: Named[_Blend] = Named(
            {name: _Blend(task, heads[name], places) for name, task in blending.items()}
        )

    def forward(self, network: Mapping[str, Tensor], rows: FlatRows) -> dict[str, Tensor]:
        """Return task -> raw outputs of its head; those of the network where no plain model takes part.

        Args:
            network: task -> raw outputs of the network, `[rows, ...]`.
            rows: the same in the flat view.
        """
        said = [cast("list[Tensor]", group(rows)) for group in self.groups]
        outputs = dict(network)
        for name, task in self.tasks.pairs():
            outputs[name] = task(network[name], said, rows.known)
        return outputs


class _Blend(nn.Module):
    """Raw outputs of a head that say the blend of network, plain models and the answer without inputs.

    Args:
        task: knows their shares.
        head: of the task.
        places: model -> its group, and its place there.
    """

    blind: Tensor
    tilt: Tensor | None

    def __init__(
        self, task: PlainTask, head: Head, places: Mapping[PlainModel, tuple[int, int]]
    ) -> None:
        super().__init__()
        self.task, self.head = task, head
        heard = task.heard if task.share else {}
        self.places = [places[model] for model in heard.values()]
        self.weights = [*(task.weights[name] for name in heard), task.weights[BLIND]]
        tilt = None if task.tilt is None else torch.from_numpy(task.tilt)
        self.register_buffer("blind", torch.from_numpy(task.blind)[None], persistent=False)
        self.register_buffer("tilt", tilt, persistent=False)

    def forward(self, network: Tensor, said: Sequence[Sequence[Tensor]], known: Tensor) -> Tensor:
        """Return raw outputs `[rows, outputs]`.

        Args:
            network: raw outputs of the network.
            said: statements of the models of all groups.
            known: bool `[rows]`: rows that are blended; the others are the network's.
        """
        alone = self.head.stated(network, self.task.scale).double()
        statements, weights = [alone], [1.0]
        if self.task.share:
            own = [said[group][place] for group, place in self.places]
            own = own if self.tilt is None else [each + self.tilt for each in own]
            plain = pooled(self.task.family, [*own, self.blind], self.weights)
            statements, weights = [alone, plain], [1.0 - self.task.share, self.task.share]
        if self.task.constant:
            statements.append(self.blind)
            rest = 1.0 - self.task.constant
            weights = [*(rest * weight for weight in weights), self.task.constant]
        blended = pooled(self.task.family, statements, weights)
        blended = torch.where(known[:, None], blended, alone)
        return self.head.raw(blended.to(network.dtype), network)


def _groups(tasks: Iterable[PlainTask]) -> list[list[PlainModel]]:
    """Return the models that take part in answers, grouped by the features that they read."""
    groups: dict[object, list[PlainModel]] = {}
    for task in tasks:
        for model in task.heard.values() if task.share else ():
            groups.setdefault(_shared(model), []).append(model)
    return list(groups.values())


def _shared(model: PlainModel) -> object:
    """Return a value that models have in common if one module can say their statements.

    Raises:
        ConfigError: no module can.
    """
    if isinstance(model, SparseLinear):
        return model.design
    if isinstance(model, BoostedTrees):
        return model.means[1:]
    if isinstance(model, ExtraTrees):
        return ExtraTrees
    raise ConfigError(
        f"The plain model {model.name!r} has no form as a graph, so a run with it cannot be exported. Train without it: "
        f"`plain.models` without {model.name!r}, or `blend: off`."
    )


def _module(models: Sequence[PlainModel], columns: int) -> nn.Module:
    """Return the module that says the statements of a group.

    Args:
        models: of the group.
        columns: of the dense part of the flat view.
    """
    if isinstance(models[0], SparseLinear):
        return LinearStatements(cast("Sequence[SparseLinear]", models))
    if isinstance(models[0], BoostedTrees):
        return BoostedStatements(cast("Sequence[BoostedTrees]", models), columns)
    return ForestStatements(cast("Sequence[ExtraTrees]", models))
