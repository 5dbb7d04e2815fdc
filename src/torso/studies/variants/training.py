"""One variant trained in this process, until a deadline."""

from __future__ import annotations

import math
from time import monotonic, perf_counter, process_time

from torso.core.errors import TorsoError
from torso.runs.preparing.prepared import Prepared
from torso.runs.train import train_run
from torso.studies.variants.kept import Kept
from torso.studies.variants.variant import Outcome, Variant
from torso.training import Listener
from torso.training.threads import operator_threads
from torso.training.trainer import INTERRUPTED

__all__ = ["NO_TIME", "Until", "trained_here"]

NO_TIME = "no time was left for it"


class _OutOfTime(Exception):
    """A variant ran past the deadline, and is given up."""


class Until(Listener):
    """Gives a training up that runs past a moment, or that Ctrl-C interrupts.

    Args:
        end: moment of `monotonic`; infinite for none.
    """

    def __init__(self, end: float = math.inf) -> None:
        self.end = end

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.end - monotonic()

    def preparing(self, column: str, done: int, total: int) -> None:  # noqa: ARG002
        """Give up where the time is over."""
        self._check()

    def batch_done(self, epoch: int, batch: int) -> None:  # noqa: ARG002
        """Give up where the time is over."""
        self._check()

    def ended(self, reason: str) -> None:
        """Pass Ctrl-C on: the trainer would return a run that is cut short."""
        if reason == INTERRUPTED:
            raise KeyboardInterrupt

    def _check(self) -> None:
        if self.left <= 0:
            raise _OutOfTime


def trained_here(prepared: Prepared, variant: Variant, kept: Kept, until: Until) -> Outcome | str:
    """Train a variant on one thread and write its run; return the outcome, or why there is none.

    One thread, so that the result is the same in this process and in a worker.

    Args:
        prepared: of all variants.
        variant: that is trained.
        kept: where its run goes.
        until: when it is given up.
    """
    if until.left <= 0:
        return NO_TIME
    began, cpu = perf_counter(), process_time()
    try:
        kept.run(variant).check_free(overwrite=True)
        own = variant.of(prepared)
        with operator_threads(1):
            run = train_run(own, own.config, kept.run(variant), until)
        until.ended(run.report.training.end)  # a later network of folds is not listened to
        return kept.finish(variant, own, (perf_counter() - began, process_time() - cpu))
    except _OutOfTime:
        return f"{NO_TIME}: it was given up after {perf_counter() - began:.0f} s"
    except TorsoError as error:
        return str(error)
