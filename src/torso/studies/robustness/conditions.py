"""A run's answers to rows under many conditions: with noise in some modalities, without others.

Each batch is read once, and an encoder runs once on what it is shown: on the clean features for all conditions
together, and on each noisy variant of its modality. What a condition changes elsewhere costs no encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.columns.loader import gather
from torso.core.types import Features, Tokens
from torso.model.model import Model
from torso.model.trunk import Encoded
from torso.runs.predicting.predictor import Predictor
from torso.training import Answers, Prediction, autocast
from torso.training.answers import on_cpu

__all__ = ["Condition", "noisy", "under"]

_MOST_BYTES = 1 << 30
"""Of raw outputs that are held at once; conditions beyond have their batches read again."""


@dataclass(frozen=True)
class Condition:
    """A change of the inputs.

    Attributes:
        kept: modalities that are there.
        touched: those with noise.
        level: of the noise, from 0 to 1.
    """

    kept: tuple[str, ...]
    touched: tuple[str, ...] = ()
    level: float = 0.0


def under(
    predictor: Predictor,
    dataset: Dataset,
    conditions: Sequence[Condition],
    batch_size: int = 256,
    seed: int = 0,
) -> Iterator[tuple[Condition, dict[str, Prediction]]]:
    """Yield each condition with the predictions under it, by task.

    Args:
        predictor: a run.
        dataset: rows with labels.
        conditions: each another.
        batch_size: rows that the model sees, and that exchange numbers, at once.
        seed: of the noise, the same for every condition.
    """
    model = predictor.model
    first = _outputs(predictor, dataset, conditions[:1], batch_size, seed, rows=batch_size)
    row_bytes = sum(output[0].nbytes for output in first[0].values())
    together = max(1, _MOST_BYTES // max(1, row_bytes * dataset.rows))
    targets = {task: torch.from_numpy(target) for task, target in dataset.targets.items()}
    for start in range(0, len(conditions), together):
        some = conditions[start : start + together]
        raw = _outputs(predictor, dataset, some, batch_size, seed, rows=dataset.rows)
        for condition, outputs in zip(some, raw, strict=True):
            yield condition, Answers(outputs, targets).predictions(model)


def noisy(features: Features, level: float, draw: torch.Generator) -> Features:
    """Return features with every number from another row of the batch with probability `level`.

    A number is exchanged for one of the same place, if that row has it; masks stay. At 1, rows that are alone
    keep what they have.

    Args:
        features: of some rows.
        level: from 0 to 1.
        draw: of the noise.
    """
    values, mask = features.values, features.mask
    rows = len(values)
    if rows < 2 or level == 0:
        return features
    there = mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim)).expand_as(values)
    others = torch.randint(1, rows, values.shape, generator=draw)
    donors = (torch.arange(rows).reshape(-1, *[1] * (values.ndim - 1)) + others) % rows
    changed = torch.rand(values.shape, generator=draw) < level
    changed &= there & there.gather(0, donors)
    return replace(features, values=torch.where(changed, values.gather(0, donors), values))


@dataclass(frozen=True)
class _Seen:
    """One modality of a batch as its encoders saw it.

    Attributes:
        tokens: trunk name -> tokens.
        present: bool `[batch]`.
    """

    tokens: Mapping[str, Tokens]
    present: Tensor


def _outputs(
    predictor: Predictor,
    dataset: Dataset,
    conditions: Sequence[Condition],
    batch_size: int,
    seed: int,
    rows: int,
) -> list[dict[str, Tensor]]:
    """Return for each condition task -> raw outputs of the first `rows` rows."""
    model, precision = predictor.model, predictor.config.training.precision
    device = next(model.parameters()).device
    draws = [torch.Generator().manual_seed(seed) for _ in conditions]
    parts: list[list[dict[str, Tensor]]] = [[] for _ in conditions]
    rows = min(rows, dataset.rows)
    with torch.inference_mode(), autocast(device, precision):
        for start in range(0, rows, batch_size):
            inputs = gather(dataset, np.arange(start, min(start + batch_size, rows))).inputs
            clean = {name: _seen(model, name, features) for name, features in inputs.items()}
            hidden = {
                name: _seen(model, name, _hidden(features)) for name, features in inputs.items()
            }
            for condition, draw, outputs in zip(conditions, draws, parts, strict=True):
                seen = {
                    name: hidden[name]
                    if name not in condition.kept
                    else _seen(model, name, noisy(features, condition.level, draw))
                    if name in condition.touched
                    else clean[name]
                    for name, features in inputs.items()
                }
                outputs.append(on_cpu(model.outputs(_encoded(model, seen))))
    return [
        {task: torch.cat([batch[task] for batch in outputs]) for task in model.tasks}
        for outputs in parts
    ]


def _seen(model: Model, name: str, features: Features) -> _Seen:
    """Return one modality's tokens from the encoder of every trunk."""
    there = features.to(next(model.parameters()).device)
    tokens = {label: trunk.tokens_of(name, there) for label, trunk in model.trunks.pairs()}
    return _Seen(tokens, there.present)


def _encoded(model: Model, seen: Mapping[str, _Seen]) -> Encoded:
    return Encoded(
        {
            trunk: {name: modality.tokens[trunk] for name, modality in seen.items()}
            for trunk in model.trunks.names()
        },
        {name: modality.present for name, modality in seen.items()},
    )


def _hidden(features: Features) -> Features:
    return replace(features, mask=torch.zeros_like(features.mask))
