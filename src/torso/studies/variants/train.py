"""`train_variants`: many trainings on one preparation, in this process and in workers beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Timer
from time import monotonic, perf_counter

from torso.core.errors import ConfigError, TorsoError
from torso.core.notes import Telling
from torso.runs.preparing.prepared import Prepared
from torso.studies.variants.crew import Crew
from torso.studies.variants.kept import Kept, folder_name
from torso.studies.variants.means import Means
from torso.studies.variants.training import NO_TIME, Until, trained_here
from torso.studies.variants.variant import Outcome, Outcomes, Variant
from torso.training import Listener, choose_device

__all__ = ["train_variants"]

_USUAL = Means()
_QUICK = 2.0
"""Seconds that a worker needs to begin: none is started while the first variant takes less."""


def train_variants(
    prepared: Prepared,
    variants: Sequence[Variant],
    means: Means = _USUAL,
    listener: Listener | None = None,
) -> Outcomes:
    """Train variants of one preparation, each on one thread, on all cores where that pays.

    Results do not depend on the number of workers. With a folder, each variant's run is kept in it, and a variant that
    is finished there on the same rows with the same settings is read back: a kill loses at most those under way.

    Args:
        prepared: that all share.
        variants: by different names.
        means: folder, workers and time.
        listener: is told of each variant that is done, and of notes.

    Raises:
        ConfigError: no variant, or two of one name.
    """
    _check(variants)
    began, folder = perf_counter(), means.folder
    until = Until() if means.seconds is None else Until(monotonic() + means.seconds)
    with TemporaryDirectory(prefix="torso-") as scratch:
        kept = Kept(Path(scratch) / "runs" if folder is None else Path(folder).expanduser())
        kept.folder.mkdir(parents=True, exist_ok=True)
        work = _Work(prepared, kept, until, listener or Listener())
        work.read_back(variants)
        work.train(Path(scratch), means.workers or _workers(prepared))
    for note in work.notes:
        work.listener.noted(note)
    outcomes = {each.name: work.done[each.name] for each in variants if each.name in work.done}
    if folder is None:
        outcomes = {name: replace(own, folder=None) for name, own in outcomes.items()}
    left_out = {
        each.name: work.left_out[each.name] for each in variants if each.name not in outcomes
    }
    return Outcomes(outcomes, left_out, tuple(work.notes), perf_counter() - began)


class _Work:
    """The variants that are to be trained, and their results.

    Args:
        prepared: that all share.
        kept: their runs.
        until: when trainings are given up.
        listener: is told.
    """

    def __init__(self, prepared: Prepared, kept: Kept, until: Until, listener: Listener) -> None:
        self.prepared, self.kept, self.until, self.listener = prepared, kept, until, listener
        self.done: dict[str, Outcome] = {}
        self.left_out: dict[str, str] = {}
        self.notes: list[str] = []
        self._waiting: list[Variant] = []
        self._again: list[Variant] = []
        self._lock = Lock()
        self._total = 0

    def read_back(self, variants: Sequence[Variant]) -> None:
        """Read the variants that are finished in the folder; the others wait."""
        self._total = len(variants)
        for variant in variants:
            outcome, why = None, ""
            if self.kept.run(variant).path.exists():
                with suppress(TorsoError):  # the training will say what is wrong
                    outcome, why = self.kept.read(variant, variant.of(self.prepared))
            if outcome is not None:
                self.done[variant.name] = outcome
            else:
                self._waiting.append(variant)
            if why:
                self.notes.append(f"The variant {variant.name!r} is trained anew: {why}.")
        if self.done:
            were = f"{len(self.done)} of {len(variants)} trainings"
            self.notes.append(
                Telling(f"{were} lie finished in {self.kept.folder}, and are read back.")
            )

    def train(self, scratch: Path, workers: int) -> None:
        """Train those that wait: here, and in workers beside unless all are quick."""
        crew = Crew(self.prepared, self.kept, scratch, self.take, self.hear, self.until)
        count = min(workers, len(self._waiting)) - 1
        timer = Timer(_QUICK, crew.start, [count])
        timer.daemon = True
        timer.start()
        began = perf_counter()
        try:
            while (variant := self.take()) is not None:
                self._train_here(variant)
                timer.cancel()
                if (perf_counter() - began) * len(self._waiting) > 2 * _QUICK:
                    crew.start(count)
            crew.wait()
            for variant in self._again:
                self._train_here(variant)
        finally:
            timer.cancel()
            crew.stop()
        if crew.alone:
            self.notes.append(
                f"Trained one after another, since the preparation cannot be handed to other processes: {crew.alone}"
            )

    def take(self) -> Variant | None:
        """Return the next variant; None where none waits."""
        with self._lock:
            return self._waiting.pop(0) if self._waiting else None

    def hear(self, variant: Variant, why: str, died: bool = False) -> None:
        """Note the result of a worker.

        Args:
            variant: that it trained.
            why: there is no result; empty where its run lies in its folder.
            died: True if the process ended with it.
        """
        with self._lock:
            if not why:
                self._finish(variant, self._from_folder(variant))
            elif died or why.startswith(NO_TIME):
                self._finish(variant, why)
            else:  # a part that only this process knows may have failed there
                self._again.append(variant)

    def _from_folder(self, variant: Variant) -> Outcome | str:
        try:
            return self.kept.outcome(variant)
        except (TorsoError, KeyError) as error:
            return f"its run cannot be read: {error!r:.150}"

    def _train_here(self, variant: Variant) -> None:
        result = trained_here(self.prepared, variant, self.kept, self.until)
        with self._lock:
            self._finish(variant, result)

    def _finish(self, variant: Variant, result: Outcome | str) -> None:
        if isinstance(result, str):
            self.left_out[variant.name] = result
        else:
            self.done[variant.name] = result
        self.listener.preparing("variant", len(self.done) + len(self.left_out), self._total)


def _check(variants: Sequence[Variant]) -> None:
    names = [folder_name(variant.name) for variant in variants]
    twice = [each.name for each in variants if names.count(folder_name(each.name)) > 1]
    if not variants or twice:
        raise ConfigError(
            f"`variants` should be at least one, by different names. Found {twice[:1] or 'none'}."
        )


def _workers(prepared: Prepared) -> int:
    """Return the number of trainings at once: one for each core, or one where they run on an accelerator."""
    if choose_device(prepared.config.training.device).type != "cpu":
        return 1  # they would share its memory
    own = prepared.config.training.threads or 1
    available = getattr(os, "sched_getaffinity", None)  # Linux: those that the process may use
    cores = len(available(0)) if available else os.cpu_count() or 1
    return max(1, cores // own)
