"""Rows that are asked about, beside the certificate of the run: patterns of gaps that were never judged, or did badly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, fsum, isnan, lgamma, log, log1p

import numpy as np
from numpy.typing import NDArray

from torso.columns.dataset import Dataset
from torso.evaluation.report import TaskReport
from torso.evaluation.wording import number_text
from torso.runs.report.held_out import HeldOut
from torso.runs.report.patterns import FEW, Pattern, absent_sets, lacks
from torso.tasks import words_of

__all__ = ["PatternCheck"]

_SHOWN = 3
_SURE = 0.05


class PatternCheck:
    """Counts the patterns of rows, and tells of those whose answers no held-out row vouches for.

    Args:
        patterns: the certificate; empty for a run of an earlier version, of which nothing is told.
        tasks: task -> its scores on all held-out rows.

    Attributes:
        counts: absent modalities -> rows that lack just these.
        modalities: of the rows.
    """

    def __init__(self, patterns: Sequence[Pattern], tasks: Mapping[str, TaskReport]) -> None:
        self._known: dict[tuple[str, ...], list[Pattern]] = {}
        for pattern in patterns:
            self._known.setdefault(pattern.absent, []).append(pattern)
        self._tasks = tasks
        self.counts: dict[tuple[str, ...], int] = {}
        self.modalities: tuple[str, ...] = ()

    def count(self, dataset: Dataset) -> dict[str, NDArray[np.bool_]]:
        """Count the rows of a piece of the table; return modality -> bool `[rows]`: the row has it."""
        present = HeldOut.presence(dataset, np.arange(dataset.rows))
        if self._known:
            self.modalities = tuple(present)
            self.add((absent, len(rows)) for absent, rows in absent_sets(present))
        return present

    def add(self, counts: Iterable[tuple[tuple[str, ...], int]]) -> None:
        """Add rows that were counted: absent modalities, and the number of rows that lack just these."""
        for absent, rows in counts:
            self.counts[absent] = self.counts.get(absent, 0) + rows

    def beside(self, notes: Sequence[str], name: str, absent: Sequence[str]) -> tuple[str, ...]:
        """Return notes with one sentence on all patterns that are doubtful; without any, the notes alone.

        Args:
            notes: on the table.
            name: of the table.
            absent: the note among them on columns that the table lacks, if there is one: the sentence joins it.
        """
        fact = self._facts()
        if not fact:
            return tuple(notes)
        if not absent:
            return (*notes, f"{name}: {fact}.")
        joined = f"{absent[0]} {fact[0].upper()}{fact[1:]}."
        return tuple(joined if note == absent[0] else note for note in notes)

    def _facts(self) -> str:
        """Return the facts on all patterns that are doubtful; empty if none is."""
        facts = {absent: self._fact(absent) for absent in self.counts}
        doubtful = sorted(
            (absent for absent, fact in facts.items() if fact), key=lambda a: -self.counts[a]
        )
        if not doubtful:
            return ""
        rows = sum(self.counts.values())
        parts = [
            f"{_rows(self.counts[absent], rows)} {lacks(absent, self.modalities)}: {facts[absent]}"
            for absent in doubtful[:_SHOWN]
        ]
        more = len(doubtful) - _SHOWN
        if more > 0:
            left = sum(self.counts[absent] for absent in doubtful[_SHOWN:])
            parts.append(f"{more} more such sets of gaps in {left:,} rows")
        return "; ".join(parts)

    def _fact(self, absent: tuple[str, ...]) -> str:
        """Return the reason to doubt answers to a pattern; empty without any."""
        if absent not in self._known:
            return "no held-out row lacked the same, so such answers were never judged"
        for pattern in self._known[absent]:
            if facts := self._doubts(pattern):
                how = "from which they were taken" if pattern.made else "like that"
                return f"on {pattern.rows:,} held-out rows {how}, {', '.join(facts)}"
        return ""

    def _doubts(self, pattern: Pattern) -> list[str]:
        """Return the held-out rows' evidence against the answers, by task."""
        tests = sum(len(own.tasks) for some in self._known.values() for own in some)
        return [
            fact
            for task, report in pattern.tasks.items()
            for fact in (
                self._no_better(task, report),
                self._too_narrow(task, report, _SURE / max(1, tests)),
            )
            if fact
        ]

    def _no_better(self, task: str, report: TaskReport) -> str:
        """Return that answers are surely worse than on all rows, and not shown to be better than without inputs."""
        whole, metric = self._tasks[task], report.headline
        if report.labels < FEW or whole.verdict() != "better":
            return ""
        if report.verdict() == "better" or isnan(report.baseline[metric]):  # large ones have none
            return ""
        own, overall = report.metrics[metric], whole.metrics[whole.headline].value
        worse = own.low > overall if metric in report.errors else own.high < overall
        if not worse:
            return ""
        word = words_of(report.kind).get(metric, metric.replace("_", " "))
        return (
            f"{task!r} was no better than without inputs ({word} {number_text(own.value)}, baseline "
            f"{number_text(report.baseline[metric])})"
        )

    def _too_narrow(self, task: str, report: TaskReport, level: float) -> str:
        """Return that intervals held surely fewer labels than promised, and than over all rows.

        Args:
            task: its name.
            report: of the pattern.
            level: of one test among several.
        """
        if "coverage" not in report.promised or report.labels < FEW:
            return ""
        promised, own = report.promised["coverage"][0], report.metrics["coverage"]
        whole = self._tasks[task].metrics.get("coverage")  # the report of the run tells of that
        least = promised if whole is None else min(promised, whole.value)
        held = round(own.value * report.labels)
        if not own.high < least or _at_most(held, report.labels, promised) >= level:
            return ""
        return f"intervals of {task!r} held {own.value:.0%} of the labels instead of {promised:.0%}"


def _at_most(held: int, labels: int, share: float) -> float:
    """Return the probability that at most `held` of the labels are held if each is with probability `share`.

    >>> round(_at_most(1, 2, 0.5), 6)
    0.75
    """
    if share >= 1:
        return float(held >= labels)
    chances = [
        exp(
            lgamma(labels + 1)
            - lgamma(count + 1)
            - lgamma(labels - count + 1)
            + count * log(share)
            + (labels - count) * log1p(-share)
        )
        for count in range(held + 1)
    ]
    return min(1.0, fsum(chances))


def _rows(count: int, rows: int) -> str:
    """Return the subject of a sentence, with its verb."""
    if rows == 1:
        return "the row is"
    return f"{count:,} of {rows:,} rows {'is' if count == 1 else 'are'}"
