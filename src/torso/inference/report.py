"""The kind of each column, the evidence for it, and warnings: every guess is reported.

Each kind of input and of target recognises its own columns; docs/tables.md lists how. Left out by default, each with a
warning: constants, columns that are 99 % missing with a handful of values, codes and row counters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torso.columns.dates import moments_untold
from torso.columns.inputs import Input, NumberInput, TextInput
from torso.columns.inputs.number import DOUBT
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.profile import Guess, Profile
from torso.core.cures import setting
from torso.inference.duplicates import Cells, cells_of, duplicate_warnings
from torso.inference.far_numbers import far_input_warnings, far_label_warnings
from torso.inference.input_kinds import guess_input
from torso.inference.leak_checks import label_of, leak_warnings
from torso.inference.signs import missing_signs, sign_warnings
from torso.inference.target_kinds import guess_target
from torso.tables.table import Column, Table
from torso.tasks import Target

__all__ = ["ColumnReport", "infer_target", "inspect_table", "report_labels"]

_FILES_CHECKED = 200
_NEARLY_ALL_MISSING = 0.99
_ENOUGH = 20  # cells with a value from which on a column is read, however many are empty


@dataclass(frozen=True)
class ColumnReport:
    """Findings about one column.

    Attributes:
        name: as in the header.
        kind: input kind, or target kind for a target; `""` if no kind fits.
        why: the evidence for `kind`.
        missing: share of cells without a value.
        distinct: number of distinct values.
        example: a short one.
        warnings: facts that the user should know before training.
        use: whether the column is a sensible input; False for targets.
        settings: of the kind, where the cells suggest others than the defaults.
        signs: texts that mean "missing" in this column.
    """

    name: str
    kind: str
    why: str
    missing: float
    distinct: int
    example: str
    warnings: tuple[str, ...] = ()
    use: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)
    signs: tuple[str, ...] = ()

    @property
    def in_doubt(self) -> bool:
        """True for numbers whose decimal mark the column's own cells do not settle."""
        return any(DOUBT in warning for warning in self.warnings)

    @property
    def described(self) -> dict[str, object]:
        """The column as a config describes it."""
        settings = dict(self.settings)
        more = settings.pop("missing", [])
        signs = [*self.signs, *(more if isinstance(more, list) else [])]
        return {"kind": self.kind, **({"missing": signs} if signs else {}), **settings}


def inspect_table(
    table: Table,
    targets: Sequence[str] = (),
    *,
    roots: Sequence[str | Path] = (),
    kinds: Mapping[str, str] | None = None,
    decimals: Mapping[str, str] | None = None,
    group: str | None = None,
) -> list[ColumnReport]:
    """Return one report per column, in the table's order.

    Args:
        table: the rows; large tables are judged by a sample of 3,000.
        targets: columns to predict; every other column is checked for giving them away.
        roots: where file columns are looked up; by default the table's folder.
        kinds: kinds that the user has settled, by column.
        decimals: marks before decimals that the user has settled, by column.
        group: column that keeps rows of one value on one side of the split.

    Raises:
        DataError: a name in `targets` or `kinds` is no column, or a root does not exist.
    """
    settled = {} if kinds is None else kinds
    for name in (*targets, *settled):
        table.column(name)  # raises if there is none
    marks = decimals or {}
    profiles = {name: Profile(table.column(name), marks.get(name)) for name in targets}
    judged = {name: _report_target(cells, settled.get(name)) for name, cells in profiles.items()}
    labels = [
        label
        for name, cells in profiles.items()
        if (label := label_of(cells, judged[name].kind, judged[name].settings)) is not None
    ]
    folders = roots or ([table.folder] if table.folder is not None else [])
    files = MediaFiles(folders) if folders else None
    reports: list[ColumnReport] = []
    compared: list[Cells | None] = []
    for name in table.names:
        if name in table.unreadable:
            reports.append(_report_unreadable(table, name))
            continue
        if name in judged:
            reports.append(judged[name])
            continue
        cells = Profile(table.column(name), marks.get(name))
        report = _with_suggestion(_report_input(cells, settled.get(name)), cells, files)
        warnings = [*report.warnings, *_file_warnings(cells, report.kind, files)]
        warnings += far_input_warnings(cells, report.kind, report.settings)
        is_code = report.kind == TextInput.name and not report.use
        warnings += leak_warnings(cells, report.kind, labels, is_code=is_code, group=group)
        reports.append(replace(report, warnings=tuple(warnings)))
        compared.append(cells_of(cells))
    twins = duplicate_warnings([cells for cells in compared if cells is not None])
    return [
        replace(report, warnings=(*report.warnings, twins[report.name]))
        if report.name in twins
        else report
        for report in reports
    ]


def infer_target(column: Column) -> tuple[str, str]:
    """Return the kind of a target, and why: category, binary, number, vector or multilabel.

    If the column cannot be a target, the kind is `""` and the second part gives the reason.
    """
    guess = guess_target(Profile(column))
    return guess.kind, guess.why


