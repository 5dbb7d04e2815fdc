"""Kinds of columns, inferred from a table where a config leaves them open."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torso.columns.far_cells import FAR_CELLS
from torso.columns.inputs.number import NO_NUMBER
from torso.core.errors import ConfigError, unknown, within
from torso.core.spec import Settings, Spec
from torso.inference.far_numbers import FAR_LABELS
from torso.inference.report import ColumnReport, inspect_table, report_labels
from torso.runs.schema.weights import check_weight_column
from torso.runs.settings.config import ABOUT_COLUMN
from torso.runs.settings.described import Described, described
from torso.tables.formats.zipped import named_root
from torso.tables.table import Table
from torso.tasks import HEAVY_TAIL, Target

__all__ = ["infer_columns", "leftover_warnings", "notes_of"]

_LISTED = 12
"""Targets that a cure names."""


def infer_columns(table: Table, values: dict[str, Any], *, add: bool) -> list[ColumnReport]:
    """Fill in the kinds of inputs and targets in `values`, and return a report of each column.

    Args:
        table: the table.
        values: a config under construction; `inputs` and `targets` map columns to a kind, to settings with
            or without `kind`, or to None for a column to leave out.
        add: whether columns that are not named become inputs where they look sensible.

    Raises:
        ConfigError: a named column is not in the table, or no kind fits a target.
    """
    named = check_known(
        described(values.get("targets"), "targets"), table.names, table.name, "target"
    )
    targets = {task: spec for task, spec in named.items() if spec is not None}
    inputs = check_known(
        described(values.get("inputs"), "inputs"), table.names, table.name, "input"
    )
    data = values.get("data") or {}
    weight = data.get("weight")
    check_weight_column(weight, table, inputs, targets)
    kinds = {
        name: spec["kind"]
        for name, spec in {**inputs, **targets}.items()
        if spec and "kind" in spec and name in table.names
    }
    own = [name for name in targets if name in table.names]
    split = data.get("split") or {}
    roots = _roots(table, data.get("root") or [])
    look = partial(inspect_table, table, own, roots=roots, kinds=kinds, group=split.get("group"))
    marks = _decimals(table, data.get("decimal"), {**inputs, **targets})
    reports = look(decimals=marks)
    doubts = [report.name for report in reports if report.in_doubt]
    if doubts and any(report.settings.get("decimal") == "," for report in reports):
        # The other columns of the table say how its decimals are written.
        reports = look(decimals={**marks, **dict.fromkeys(doubts, ",")})
    aside = {weight, split.get("group"), split.get("column"), *_parts_of_labels(targets)}
    chosen: dict[str, object] = {}
    for report in reports:
        if report.name in targets:
            own_cure = _without(report.name, targets)
            targets[report.name] = _settled(targets[report.name], report, own_cure)
        if report.name in inputs:
            if inputs[report.name] is not None:
                chosen[report.name] = _settled(inputs[report.name], report)
        elif add and report.use and report.name not in {*aside, *targets}:
            chosen[report.name] = report.described
    for task, spec in targets.items():
        if task not in table.names and "column" in spec:
            mark = spec.get("decimal", data.get("decimal"))
            report = report_labels(table.column(spec["column"]), spec.get("kind"), mark)
            targets[task] = _settled(spec, report, _without(task, targets))
    values["inputs"], values["targets"] = chosen, targets
    return [_without_followed(report, {"inputs": inputs, "targets": named}) for report in reports]


def _without_followed(report: ColumnReport, said: Mapping[str, Described]) -> ColumnReport:
    """Return the report without advice to set a setting of an input or a target that the user has set."""
    paths = [
        f"{role}.{report.name}.{setting}="
        for role, columns in said.items()
        for setting in columns.get(report.name) or {}
    ]
    warnings = [text for text in report.warnings if not any(path in text for path in paths)]
    return replace(report, warnings=tuple(warnings))


def _decimals(table: Table, of_all: str | None, columns: Described) -> dict[str, str]:
    """Return the mark before decimals where it is settled, for a column or for all."""
    marks = dict.fromkeys(table.names, of_all) if of_all else {}
    return marks | {
        name: spec["decimal"] for name, spec in columns.items() if spec and "decimal" in spec
    }


def _parts_of_labels(targets: Mapping[str, Settings]) -> set[str]:
    """Return the columns that hold a target's label, or a part of it, besides its own."""
    kinds = []
    for name, spec in targets.items():
        if "kind" in spec:
            settings = {
                key: spec[key] for key in spec if key not in ("kind", *ABOUT_COLUMN["targets"])
            }
            with within(f"targets.{name}"):
                kinds.append(Target.registry.build(Spec(spec["kind"], settings)))
    read = {spec["column"] for spec in targets.values() if spec.get("column")}
    return {other for kind in kinds for other in kind.others} | read


