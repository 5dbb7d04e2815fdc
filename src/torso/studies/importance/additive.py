"""The additive part of a run's answers: the sum of one function of each modality that comes nearest to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from torso.studies.importance.answers import WholeAnswers
from torso.studies.importance.exchanged import Cells

__all__ = ["Additive", "additive_outputs", "comparable_rows"]

_BACKGROUND = 16  # rows that the other modalities are taken from
_FEWEST = 8  # rows of a missing pattern
_AT_ONCE = 4096  # rows that are answered together


@dataclass(frozen=True, eq=False)
class Additive:
    """Answers to some rows, and their additive part.

    Attributes:
        rows: positions of the rows.
        whole: task -> raw outputs of the run.
        additive: task -> raw outputs that say the additive part.
    """

    rows: np.ndarray
    whole: Mapping[str, Tensor]
    additive: Mapping[str, Tensor]


def comparable_rows(present: Mapping[str, np.ndarray], most: int, seed: int) -> list[np.ndarray]:
    """Return rows that have two modalities or more, those that lack the same ones together.

    Args:
        present: modality -> bool `[rows]`.
        most: rows in all; of more, some of each pattern are drawn.
        seed: of the draw.
    """
    there = np.stack([*present.values()], axis=1)
    patterns, which = np.unique(there, axis=0, return_inverse=True)
    which = which.reshape(-1)
    groups = [
        np.flatnonzero(which == index)
        for index in range(len(patterns))
        if patterns[index].sum() > 1 and (which == index).sum() >= _FEWEST
    ]
    total = sum(map(len, groups))
    if total <= most:
        return groups
    draw = np.random.default_rng(seed)
    sizes = [max(_FEWEST, len(rows) * most // total) for rows in groups]
    return [
        np.sort(draw.choice(rows, min(len(rows), size), replace=False))
        for rows, size in zip(groups, sizes, strict=True)
    ]


def additive_outputs(
    answers: WholeAnswers,
    modalities: Mapping[str, Sequence[str]],
    groups: Sequence[np.ndarray],
    tasks: Sequence[str],
    seed: int,
) -> Additive:
    """Return the answers to rows beside their empirical additive projection.

    From Hessel and Lee, "Does my multimodal model learn cross-modal interactions? It's harder to tell than you might
    think!", EMNLP 2020 (https://arxiv.org/abs/2010.06572), equation 3: for each modality the mean answer with the other
    modalities of all rows, added up, less the mean of all answers. Differs: the others come from 16 rows that lack the same
    modalities, the same for all rows, instead of from all; so an additive run is met exactly, whichever rows these are.

    Args:
        answers: of the run.
        modalities: modality -> its columns.
        groups: rows that have the same modalities, together.
        tasks: whose heads make statements (`Head.statement`).
        seed: of the draw of the 16 rows.
    """
    draw = np.random.default_rng(seed)
    whole: list[Mapping[str, Tensor]] = []
    added: list[dict[str, Tensor]] = []
    for rows in groups:
        background = draw.choice(rows, min(len(rows), _BACKGROUND), replace=False)
        own = answers.outputs(dict.fromkeys(answers.unchanged, rows))
        whole.append(own)
        total = {
            task: torch.zeros_like(said) for task, said in _stated(answers, own, tasks).items()
        }
        for columns in modalities.values():
            for some, said in _mixed(answers, columns, rows, background, tasks):
                for task, mean in said.items():
                    total[task][some] += mean
        there = answers.outputs(dict.fromkeys(answers.unchanged, background))
        for task, each in _stated(answers, there, tasks).items():
            total[task] -= (len(modalities) - 1) * each.mean(dim=0)
        added.append(total)
    outputs = {task: torch.cat([part[task] for part in whole]) for task in whole[0]}
    sums = {task: torch.cat([part[task] for part in added]) for task in tasks}
    return Additive(np.concatenate(groups), outputs, {**outputs, **_raw(answers, sums, outputs)})


def _mixed(
    answers: WholeAnswers,
    columns: Sequence[str],
    rows: np.ndarray,
    background: np.ndarray,
    tasks: Sequence[str],
) -> Iterator[tuple[slice, dict[str, Tensor]]]:
    """Yield, for some rows after others, task -> the mean statement with all other columns from the background."""
    size = max(1, _AT_ONCE // len(background))
    for start in range(0, len(rows), size):
        own = np.repeat(rows[start : start + size], len(background))
        others = np.tile(background, len(rows[start : start + size]))
        cells: Cells = {name: own if name in columns else others for name in answers.unchanged}
        said = _stated(answers, answers.outputs(cells), tasks)
        yield (
            slice(start, start + size),
            {
                task: each.reshape(-1, len(background), *each.shape[1:]).mean(dim=1)
                for task, each in said.items()
            },
        )


def _stated(
    answers: WholeAnswers, outputs: Mapping[str, Tensor], tasks: Sequence[str]
) -> dict[str, Tensor]:
    """Return task -> the statement in its raw outputs, of logits those before the calibration."""
    device = next(answers.predictor.model.parameters()).device
    with torch.no_grad():
        return {
            task: answers.heads[task].stated(outputs[task].to(device), 1.0).double().cpu()
            for task in tasks
        }


def _raw(
    answers: WholeAnswers, statements: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return task -> raw outputs that say a statement, with all else, such as spreads, as the run says it."""
    device = next(answers.predictor.model.parameters()).device
    with torch.no_grad():
        return {
            task: answers.heads[task]
            .raw(said.to(device, outputs[task].dtype), outputs[task].to(device))
            .to(outputs[task].device)
            for task, said in statements.items()
        }
