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

__all__ = ["Outcome", "gains_of", "mean_gain", "train_trial"]

Losses = Mapping[str, float]
"""Task -> negative log-likelihood of a held-out label, in nats."""

_WORST = 20.0
"""Nats beyond which a trial is not told apart: e^20 is beyond use, e^800 beyond floats."""


@dataclass(frozen=True)
class Outcome:
    """Result of one trial.

    Attributes:
        losses: task -> mean negative log-likelihood of the held-out labels; empty where nothing was learnt.
        epochs: results of each epoch.
        end: why the training ended.
        seconds: that it took.
        why: reason of a failure; empty for none.
    """

    losses: Losses = field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    end: str = ""
    seconds: float = 0.0
    why: str = ""


def train_trial(
    prepared: Prepared,
    settings: Mapping[str, object],
    judge: Callable[[Epoch], Stop | None] = lambda _: None,
) -> Outcome:
    """Train the network of the first fold, or the one network, and judge it on the rows that it held out.

    The test rows play no part. The caller's random numbers stay as they are.

    Args:
        prepared: the rows, and the run's own settings.
        settings: of the trial.
        judge: may end the training after an epoch.

    Raises:
        KeyboardInterrupt: the user ended the training.
    """
    began, watch = perf_counter(), _Watch(judge)
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            own = prepared.under(settings)
            rows, _ = rows_of_folds(own, own.config)[0]
            torch.manual_seed(own.config.seed)
            network = train_network(rows, own.config, watch)
            losses = network.held_out.losses(network.model)
    except (TorsoError, RuntimeError, MemoryError) as error:
        seconds = perf_counter() - began
        return Outcome(epochs=(*watch.epochs,), seconds=seconds, why=str(error).split("\n")[0])
    end = network.trainer.reason
    if end == INTERRUPTED:
        raise KeyboardInterrupt
    return Outcome(losses, (*watch.epochs,), end, perf_counter() - began)


class _Watch(Listener):
    """Keeps the epochs, and asks whether to go on."""

    def __init__(self, judge: Callable[[Epoch], Stop | None]) -> None:
        self.judge = judge
        self.epochs: list[Epoch] = []

    def epoch_done(self, epoch: Epoch) -> Stop | None:
        self.epochs.append(epoch)
        return self.judge(epoch)


def gains_of(losses: Losses, default: Losses) -> dict[str, float]:
    """Return task -> Δm in percent: by how much the perplexity of a held-out label is lower than the default's.

    The formula of Maninis et al., CVPR 2019 (https://arxiv.org/abs/1904.08918), with the perplexity `exp(loss)` as the
    metric: `100 (exp(b) - exp(m)) / exp(b) = 100 (1 - exp(m - b))`. Differs: higher is better. A ratio of likelihoods has no
    unit, so numbers and classes count alike, and a loss near 0 divides nothing.

    >>> gains_of({"digit": 1.0, "ink": -2.0}, {"digit": 1.1, "ink": -2.0})
    {'digit': 9.516258196404048, 'ink': -0.0}

    Args:
        losses: of a trial.
        default: of the run's own settings.
    """
    return {
        task: -100.0 * math.expm1(min(losses.get(task, math.nan) - default[task], _WORST))
        for task in default
        if not math.isnan(default[task])
    }


def mean_gain(gains: Mapping[str, float], tasks: Sequence[str]) -> float:
    """Return the mean over tasks, NaN where one is undefined."""
    return sum(gains[task] for task in tasks) / len(tasks)
