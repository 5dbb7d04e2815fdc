"""Successive halving: many variants for a few epochs or rows, the better ones for more."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from torso.core.errors import ConfigError
from torso.runs.preparing.prepared import Prepared
from torso.studies.variants.means import Means
from torso.studies.variants.train import train_variants
from torso.studies.variants.variant import Outcome, Outcomes, Variant
from torso.training import Listener

__all__ = ["Halving", "Rung", "halve", "held_out_score"]

_USUAL = Means()


@dataclass(frozen=True)
class Rung:
    """A round of successive halving.

    Attributes:
        keep: variants that go on to the next round, at most.
        epochs: of each training; None: as the variant says.
        rows: share of the training rows that each learns from.
    """

    keep: int
    epochs: int | None = None
    rows: float = 1.0

    def of(self, variant: Variant) -> Variant:
        """Return a variant as it is trained in this round."""
        epochs = {} if self.epochs is None else {"training.epochs": self.epochs}
        return replace(
            variant, settings={**variant.settings, **epochs}, rows=variant.rows * self.rows
        )


@dataclass(frozen=True, eq=False)
class Halving:
    """Rounds of successive halving.

    Attributes:
        rounds: results of each round that was begun.
        best: names by descending score: those that the last whole round kept.
        scores: of each round, name -> score.
        whole: True if every round ended in time.
    """

    rounds: tuple[Outcomes, ...]
    best: tuple[str, ...]
    scores: tuple[dict[str, float], ...] = field(default=())
    whole: bool = True


def held_out_score(outcome: Outcome) -> float:
    """Return minus the held-out loss of the kept epoch, added up over tasks: it compares variants of the same tasks.

    The rows for validation decide, so the test rows stay unseen.
    """
    loss = outcome.report.training.best_loss
    return -math.inf if loss is None or math.isnan(loss) else -loss


def halve(
    prepared: Prepared,
    variants: Sequence[Variant],
    rungs: Sequence[Rung],
    means: Means = _USUAL,
    *,
    score: Callable[[Outcome], float] = held_out_score,
    listener: Listener | None = None,
) -> Halving:
    """Train variants in rounds, each with fewer of them and with more epochs or rows.

    From Jamieson and Talwalkar, Non-stochastic best arm identification, AISTATS 2016
    (https://arxiv.org/abs/1502.07943). Differs: the rounds are named, not derived from a budget.

    Args:
        prepared: that all share.
        variants: by different names.
        rungs: the rounds, the cheapest first.
        means: folder, workers and time for all rounds; where it ends, the best of the last whole round are returned.
        score: higher is better; variants without a result leave.
        listener: as for `train_variants`.

    Raises:
        ConfigError: no round, one that keeps none, or as for `train_variants`.
    """
    if not rungs or any(rung.keep < 1 for rung in rungs):
        raise ConfigError(
            "`rungs` should be one or more rounds that keep at least one variant each."
        )
    end = math.inf if means.seconds is None else monotonic() + means.seconds
    going, rounds, scores = list(variants), list[Outcomes](), list[dict[str, float]]()
    best, folder = tuple[str, ...](), means.folder
    for number, rung in enumerate(rungs, 1):
        left = None if math.isinf(end) else end - monotonic()
        if left is not None and left <= 0:
            return Halving(tuple(rounds), best, tuple(scores), whole=False)
        outcomes = train_variants(
            prepared,
            [rung.of(variant) for variant in going],
            replace(means, folder=folder and Path(folder) / f"round-{number}", budget=left),
            listener,
        )
        rounds.append(outcomes)
        scores.append({name: score(outcome) for name, outcome in outcomes.outcomes.items()})
        late = not outcomes.outcomes or (not math.isinf(end) and end <= monotonic())
        if late and best:
            return Halving(tuple(rounds), best, tuple(scores), whole=False)
        ranked = sorted(scores[-1], key=scores[-1].__getitem__, reverse=True)
        best = tuple(ranked[: rung.keep])
        going = [variant for name in best for variant in going if variant.name == name]
        if not going:
            break
    return Halving(tuple(rounds), best, tuple(scores), whole=len(rounds) == len(rungs))
