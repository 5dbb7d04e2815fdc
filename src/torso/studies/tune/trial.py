"""One trial: a network of the run, trained with some settings and judged on the rows that it held out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch

from torso.core.errors import TorsoError
from torso.runs.networks.folds import rows_of_folds
from torso.runs.networks.network import train_network
from torso.runs.preparing.prepared import Prepared
from torso.training import Epoch, Listener, Stop
from torso.training.trainer import INTERRUPTED

__all__ = ["Outcome", "gains_of", "mean_gain", "mean_losses", "step_after", "train_trial"]

Losses = Mapping[str, float]
"""Task -> negative log-likelihood of a held-out label, in nats."""

_WORST = 20.0
"""Nats beyond which a trial is not told apart: e^20 is beyond use, e^800 beyond floats."""


@dataclass(frozen=True)
class Outcome:
    """Result of one trial.

    Attributes:
        folds: of each network, task -> mean negative log-likelihood of the labels that it held out.
        first: results of each epoch of the first network.
        epochs: of all networks.
        end: why the trial ended before its last network; empty where it did not.
        seconds: that it took.
        why: reason of a failure; empty for none.
    """

    folds: tuple[Losses, ...] = ()
    first: tuple[Epoch, ...] = ()
    epochs: int = 0
    end: str = ""
    seconds: float = 0.0
    why: str = ""

    @property
    def losses(self) -> Losses:
        """Task -> mean over the networks."""
        return mean_losses(self.folds)


def mean_losses(folds: Sequence[Losses]) -> Losses:
    """Return task -> mean loss over folds, NaN where one is.

    >>> mean_losses([{"digit": 1.0}, {"digit": 2.0}])
    {'digit': 1.5}
    """
    return {task: sum(fold[task] for fold in folds) / len(folds) for task in (folds or [{}])[0]}


Judge = Callable[[int, Sequence[Losses]], Stop | None]
"""Says whether a trial goes on, from the epochs so far and the losses of each network, the last one perhaps under way."""


def train_trial(
    prepared: Prepared,
    settings: Mapping[str, object],
    folds: int = 1,
    judge: Judge = lambda *_: None,
) -> Outcome:
    """Train networks of the run's folds, one after the other, and judge them on the rows that each held out.

    The test rows play no part. The caller's random numbers stay as they are.

    Args:
        prepared: the rows, and the run's own settings.
        settings: of the trial.
        folds: networks at most; 1 where the run has a single one.
        judge: asked after each epoch of the first network, and after each network.

    Raises:
        KeyboardInterrupt: the user ended the training.
    """
    began, done = perf_counter(), _Done()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            own = prepared.under(settings)
            parts = rows_of_folds(own, own.config)[:folds]
            for number, (rows, _) in enumerate(parts):
                torch.manual_seed(own.config.seed + number)
                watch = _Watch(judge, done)
                network = train_network(rows, own.config, watch)
                if network.trainer.reason == INTERRUPTED:
                    raise KeyboardInterrupt
                done.folds.append(network.held_out.losses(network.model))
                stop = watch.stop or judge(
                    step_after(number, own.config.training.epochs), done.folds
                )
                if stop is not None and (watch.stop is not None or number + 1 < len(parts)):
                    done.end = stop.reason
                    break
    except (TorsoError, RuntimeError, MemoryError) as error:
        done.why = str(error).split("\n")[0] or type(error).__name__
    seconds = perf_counter() - began
    return Outcome((*done.folds,), (*done.first,), done.epochs, done.end, seconds, done.why)


def step_after(fold: int, epochs: int) -> int:
    """Return the step of a trial at the end of a fold, counted from 0: that of its last epoch, were none left out, and one."""
    return (fold + 1) * epochs + 1


@dataclass
class _Done:
    """Results of a trial so far."""

    folds: list[Losses] = field(default_factory=list)
    first: list[Epoch] = field(default_factory=list)
    epochs: int = 0
    end: str = ""
    why: str = ""


class _Watch(Listener):
    """Counts epochs, keeps those of the first network, and asks after each whether to go on."""

    def __init__(self, judge: Judge, done: _Done) -> None:
        self.judge, self.done = judge, done
        self.stop: Stop | None = None

    def epoch_done(self, epoch: Epoch) -> Stop | None:
        self.done.epochs += 1
        if not self.done.folds:
            self.done.first.append(epoch)
            self.stop = self.judge(epoch.number, [epoch.validation])
        return self.stop


def gains_of(losses: Losses, default: Losses) -> dict[str, float]:
    """Return task -> Δm in percent: by how much the perplexity of a held-out label is lower than the default's.

    The formula of Maninis et al., CVPR 2019 (https://arxiv.org/abs/1904.08918), with the perplexity `exp(loss)` as the
    metric: `100 (exp(b) - exp(m)) / exp(b) = 100 (1 - exp(m - b))`. Differs: higher is better. A ratio of likelihoods has no
    unit, so numbers and classes count alike, and a loss near 0 divides nothing.

    >>> gains = gains_of({"digit": 1.0, "ink": -2.0}, {"digit": 1.1, "ink": -2.0})
    >>> {task: round(gain, 4) for task, gain in gains.items()}
    {'digit': 9.5163, 'ink': 0.0}

    Args:
        losses: of a trial.
        default: of the run's own settings.
    """
    return {
        task: -100.0 * math.expm1(min(losses.get(task, math.nan) - default[task], _WORST)) + 0.0
        for task in default
        if not math.isnan(default[task])
    }


def mean_gain(gains: Mapping[str, float], tasks: Sequence[str]) -> float:
    """Return the mean over tasks, NaN where one is undefined."""
    return sum(gains[task] for task in tasks) / len(tasks)
