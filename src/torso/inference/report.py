"""What each column of a table is, and why: the part of Torso that guesses, so it always says what it guessed.

Inputs, in this order; the first that fits wins (marker cells such as NA do not count):

1. bytes: image or audio by their first bytes; a file column: 80 % end in a known extension;
2. lists of numbers of one length (also as JSON text): vector; lists of such lists: sequence;
3. dates and times, also as ISO text (95 %): datetime;
4. true/false, or two distinct values: binary;
5. numbers: number, also when they are few whole ones, since a number keeps their order; text of which 90 % are
   numbers is a number too, with the first bad cell named;
6. text: category if 80 % of the rows hold a value that 5 rows share (2 in a small table) and the values are not
   long sentences; a code if hardly any value repeats and it looks composed (digits, `_`, hex); else text.

Left out by default, each with a warning: constants, columns that are 99 % missing, codes and row counters.
A target is judged by `infer_target`: whole numbers with at most 20 values are classes there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from torso.columns.media.files import MediaError, MediaFiles
from torso.inference.input_kinds import MEDIA, guess_input
from torso.inference.leaks import leak_warning
from torso.inference.picture_sizes import picture_size
from torso.inference.profile import Profile, quoted
from torso.inference.target_kinds import guess_target
from torso.tables.table import Column, Table

__all__ = ["ColumnReport", "infer_target", "inspect_table"]

FILES_CHECKED = 200
NEARLY_ALL_MISSING = 0.99
_QUANTITIES = ("number", "count", "survival")


@dataclass(frozen=True)
class ColumnReport:
    """What `inspect` says about one column.

    Attributes:
        name: as in the header.
        kind: input kind, or target kind for a target; `""` if no kind fits.
        why: the evidence for `kind`.
        missing: share of cells without a value.
        distinct: number of distinct values.
        example: a short one.
        warnings: what the user should know before training.
        use: whether the column is a sensible input; False for targets.
        settings: of the kind, where the cells suggest other than its defaults.
    """

    name: str
    kind: str
    why: str
    missing: float
    distinct: int
    example: str
    warnings: tuple[str, ...] = ()
    use: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


def inspect_table(
    table: Table,
    targets: Sequence[str] = (),
    *,
    roots: Sequence[str | Path] = (),
    kinds: Mapping[str, str] | None = None,
) -> list[ColumnReport]:
    """Return one report per column, in the table's order.

    Args:
        table: the rows; large tables are judged by an even sample of 20,000.
        targets: columns to predict; every other column is checked for giving them away.
        roots: where file columns are looked up; by default the table's folder.
        kinds: kinds that the user has settled, by column.

    Raises:
        DataError: a name in `targets` or `kinds` is no column, or a root does not exist.
    """
    kinds = {} if kinds is None else kinds
    for name in (*targets, *kinds):
        table.column(name)
    labels = [
        (Profile(table.column(name)), _target_kind(table.column(name), kinds)) for name in targets
    ]
    media = roots or ([table.folder] if table.folder is not None else [])
    files = MediaFiles(media) if media else None
    reports = []
    for name in table.names:
        column = Profile(table.column(name))
        if name in targets:
            reports.append(_report_target(column, kinds.get(name)))
            continue
        report = _sized(_report_input(column, kinds.get(name)), column, files)
        found = [*report.warnings, *_file_warnings(column, report.kind, files)]
        found += _leak_warnings(column, report, labels)
        reports.append(replace(report, warnings=tuple(found)))
    return reports


def infer_target(column: Column) -> tuple[str, str]:
    """Return the kind of a target and why: category, binary, number, vector or multilabel.

    The kind is `""` where the column cannot be a target, and the second part says what is the matter.
    """
    guess = guess_target(Profile(column))
    return guess.kind, guess.why


def _report_input(cells: Profile, settled: str | None) -> ColumnReport:
    guess = guess_input(cells)
    warnings, use = list(guess.warnings), guess.use
    if cells.missing >= NEARLY_ALL_MISSING:
        warnings.append(f"{cells.missing:.1%} of the cells are missing.")
        use = False
    if cells.markers and guess.kind not in MEDIA:
        warnings.append(
            f"Cells that say {quoted(cells.markers)} count as values; if they mean missing: "
            f"--set 'data.missing={json.dumps(cells.markers)}'"
        )
    kind, why = (settled, "you said so") if settled else (guess.kind, guess.why)
    return ColumnReport(
        name=cells.column.name,
        kind=kind,
        why=why,
        missing=cells.missing,
        distinct=cells.distinct,
        example=cells.example,
        warnings=tuple(warnings),
        use=True if settled else use and bool(kind),
    )


def _sized(report: ColumnReport, cells: Profile, files: MediaFiles | None) -> ColumnReport:
    """Add the size that pictures are best read at, and why."""
    found = picture_size(cells.values, files or MediaFiles([])) if report.kind == "image" else None
    if found is None:
        return report
    why = f"{report.why}; median side {found[0]:.0f} pixels, so size {found[1]} unless set"
    return replace(report, why=why, settings={"size": found[1]})


def _target_kind(column: Column, kinds: Mapping[str, str]) -> str:
    return kinds.get(column.name) or infer_target(column)[0]


def _report_target(cells: Profile, settled: str | None) -> ColumnReport:
    guess = guess_target(cells)
    warnings = list(guess.warnings)
    kind, why = (settled, "you said so") if settled else (guess.kind, guess.why)
    if not kind:
        warnings.append(f"Cannot be a target: {why}.")
    if kind in ("category", "binary", "ordinal") and (
        once := [v for v, n in cells.counts.items() if n == 1]
    ):
        warnings.append(
            f"{len(once)} of its classes have a single row, such as {str(once[0])!r:.40}."
        )
    return ColumnReport(
        name=cells.column.name,
        kind=kind,
        why=f"target: {why}",
        missing=cells.missing,
        distinct=cells.distinct,
        example=cells.example,
        warnings=tuple(warnings),
        use=False,
    )


def _file_warnings(cells: Profile, kind: str, files: MediaFiles | None) -> list[str]:
    if kind not in MEDIA or files is None or not cells.is_text:
        return []
    some = cells.values[:: max(1, len(cells.values) // FILES_CHECKED)][:FILES_CHECKED]
    failed = []
    for reference in some:
        try:
            files.stamp(reference)
        except MediaError as error:
            failed.append(f"{reference!r}: {error}")
    if not failed:
        return []
    where = ", ".join(str(root) for root in files.roots)
    return [
        f"{len(failed)} of {len(some)} files looked up in {where} cannot be read; the first is {failed[0]}."
    ]


def _leak_warnings(
    cells: Profile, report: ColumnReport, labels: Sequence[tuple[Profile, str]]
) -> list[str]:
    is_cell = not (pa.types.is_nested(cells.type) or pa.types.is_large_binary(cells.type))
    if not is_cell or report.kind in ("", *MEDIA, "vector", "sequence"):
        return []
    is_code = report.kind == "text" and not report.use
    found = [
        leak_warning(
            cells.few, target.few, target.column.name, numeric=kind in _QUANTITIES, is_code=is_code
        )
        for target, kind in labels
        if kind in ("category", "binary", "ordinal", *_QUANTITIES)
    ]
    return [warning for warning in found if warning]
