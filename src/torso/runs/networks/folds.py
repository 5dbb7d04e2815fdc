"""The networks of a run: one, or one per fold, so that every row is held out once and every row is learnt from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torso.columns.splits import group_ids
from torso.core.errors import ConfigError
from torso.core.notes import Telling
from torso.model.ensemble import Ensemble
from torso.model.model import Model
from torso.runs.networks.network import Network, train_network
from torso.runs.networks.timer import Timer
from torso.runs.preparing.prepared import Prepared, Rows
from torso.runs.preparing.splitting import times_of
from torso.runs.processes.team import team_note
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import duration_text
from torso.tasks import Head
from torso.training import Answers, Listener, Listeners, Trainer
from torso.training.checkpoint import Checkpoint

_GOLDEN = (
    0.618  # of a window, by which the edges move from draw to draw: never back to where they were
)

__all__ = ["Folds", "assigned_folds", "rows_of_folds", "train_folds"]


@dataclass(frozen=True, eq=False)
class Folds:
    """The trained networks as one model, with its answers to rows that none of those who answer has learnt from.

    Attributes:
        model: one network, or an ensemble; calibrated on the held-out rows.
        trainer: of the first network.
        parts: the rows, frozen encoders run.
        held_out: answers to the held-out rows, with their targets.
        kept: the held-out rows, as positions among the training rows followed by the validation rows.
        networks: their number.
        rows_trained: rows that at least one network learned from.
        preparing: seconds before the first steps.
        training: seconds of all trainings.
    """

    model: Model
    trainer: Trainer
    parts: Mapping[str, Rows]
    held_out: Answers
    kept: np.ndarray
    networks: int
    rows_trained: int
    preparing: float
    training: float

    @property
    def heads(self) -> dict[str, Head]:
        """Task -> its head."""
        return dict(self.model.heads.pairs())


def train_folds(
    prepared: Prepared,
    config: RunConfig,
    listener: Listener,
    checkpoint: Checkpoint | None = None,
    *,
    resume: bool = False,
    timer: Timer | None = None,
) -> Folds:
    """Train one network, or one per fold.

    Args:
        prepared: the rows.
        config: complete.
        listener: is told of the first network's epochs, and of each further network.
        checkpoint: of the first network; the others take seconds and begin anew.
        resume: go on from the checkpoint.
        timer: of the run's budget; the first network is always trained, further ones as long as there is time.
    """
    folds = rows_of_folds(prepared, config)
    _tell(listener, len(folds), "fold" if config.data.split.time is None else "window in time")
    networks: list[Network] = []
    longest = -math.inf  # seconds of a network
    for number, (rows, _) in enumerate(folds):
        own = config.model_copy(update={"seed": config.seed + number})
        torch.manual_seed(own.seed)
        if timer is not None and timer.left < longest:
            break
        if not (first := number == 0):
            listener.preparing("network of fold", number + 1, len(folds))
        heard = [*([listener] if first else []), *([timer.deadline()] if timer else [])]
        networks.append(
            train_network(
                rows,
                own,
                Listeners(heard),
                checkpoint if first else None,
                resume=resume and first,
            )
        )
        longest = max(longest, networks[-1].preparing + networks[-1].training)
        if networks[-1].trainer.resumable:  # interrupted: the others are not begun
            break
    if timer is not None and not networks[-1].trainer.resumable:
        _tell_time(listener, len(networks), len(folds), timer.left - longest)
    per_draw = config.folds or 1
    positions = [kept for _, kept in folds[: len(networks)]]
    model, held_out = _together(networks, positions, per_draw)
    kept = np.concatenate(positions[:per_draw])
    return Folds(
        model=model,
        trainer=networks[-1].trainer if networks[-1].trainer.resumable else networks[0].trainer,
        parts=networks[0].parts,
        held_out=held_out,
        kept=kept,
        networks=len(networks),
        rows_trained=_rows_trained([rows for rows, _ in folds[: len(networks)]]),
        preparing=sum(network.preparing for network in networks),
        training=sum(network.training for network in networks),
    )


def _tell(listener: Listener, networks: int, left_out: str) -> None:
    if note := team_note():
        listener.noted(note)
    if networks > 1:
        listener.noted(
            Telling(
                f"{networks} networks are trained, each leaving out another {left_out} of the rows. The epochs shown are those "
                "of the first, answers are the mean. To train one: --set folds=0."
            )
        )


def _tell_time(listener: Listener, trained: int, planned: int, left: float) -> None:
    """Tell how many networks there was time for.

    Args:
        listener: is told.
        trained: networks.
        planned: networks.
        left: seconds that were left after one more.
    """
    if trained < planned:
        listener.noted(
            f"Budget: {trained} of {planned} networks were trained; there was no time for the others."
        )
    elif left > 0:
        count = "the one network is" if planned == 1 else f"all {planned} networks are"
        listener.noted(
            Telling(
                f"Budget: {count} trained, with more than {duration_text(left)} to spare. More of them would gain little; "
                "`--quality best` trains most."
            )
        )


def assigned_folds(
    parts: Sequence[Rows], config: RunConfig, count: int, draw: int = 0
) -> np.ndarray:
    """Return the fold of each row of the parts, one below the other; rows of one group share a fold.

    With `data.split.time` the folds are windows of time, so that rows are judged by networks that saw none of their
    days, as the test rows are.

    Args:
        parts: of one table or several.
        config: says the groups and the seed.
        count: number of folds.
        draw: number of the draw: each assigns the rows otherwise.
    """
    if config.data.split.time is not None:
        return _windows(parts, config, count, draw)
    unit = _units(parts, config, count)
    groups = int(unit.max(initial=-1)) + 1
    seed = config.seed if config.data.split.seed is None else config.data.split.seed
    drawn = np.random.default_rng([seed, 5, draw][: 3 if draw else 2]).permutation(groups) % count
    return np.asarray(drawn[unit])


def _units(parts: Sequence[Rows], config: RunConfig, count: int) -> np.ndarray:
    """Return the number, from 0, of the group of each row of the parts; without groups each row is one.

    Raises:
        ConfigError: fewer groups than `count` folds.
    """
    units: list[np.ndarray] = []
    start = 0
    for part in parts:
        groups = group_ids(part.table, config.data.split.group)
        own = part.rows if groups is None else groups[part.rows]
        shared = bool(units) and part.table is parts[0].table
        units.append(own if shared else own + start)
        start = max(int(unit.max(initial=0)) for unit in units) + 1
    most = len(np.unique(np.concatenate(units)))
    if count > most:
        what = "rows" if config.data.split.group is None else "groups"
        raise ConfigError(
            f"`folds` should be at most the number of {what} to learn from, {most}. Found {count}. "
            f"Try --set folds={min(5, most) if most > 1 else 0}"
        )
    return np.asarray(np.unique(np.concatenate(units), return_inverse=True)[1])


def _windows(parts: Sequence[Rows], config: RunConfig, count: int, draw: int) -> np.ndarray:
    """Return as fold the window of time that each row, or the newest row of its group, lies in."""
    units = _units(parts, config, count)
    moments = [_moments(part, config) for part in parts]
    newest = np.full(len(np.unique(units)), -np.inf)
    np.fmax.at(newest, units, np.concatenate(moments))
    order = np.argsort(newest, kind="stable")
    rank = np.empty(len(order))
    rank[order] = np.arange(len(order))
    # Each further draw moves the edges; the oldest and the newest rows then share a window.
    window = np.floor(rank / len(order) * count + draw * _GOLDEN).astype(np.int64) % count
    return np.asarray(window[units])


def _moments(part: Rows, config: RunConfig) -> np.ndarray:
    times = times_of(config, part.table)
    assert times is not None
    moments: np.ndarray = times.values[part.rows]
    return moments


def rows_of_folds(prepared: Prepared, config: RunConfig) -> list[tuple[Prepared, np.ndarray]]:
    """Return the rows of each network, and the positions of those that it holds out."""
    training, validation = prepared.parts["training"], prepared.parts["validation"]
    whole = len(training.rows) + len(validation.rows)
    if not config.folds:
        return [(prepared, np.arange(len(training.rows), whole))]
    rows = np.concatenate([training.rows, validation.rows])
    split: list[tuple[Prepared, np.ndarray]] = []
    for draw in range(config.repeats or 1):
        fold = assigned_folds([training, validation], config, config.folds, draw)
        for number in range(config.folds):
            kept = np.flatnonzero(fold == number)
            parts = {
                **prepared.parts,
                "training": replace(training, rows=np.sort(rows[fold != number])),
                "validation": replace(validation, rows=rows[kept]),
            }
            start = prepared.start and prepared.start.of(len(split))
            split.append((replace(prepared, parts=parts, start=start), kept))
    return split


def _together(
    networks: Sequence[Network], positions: Sequence[np.ndarray], per_draw: int
) -> tuple[Model, Answers]:
    """Return the networks as one model, calibrated on rows that those who answer have held out, with these answers.

    Args:
        networks: of the folds of one draw after those of another; the last draw may lack some.
        positions: rows that each network holds out.
        per_draw: networks of a draw.
    """
    if len(networks) == 1:
        return networks[0].model, networks[0].held_out
    model = Ensemble([network.model for network in networks])
    outputs, targets = {}, {}
    for task, head in model.heads.pairs():
        device = next(head.parameters()).device
        raw = [network.held_out.outputs[task].to(device) for network in networks]
        own = [network.model.heads[task] for network in networks]
        outputs[task] = _held_out(model, task, (own, raw, positions), per_draw).cpu()
        targets[task] = torch.cat([n.held_out.targets[task] for n in networks[:per_draw]])
        head.cpu().calibrate(outputs[task], targets[task])
        head.to(device)
    return model, Answers(outputs, targets)


def _held_out(
    model: Ensemble,
    task: str,
    answers: tuple[Sequence[Head], Sequence[Tensor], Sequence[np.ndarray]],
    per_draw: int,
) -> Tensor:
    """Return raw outputs of the rows that the first draw holds out: each the mean of the networks that held it out.

    Args:
        model: the networks together.
        task: of the outputs.
        answers: head, raw outputs and positions of the held-out rows of each network.
        per_draw: networks of a draw.
    """
    heads, raw, positions = answers
    head, order = model.heads[task], np.concatenate(positions[:per_draw])
    rows_in_all = 1 + max(int(own.max(initial=0)) for own in positions)
    said, outputs, rows = [], [], []  # of each draw
    with torch.no_grad():
        for start in range(0, len(heads), per_draw):
            draw = slice(start, start + per_draw)
            stated = [own.stated(out) for own, out in zip(heads[draw], raw[draw], strict=True)]
            said.append(torch.cat(stated))
            outputs.append(torch.cat([*raw[draw]]))
            place = np.full(rows_in_all, -1)
            place[np.concatenate(positions[draw])] = np.arange(len(said[-1]))
            rows.append(place[order])  # -1: this row is held out by none of the draw
        result = model.mean_raw(head, said[:1], outputs[:1])
        if len(said) == 1:
            return result
        counts = np.sum([place >= 0 for place in rows], axis=0)
        for count in np.unique(counts):  # all but the last draw are whole
            some = np.flatnonzero(counts == count)
            at = [torch.from_numpy(place[some]).to(result.device) for place in rows[:count]]
            result[torch.from_numpy(some).to(result.device)] = model.mean_raw(
                head,
                [own[i] for own, i in zip(said, at, strict=False)],
                [own[i] for own, i in zip(outputs, at, strict=False)],
            )
    return result


def _rows_trained(prepared: Sequence[Prepared]) -> int:
    learnt = [rows.parts["training"].with_any_label() for rows in prepared]
    return len(np.unique(np.concatenate(learnt)))
