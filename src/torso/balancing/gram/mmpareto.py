"""MMPareto: losses of single modalities assist the multimodal loss without conflicting with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.core.errors import unknown
from torso.core.ranges import Range, SetBy

__all__ = ["MMPareto"]


class MMPareto(GramBalancer, name="mmpareto"):
    """The sum of a unimodal and its multimodal gradient if they agree, else their shortest mix.

    From Wei and Hu, ICML 2024, "MMPareto: Boosting Multimodal Learning with Innocent Unimodal Assistance"
    (https://arxiv.org/abs/2405.17730), algorithm 1, for a multimodal gradient m and a unimodal one u: with
    `<m, u> > 0` the weights are (1, 1), else twice those of the shortest vector between m and u; a result
    that is shorter than `m + u` is stretched to that length; both are multiplied by `gamma`.

    Differs: the paper does this inside each modality's encoder, where only the two losses meet, and the authors'
    code takes the lengths per parameter tensor. Here each pair of a unimodal loss and its multimodal loss follows
    the rule on the whole shared vector. A multimodal loss with several unimodal ones gets the mean of its weights
    over the pairs: the paper's if there is one pair or no conflict, else a compromise between the encoders. A
    loss without a partner in a batch keeps the weight one, like the heads in the paper. Exactly opposed
    gradients give no direction and are not stretched.

    Args:
        tasks: names of the losses.
        unimodal: `{loss of one modality: the multimodal loss that it assists}`; default: none, which is the
            plain sum.
        gamma: factor of the gradients of a pair; 1.5 in the paper.
    """

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        unimodal: Annotated[Mapping[str, str] | None, SetBy.DATA] = None,
        gamma: Annotated[float, Range(1.0, 2.0)] = 1.5,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if not 0.0 < gamma < float("inf"):
            raise ValueError(f"Parameter `gamma` should be a finite number above 0. Found {gamma}.")
        self.gamma = gamma
        self.unimodal = dict(unimodal or {})
        for task in [*self.unimodal, *self.unimodal.values()]:
            if task not in self.tasks:
                raise ValueError(unknown("task in `unimodal`:", task, self.tasks))
        both = sorted(self.unimodal.keys() & self.unimodal.values())
        if both:
            raise ValueError(
                "Parameter `unimodal` should give each loss one part, unimodal or multimodal. "
                f"Found both for {both}."
            )

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return each pair's weights, averaged per multimodal loss; ones outside of pairs."""
        row_of = {self.tasks[task]: row for row, task in enumerate(tasks.tolist())}
        weights = torch.ones(len(gram), dtype=gram.dtype)
        multimodal: dict[int, list[float]] = {}
        for single, joint in self.unimodal.items():
            if single in row_of and joint in row_of:
                m, u = row_of[joint], row_of[single]
                for_joint, for_single = _pair(
                    float(gram[m, m]), float(gram[u, u]), float(gram[m, u])
                )
                weights[u] = self.gamma * for_single
                multimodal.setdefault(m, []).append(for_joint)
        for m, over_pairs in multimodal.items():
            weights[m] = self.gamma * sum(over_pairs) / len(over_pairs)
        return weights


def _pair(mm: float, uu: float, mu: float) -> tuple[float, float]:
    """Return the weights of a multimodal and a unimodal gradient, from their inner products."""
    if mu > 0:
        return 1.0, 1.0
    between = mm + uu - 2 * mu  # squared distance of the two, positive since they do not agree
    first, second = 2 * (uu - mu) / between, 2 * (mm - mu) / between
    squared_sine = 1.0 - mu / mm * (mu / uu)
    if squared_sine < 1e-14:  # opposed to rounding: their mix has no direction to stretch
        return first, second
    length = 2 * (mm * uu * squared_sine / between) ** 0.5
    summed = max(mm + uu + 2 * mu, 0.0) ** 0.5
    stretch = max(1.0, summed / length)
    return stretch * first, stretch * second