def _roots(table: Table, said: str | Path | Sequence[str]) -> list[str | Path]:
    """Return where files of the table lie: the roots said, from its folder where they are there, and the folder."""
    named = [said] if isinstance(said, str | Path) else said
    if not named or table.folder is None:
        return list(named)
    return [*(named_root(table.folder, root) for root in named), table.folder]


def check_known(columns: Described, names: Sequence[str], table: str, role: str) -> Described:
    """Return the columns that are described, if the table has them.

    Args:
        columns: column -> its settings.
        names: of the table's columns.
        table: its name, for messages.
        role: `target` or `input`.

    Raises:
        ConfigError: the table lacks one; with the nearest name, or the way to write several.
    """
    for name, spec in columns.items():
        column = (spec or {}).get("column", name)
        kind = (spec or {}).get("kind", "")
        free = kind in Target.registry and Target.registry.find(kind).free
        if column not in names and not (role == "target" and free and column == name):
            cure = _cure_of_column(column, names, role)
            sentence = unknown(f"{role} column", column, names)
            raise ConfigError(f"{table}: {cure or sentence}")
    return dict(columns)


def _cure_of_column(column: str, names: Sequence[str], role: str) -> str:
    """Return how several columns, or the cells of a file, are told apart; empty if that is not the slip."""
    wrong = f"Unknown {role} column {column!r}."
    parts = [part.strip() for part in column.split(",")]
    if len(parts) > 1 and set(parts) <= set(names):
        several = " ".join(f"-t {shlex.quote(part)}" for part in parts)
        setting = shlex.quote(f"inputs=[{', '.join(parts)}]")
        words = several if role == "target" else f"--set {setting}"
        return f"{wrong} Name each by itself: {words} (in Python, a list: {parts})."
    marks = [mark for mark in (";", "|", "\t", ",") if len(names) == 1 and mark in names[0]]
    if marks:
        setting = (
            f"--set 'data.delimiter={marks[0]}'"
            if marks[0] != "\t"
            else "--set data.delimiter=$'\\t'"
        )
        return f"{wrong} The whole first line is one column, {names[0]!r}. Say what separates its cells: {setting}."
    return ""


def check_one_side(inputs: Iterable[str], targets: Iterable[str]) -> None:
    """Refuse columns that are both input and target.

    Raises:
        ConfigError: there are some; with the cure.
    """
    both = sorted(set(inputs) & set(targets))
    if both:
        cures = " ".join(f"--set {shlex.quote(f'inputs.{name}=null')}" for name in both)
        raise ConfigError(
            f"A column should be an input or a target, not both. Found {both}. Take them out of `inputs`: {cures}"
        )


def _settled(
    spec: dict[str, object] | None, report: ColumnReport, cure: str = ""
) -> dict[str, object]:
    """Return a column's kind and settings: those given, and the inferred ones where these are open."""
    full = {**report.described, **(spec or {})}
    if not full["kind"]:
        raise ConfigError(f"Column {report.name!r} cannot be used: {report.why}.{cure}")
    return full


def _without(task: str, targets: Iterable[str]) -> str:
    """Return the advice to leave a target out, as the command line takes it."""
    others = [f"-t {shlex.quote(name)}" for name in targets if name != task]
    if not others:
        return " It is the only target: name another column, -t COLUMN."
    more = " ..." if len(others) > _LISTED else ""
    return f" Leave it out, and name the other targets alone: {' '.join(others[:_LISTED])}{more}"


def leftover_warnings(reports: Iterable[ColumnReport], used: Iterable[str]) -> list[str]:
    """Return one sentence per warning about a column in use, or about why one is not.

    That cells are no number or far labels is left to the note on skipped cells, which knows all of them.
    """
    names = set(used)
    return [
        f"{report.name}{'' if report.name in names else ' (left out)'}: {warning}"
        for report in reports
        for warning in report.warnings
        if NO_NUMBER not in warning and FAR_LABELS not in warning
    ]


def notes_of(warnings: Sequence[str], of_schema: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the warnings about columns, and the notes of the schema that none of them says.

    A heavy tail is told of by the schema, which says what was chosen.
    """
    said = [warning for warning in warnings if FAR_CELLS in warning]
    fresh = [
        f"{name}: {note}"
        for name, notes in of_schema.items()
        for note in notes
        if FAR_CELLS not in note or not any(warning.startswith(f"{name}: ") for warning in said)
    ]
    return (*(warning for warning in warnings if HEAVY_TAIL not in warning), *fresh)