def _report_unreadable(table: Table, name: str) -> ColumnReport:
    why, filled = table.unreadable[name], table.data.column(name)
    return ColumnReport(
        name=name,
        kind="",
        why=why.problem,
        missing=filled.null_count / len(filled),
        distinct=0,
        example="",
        warnings=(f"{why.problem}. {why.cure}",),
        use=False,
    )


def report_labels(column: Column, kind: str | None, decimal: str | None = None) -> ColumnReport:
    """Return the findings about a column of labels.

    Args:
        column: of the labels.
        kind: of the target, where it is settled.
        decimal: the mark before decimals, where it is settled.
    """
    return _report_target(Profile(column, decimal), kind)


def _report_input(cells: Profile, settled: str | None) -> ColumnReport:
    guess = guess_input(cells)
    warnings, use = list(guess.warnings), guess.use
    if not guess.kind and not settled:
        warnings.append(f"Not used: {guess.why}.")
    elif cells.missing >= _NEARLY_ALL_MISSING:
        warnings.append(f"{cells.missing:.1%} of the cells are missing.")
        use = use and len(cells.column) - cells.column.values.null_count >= _ENOUGH
    warnings += sign_warnings(cells, settled or guess.kind, "inputs")
    if cells.is_beyond_floats and (settled or guess.kind) == NumberInput.name and use:
        warnings.append(
            "Has whole numbers beyond 2^53, of which a number keeps 15 digits; if they are names: "
            f"{setting(f'inputs.{cells.column.name}.kind', 'category')}"
        )
    untold = moments_untold(cells.column) if cells.is_number and guess.kind == "number" else ""
    if untold and not settled:
        warnings.append(
            f"Its numbers may be times ({untold}). If so: {setting(f'inputs.{cells.column.name}.kind', 'datetime')}"
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
        settings=guess.settings if kind == guess.kind else {},
        signs=missing_signs(cells, kind),
    )


def _input(kind: str) -> type[Input] | None:
    """Return the class of a kind; None for no kind, and for one that is named by its import path."""
    return Input.registry.find(kind) if kind in Input.registry else None


def _in_files(kind: str) -> bool:
    known = _input(kind)
    return known is not None and known.in_files


def _with_suggestion(
    report: ColumnReport, cells: Profile, files: MediaFiles | None
) -> ColumnReport:
    """Add the settings that suit the cells better than the defaults, and why."""
    kind = _input(report.kind)
    suggestion = kind.suggest(cells, files or MediaFiles([])) if kind is not None else None
    if suggestion is None:
        return report
    told = any(suggestion.why in warning for warning in report.warnings)
    why = report.why if told else f"{report.why}; {suggestion.why}"
    return replace(report, why=why, settings={**report.settings, **suggestion.settings})


def _label(kind: str) -> str:
    """Return the `Target.label` of a kind; empty for no kind, and for one that is named by its import path."""
    return Target.registry.find(kind).label if kind in Target.registry else ""


def _report_target(cells: Profile, settled: str | None) -> ColumnReport:
    guess = guess_target(cells)
    warnings = list(guess.warnings)
    kind, why = (settled, "you said so") if settled else (guess.kind, guess.why)
    if not kind:
        warnings.append(f"Cannot be a target: {why}.")
    single = [value for value, count in cells.counts.items() if count == 1]
    if _label(kind) == "class" and single:
        warnings.append(
            f"{len(single)} of its classes {'has' if len(single) == 1 else 'have'} a single row, such as "
            f"{str(single[0])!r:.40}."
        )
    settings = _target_settings(cells, kind, guess)
    warnings += sign_warnings(cells, kind, "targets")
    warnings += far_label_warnings(cells, kind, settings)
    return ColumnReport(
        name=cells.column.name,
        kind=kind,
        why=f"target: {why}",
        missing=cells.missing,
        distinct=cells.distinct,
        example=cells.example,
        warnings=tuple(warnings),
        use=False,
        settings=settings,
        signs=missing_signs(cells, kind),
    )


def _target_settings(cells: Profile, kind: str, guess: Guess) -> Mapping[str, object]:
    """Return the settings of a target's kind under which it reads the cells."""
    if kind == guess.kind:
        return guess.settings
    return Target.registry.find(kind).suggest(cells) if kind in Target.registry else {}


def _file_warnings(cells: Profile, kind: str, files: MediaFiles | None) -> list[str]:
    if not _in_files(kind) or files is None or not cells.is_text:
        return []
    every = max(1, len(cells.values) // _FILES_CHECKED)
    references = cells.values[::every][:_FILES_CHECKED]
    failed = []
    for reference in references:
        try:
            files.stamp(reference)
        except MediaError as error:
            failed.append(f"{reference!r}: {error}")
    if not failed:
        return []
    roots = ", ".join(str(root) for root in files.roots)
    return [
        f"{len(failed)} of {len(references)} files looked up in {roots} cannot be read; the first is {failed[0]}."
    ]
