"""The plain half of a run: for each task, models that read a flat view of the row, cross-fitted and pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs._input import State
from torso.plain.clock import Late
from torso.plain.flat.flat import Flat
from torso.plain.models import PlainModel
from torso.plain.pooling import (
    constant_statement,
    fit_weights,
    held_out_constant,
    pool,
    tilted,
)
from torso.tasks._base.response import Family, Response

__all__ = ["BLIND", "PlainTask", "fit_task", "restore_task"]

Floats = NDArray[np.float64]
_NOTHING: Mapping[PlainModel, Floats] = MappingProxyType({})
BLIND = "no inputs"
"""Name of the mean or the shares of the training labels among the models."""
_PRIOR_ROWS = 15.0  # that the weights of the models before any row is seen are worth


@dataclass(frozen=True, eq=False)
class PlainTask:
    """The plain models of one task and their part in the answer.

    Attributes:
        family: form of the statements.
        models: name -> fitted model.
        weights: name -> weight in the plain statement; `no inputs` is the mean or the shares of the training labels.
        blind: what is said without inputs, `[width]`.
        share: of the plain statement in the blend with the network; 0: the network alone.
        scale: factor of the network's raw logits, calibrated on held-out rows before the blend.
        constant: share of `blind` in the answer; network and plain statement have the rest. 1: all rows have one answer.
        tilt: what class weights add to each model's statement, `[width]`; None without any.
    """

    family: Family
    models: Mapping[str, PlainModel]
    weights: Mapping[str, float]
    blind: Floats
    share: float = 0.0
    scale: float = 1.0
    constant: float = 0.0
    tilt: Floats | None = None

    @property
    def blends(self) -> bool:
        """Return whether the answer differs from that of the network alone."""
        return self.share > 0 or self.constant > 0

    @property
    def heard(self) -> dict[str, PlainModel]:
        """Models with a weight, by name."""
        return {name: model for name, model in self.models.items() if self.weights[name]}

    def statement(self, flat: Flat, said: Mapping[PlainModel, Floats] = _NOTHING) -> Floats:
        """Return the pooled statement of the plain models, `[rows, width]`.

        Args:
            flat: the rows.
            said: statements of models about them, as far as they are known.
        """
        tilt = 0.0 if self.tilt is None else self.tilt
        own = {
            name: (said[model] if model in said else model.predict(flat)) + tilt
            for name, model in self.heard.items()
        }
        return self._pooled(own, flat.rows)

    @property
    def weights_by_kind(self) -> dict[str, float]:
        """Weights of the models, those of several draws together."""
        together: dict[str, float] = {}
        for name, weight in self.weights.items():
            kind = name if name == BLIND else kind_of(name)
            together[kind] = together.get(kind, 0.0) + weight
        return together

    def blended(self, network: Floats, plain: Floats | None) -> Floats:
        """Return the blend of two statements `[rows, width]` and of the constant one.

        Args:
            network: its statement.
            plain: that of the plain models; None where they have no share.
        """
        if plain is None:
            said, weights = [network], [1.0]
        else:
            said, weights = [network, plain], [1.0 - self.share, self.share]
        if self.constant:
            said.append(np.broadcast_to(self.blind, network.shape))
            weights = [*((1.0 - self.constant) * weight for weight in weights), self.constant]
        return pool(self.family, said, weights)

    def state(self) -> tuple[State, dict[str, np.ndarray]]:
        """Return all that was learnt: JSON values, and arrays by name."""
        values: State = {
            "family": self.family,
            "weights": dict(self.weights),
            "share": self.share,
            "scale": self.scale,
            "constant": self.constant,
            "tilt": None if self.tilt is None else self.tilt.tolist(),
            "models": {},
        }
        arrays: dict[str, np.ndarray] = {"blind": self.blind}
        for name, model in self.models.items():
            values["models"][name], own = model.state()
            arrays |= {f"{name}/{key}": value for key, value in own.items()}
        return values, arrays

    def _pooled(self, said: Mapping[str, Floats], rows: int) -> Floats:
        blind = np.broadcast_to(self.blind, (rows, len(self.blind)))
        statements = [said[name] for name in said]
        weights = [self.weights[name] for name in said]
        return pool(self.family, [*statements, blind], [*weights, self.weights[BLIND]])


def restore_task(values: State, arrays: Mapping[str, np.ndarray]) -> PlainTask:
    """Return the task whose `state` was saved."""
    models = {
        name: PlainModel.registry.find(kind_of(name)).restore(
            saved,
            {
                key.removeprefix(f"{name}/"): array
                for key, array in arrays.items()
                if key.startswith(f"{name}/")
            },
        )
        for name, saved in values["models"].items()
    }
    return PlainTask(
        values["family"],
        models,
        values["weights"],
        np.asarray(arrays["blind"], np.float64),
        values["share"],
        values["scale"],
        values.get("constant", 0.0),  # runs of before lack it, and the tilt
        None if values.get("tilt") is None else np.asarray(values["tilt"], np.float64),
    )


def fit_task(
    flat: Flat,
    response: Response,
    folds: Sequence[np.ndarray],
    *,
    models: Iterable[str],
    seed: int,
    told: Callable[[str], None],
) -> tuple[PlainTask, Floats]:
    """Cross-fit the plain models of one task, and weigh them by their statements on held-out rows.

    Args:
        flat: the rows.
        response: their labels.
        folds: int `[rows]` each, the fold in which a row is held out: each model learns once for each of these
            assignments, and says the mean.
        models: names of those that suit the task.
        seed: of all draws.
        told: is called with a sentence about a model that is left out.

    Returns:
        The task, and its out-of-fold statement `[rows, width]`.
    """
    fitted: dict[str, PlainModel] = {}
    said: dict[str, Floats] = {}
    for name in models:
        try:
            held_out, learnt = _cross_fitted(name, flat, response, folds, seed)
        except Late:
            continue
        except ImportError as error:
            told(f"Plain model {name!r} is left out: {error}")
            continue
        said[name] = tilted(response, held_out)
        fitted |= learnt
    blind = tilted(response, held_out_constant(response, folds[0]))
    statements = [*said.values(), blind]
    prior = [0.95 / len(said) for _ in said] + [0.05] if said else [1.0]
    weights = fit_weights(response, statements, prior=prior, rows=_PRIOR_ROWS)
    weights = np.where(weights < 0.01, 0.0, weights)
    weights = weights / weights.sum()
    own = dict(zip([*said, BLIND], weights.tolist(), strict=True))
    shares = {name: own[kind_of(name)] / _draws(kind_of(name), fitted) for name in fitted}
    task = PlainTask(
        response.family,
        fitted,
        {**shares, BLIND: own[BLIND]},
        tilted(response, constant_statement(response)),
        tilt=response.tilt,
    )
    return task, pool(response.family, statements, weights.tolist())


def kind_of(name: str) -> str:
    """Return the registered name of a model; `trees 2` is the second draw of `trees`."""
    return name.partition(" ")[0]


def _draws(kind: str, names: Iterable[str]) -> int:
    return sum(kind_of(name) == kind for name in names)


def _cross_fitted(
    kind: str, flat: Flat, response: Response, folds: Sequence[np.ndarray], seed: int
) -> tuple[Floats, dict[str, PlainModel]]:
    """Return the mean out-of-fold statement over all assignments of folds, and the final models by name.

    Final models learn from all rows. Where another seed gives no other model, one is kept.
    """
    model = PlainModel.registry.find(kind)
    said: list[Floats] = []
    fitted: dict[str, PlainModel] = {}
    for draw, assigned in enumerate(folds):
        held_out, last = model.cross_fit(flat, response, assigned, seed=seed + draw)
        said.append(held_out)
        if model.drawn or draw == 0:
            fitted[kind if draw == 0 else f"{kind} {draw + 1}"] = last
    if len(said) == 1:
        return said[0], fitted
    return pool(response.family, said, [1 / len(said)] * len(said)), fitted
