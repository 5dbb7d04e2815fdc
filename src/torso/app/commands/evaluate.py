"""`torso evaluate`: a run's answers against a table's labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import (
    Root,
    RunArgument,
    StrictTable,
    TableArgument,
    TrustCode,
    check_out,
)

__all__ = ["evaluate"]


def evaluate(
    run: RunArgument,
    table: TableArgument,
    root: Root = [],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON file to write.")] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness", help="Also score under noise and with every subset of modalities."
        ),
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="A run to compare the robustness with.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="File for the curves of the robustness: .png.")
    ] = None,
    strict: StrictTable = False,
    trust_code: TrustCode = False,
) -> None:
    """Compare a run's answers with a table's labels: metrics with 95 % intervals and baselines."""
    from torso.app.terminal import console, results_table, tell
    from torso.core.errors import ConfigError
    from torso.runs.early import check_answering
    from torso.runs.json_files import write_json

    if not robustness and (against or picture):
        raise ConfigError("`--against` and `--picture` belong to `--robustness`. Add it.")
    check_answering(run, table)
    _check_files(out, picture, run, table)

    import torso  # torch takes longer than to see a slip

    predictor = torso.load(run, trust_code=trust_code, strict=strict)
    shown: object
    screen = console(out=True)
    if robustness:
        from torso.app.terminal import robustness_tables

        other = None if against is None else torso.load(against, trust_code=trust_code)
        ours = torso.robustness(predictor, table, root=root)
        theirs = None if other is None else torso.robustness(other, table, root=root)
        content = ours.to_dict(theirs)
        shown, notes = robustness_tables(ours, theirs, screen.width), ours.notes
        if picture is not None:
            from torso.studies.robustness.pictures import draw_robustness

            draw_robustness(ours, picture, theirs)
    else:
        evaluation = predictor.evaluate(table, root=root, details=True)
        content = {task: report.to_dict() for task, report in evaluation.reports.items()}
        shown, notes = results_table(evaluation.reports, screen.width), evaluation.notes
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, content)
    screen.print(shown)
    tell(notes)


def _check_files(out: Path | None, picture: Path | None, run: Path, table: str) -> None:
    """Refuse files that cannot or should not be written, before the work."""
    for file in (out, picture):
        if file is not None:
            check_out(file, run, table)
    if picture is not None:
        from torso.studies.robustness.pictures import check_picture

        check_picture(picture)
