"""Random loss weighting: a baseline that every other method should beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from torso.balancing.loss._adaptive import AdaptiveBalancer

__all__ = ["RLW"]

Distribution = Literal["normal", "uniform", "dirichlet", "bernoulli", "one"]


class RLW(AdaptiveBalancer, name="rlw"):
    """Random weights, drawn anew in every step: a baseline.

    `sum_k w_k L_k` with random weights, drawn anew in every step.

    From Lin, Ye, Zhang, Tsang, TMLR 2022, "Reasonable Effectiveness of Random Weighting: A Litmus Test for
    Multi-Task Learning" (https://arxiv.org/abs/2111.10603). Differs: a Dirichlet draw is taken without a softmax,
    which LibMTL adds and which makes all weights nearly equal. A draw depends only on the seed and the number of
    the step, so that a resumed run, and each process of a distributed one, draws the same.

    Args:
        distribution: `normal` and `uniform`: the softmax of such draws; `dirichlet`: uniform on the
            simplex; `bernoulli`: zeros and ones, not all zero; `one`: a single task.
        seed: seed of the draws.
    """

    order_invariant = False  # one number is drawn per place
    symmetric = False
    step: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        distribution: Distribution = "normal",
        seed: int = 0,
    ) -> None:
        super().__init__(tasks)
        if distribution not in _DRAWS:
            raise ValueError(
                f"Parameter `distribution` should be one of {sorted(_DRAWS)}. Found {distribution!r}."
            )
        if seed < 0:
            raise ValueError(f"Parameter `seed` should not be negative. Found {seed}.")
        self.distribution = distribution
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def combine(self, losses: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the sum with this step's weights."""
        random = np.random.default_rng([self.seed, int(self.step)])
        weights = torch.from_numpy(_DRAWS[self.distribution](random, len(tasks)))
        return (weights.to(losses) * losses).sum()

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Go on to the next draw."""
        del losses, tasks
        self.step += 1


def _softmax(draws: np.ndarray) -> np.ndarray:
    weights = np.exp(draws)
    shares: np.ndarray = weights / weights.sum()
    return shares


def _normal(random: np.random.Generator, tasks: int) -> np.ndarray:
    return _softmax(random.standard_normal(tasks))


def _uniform(random: np.random.Generator, tasks: int) -> np.ndarray:
    return _softmax(random.random(tasks))


def _dirichlet(random: np.random.Generator, tasks: int) -> np.ndarray:
    return random.dirichlet(np.ones(tasks))


def _bernoulli(random: np.random.Generator, tasks: int) -> np.ndarray:
    while True:
        weights: np.ndarray = random.integers(0, 2, tasks).astype(np.float64)
        if weights.any():
            return weights


def _one(random: np.random.Generator, tasks: int) -> np.ndarray:
    weights: np.ndarray = np.eye(tasks)[random.integers(tasks)]
    return weights


_DRAWS = {
    "normal": _normal,
    "uniform": _uniform,
    "dirichlet": _dirichlet,
    "bernoulli": _bernoulli,
    "one": _one,
}
