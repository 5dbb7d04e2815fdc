"""`torso inspect`: the kind of each column, its gaps, and warnings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from torso.app.commands.shared import Query, Root, Settings, TableArgument, Targets, rooted

__all__ = ["inspect"]


def inspect(
    table: TableArgument,
    target: Targets = [],
    query: Query = None,
    root: Root = [],
    settings: Settings = [],
    model: Annotated[
        bool, typer.Option("--model", help="Also the parts of the model, each with its cost.")
    ] = False,
) -> None:
    """Show the kind of each column, its gaps, and warnings."""
    from torso.app.terminal import AS_IS, columns_table, console, has_width, tell
    from torso.runs.preparing.random_split import random_split_notes
    from torso.runs.schema.columns import infer_columns
    from torso.runs.settings.check import check_values
    from torso.runs.settings.config import RunConfig
    from torso.runs.settings.paths import apply_settings
    from torso.tables.databases import queried
    from torso.tables.peek import column_names
    from torso.tables.spread import spread
    from torso.tables.table import read_table

    table = queried(table, query)
    values: dict[str, Any] = {"targets": {name: {} for name in target}}
    said = [*rooted(root), *settings]
    apply_settings(values, said, column_names(table))
    data = check_values(values, trial=False).data
    read = read_table(table, missing=data.missing, settings=data.text)
    source = spread(read) or read
    reports = infer_columns(source, values, add=True)
    shown = console(out=True)
    shown.print(f"{source.name}: {source.rows} rows, {len(source.names)} columns", **AS_IS)
    tell(source.notes, out=True)
    fold = has_width(shown)
    columns = columns_table(reports, values["targets"], values["inputs"], shown.width, fold=fold)
    shown.print(columns, soft_wrap=not fold)
    config = RunConfig.parse(values)
    tell(random_split_notes(config, source, (), reports), out=True)
    if not target:
        shown.print("\nName what to predict with --target to check the inputs for leaks.")
    if model:
        from torso.app.profiling import model_costs
        from torso.app.terminal import costs_table
        from torso.runs.prepare import draft_model

        built, batch = draft_model(table, target, settings=said)
        shown.print()
        shown.print(costs_table(model_costs(built, batch.inputs)))
