"""Scores by missing pattern: those that rows have, and those that are made by taking modalities away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from torso.core.errors import ConfigError, unknown
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.folder.json_files import Json
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut
from torso.runs.report.patterns import FEW, Pattern, lacks, patterns_of
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.studies.rows import judged_rows, opened, own_table, without_columns
from torso.studies.stored import stored
from torso.tables.alike import require_pandas
from torso.tasks import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Certificate", "certificate"]

_MOST = 6
"""Modalities up to which every subset is tried."""
_RARE, _MOST_RARE = 10, 2


@dataclass(frozen=True, repr=False)
class Certificate:
    """Scores of a run by the modalities that rows lack.

    Attributes:
        split: part of the rows: `test`, `validation`, or `table` for all rows of another table.
        modalities: of the run.
        patterns: those of the rows, the most frequent first, then those that were made.
        notes: sentences on the rows.
    """

    split: str
    modalities: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a line per pattern and task."""
        return "\n".join([*aligned(self.rows()), *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as a table of HTML; all names are escaped."""
        return f"<div>{html_table(self.rows())}{html_notes(self.notes)}</div>"

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of the table, the first row its header; patterns of few rows share a line."""
        header = (
            "rows",
            "task",
            "labels",
            "metric",
            "value",
            "baseline",
            "verdict",
            "coverage",
            "kept",
        )
        rare = [each for each in self.patterns if each.rows < _RARE and not each.made]
        rare = rare if len(rare) > _MOST_RARE else []
        shown = [each for each in self.patterns if each not in rare]
        cells = [cells for pattern in shown for cells in self._cells(pattern)]
        if rare:
            rows = sum(pattern.rows for pattern in rare)
            cells.append((f"{rows:,} in {len(rare):,} rarer patterns", "too few", *[""] * 7))
        return [header, *cells]

    def words(self) -> list[str]:
        """Return a sentence per pattern and task that the run answers no better than without inputs, or too narrowly."""
        words = []
        for pattern in self.patterns:
            name = f"{pattern.rows:,} rows {lacks(pattern.absent, self.modalities)}"
            for task, report in pattern.tasks.items():
                if report.labels >= FEW and report.verdict() in ("no better", "worse"):
                    words.append(f"{task}: on {name}, {report.verdict()} than without inputs.")
                kept = [report.verdict(metric) for metric in report.promised]
                if report.labels >= FEW and "too narrow" in kept:
                    words.append(f"{task}: on {name}, intervals are too narrow.")
        return words or [
            "No pattern of gaps with 20 labels is answered no better than without inputs."
        ]

    def frame(self) -> pd.DataFrame:
        """Return a frame with one row per pattern and task.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of the certificate (`patterns` has it as values)")
        import pandas as pd

        rows = []
        for pattern in self.patterns:
            for task, report in pattern.tasks.items():
                own = report.metrics[report.headline]
                row = {
                    "absent": ", ".join(pattern.absent),
                    "made": pattern.made,
                    "rows": pattern.rows,
                    "task": task,
                    "labels": report.labels,
                    "metric": report.headline,
                    "value": own.value,
                    "low": own.low,
                    "high": own.high,
                    "baseline": report.baseline[report.headline],
                    "verdict": _verdict(report.labels, report.verdict()),
                }
                if "coverage" in report.promised:
                    held = report.metrics["coverage"]
                    row |= {
                        "coverage": held.value,
                        "coverage_low": held.low,
                        "coverage_high": held.high,
                        "promised": report.promised["coverage"][0],
                    }
                rows.append(row)
        return pd.DataFrame(rows)

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        return {
            "split": self.split,
            "modalities": list(self.modalities),
            "patterns": [pattern.to_dict() for pattern in self.patterns],
            "notes": list(self.notes),
            "words": self.words(),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Certificate:
        """Return the certificate that `to_dict` wrote."""
        patterns = tuple(Pattern.from_dict(pattern) for pattern in saved["patterns"])
        return cls(saved["split"], tuple(saved["modalities"]), patterns, tuple(saved["notes"]))

    def _cells(self, pattern: Pattern) -> Iterable[tuple[str, ...]]:
        name = lacks(pattern.absent, self.modalities) + (", taken away" if pattern.made else "")
        name = f"{pattern.rows:,} {name}"
        if not pattern.tasks:
            yield (name, "–", *[""] * 7)
        for task, report in pattern.tasks.items():
            metric = report.headline
            held = report.metrics.get("coverage")
            yield (
                name,
                task,
                f"{report.labels:,}",
                words_of(report.kind).get(metric, metric.replace("_", " ")),
                estimate_text(report.metrics[metric]),
                number_text(report.baseline[metric]),
                _verdict(report.labels, report.verdict()),
                "" if held is None else estimate_text(held),
                "" if held is None else _verdict(report.labels, report.verdict("coverage")),
            )
            name = ""


def certificate(
    run: Predictor | str | Path,
    table: object = None,
    *,
    without: Sequence[str | Sequence[str]] | Literal["all"] = (),
    root: Sequence[str | Path] = (),
) -> Certificate:
    """Judge a run's answers by the modalities that rows lack, and store the result in the run's folder.

    Patterns that were judged so are known to later predictions, which tell of rows with any other.

    Args:
        run: a run, or its folder.
        table: with labels; default: the held-out rows. Of the table of the fit only held-out rows are judged.
        without: modalities, or lists of them, to take away besides from rows that have all others; `"all"`: every set of up
            to six modalities, beyond that each alone and all but one.
        root: folders or zips that file columns are relative to.

    Raises:
        ConfigError: an unknown modality, or a run of an earlier version without a table.
        DataError: modalities are to be taken away, and the table of the fit cannot be read.
    """
    predictor = opened(run)
    names = tuple(predictor.schema.modalities)
    sets = _sets(names, without)
    judged = judged_rows(predictor, table, root=root, columns=bool(sets))
    seed = predictor.config.seed
    patterns = [*patterns_of(judged.held_out, seed)]
    notes = [*judged.notes]
    if sets:
        source = judged.table or own_table(predictor, judged.held_out)
        for absent in sets:
            columns = [c for name in absent for c in predictor.schema.modalities[name].columns]
            labels = {*predictor.schema.label_columns()} & {*columns}
            if labels:
                notes.append(
                    f"{lacks(absent)}: not judged, since {sorted(labels)} are labels, too."
                )
                continue
            hidden = without_columns(source, [c for c in columns if c in source.names])
            rows = predictor.evaluate(hidden, root=root, resamples=0, details=True).held_out
            assert rows is not None
            patterns += _made(rows, absent, seed)
    result = Certificate(judged.held_out.split, names, tuple(patterns), tuple(notes))
    return stored("certificate", result, predictor.folder)


def _made(rows: HeldOut, absent: tuple[str, ...], seed: int) -> list[Pattern]:
    """Return the pattern of rows that lack nothing else; rows that do tell of another pattern."""
    return [
        replace(pattern, made=True)
        for pattern in patterns_of(rows, seed)
        if pattern.absent == absent
    ]


def _sets(
    names: Sequence[str], without: Sequence[str | Sequence[str]] | Literal["all"]
) -> list[tuple[str, ...]]:
    """Return the sets of modalities to take away, sorted, each once.

    >>> _sets(["a", "b"], ["b", ["b", "a"]])
    [('b',), ('a', 'b')]

    Raises:
        ConfigError: an unknown modality.
    """
    if without == "all":
        few = len(names) <= _MOST
        sizes = range(1, len(names)) if few else sorted({1, len(names) - 1})
        return [each for size in sizes for each in combinations(sorted(names), size)]
    if isinstance(without, str):
        without = [without]
    sets = [(each,) if isinstance(each, str) else tuple(sorted({*each})) for each in without]
    for name in {name for each in sets for name in each}:
        if name not in names:
            raise ConfigError(f"`without`: {unknown('modality', name, names)}")
    return [*dict.fromkeys(each for each in sets if each)]


def _verdict(labels: int, verdict: str | None) -> str:
    """Return a verdict in words; few labels allow none."""
    return "too few labels" if labels < FEW else verdict or "undefined"
