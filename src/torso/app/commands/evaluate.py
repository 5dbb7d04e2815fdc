"""`torso evaluate`: a run's answers against a table's labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.shared import (
    Query,
    Root,
    RunArgument,
    StrictTable,
    TableArgument,
    Threshold,
    TrustCode,
    check_out,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from torso.evaluation.report import TaskReport
    from torso.runs.predicting.predictor import Predictor

__all__ = ["evaluate"]


def evaluate(
    run: RunArgument,
    table: TableArgument,
    query: Query = None,
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
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Score the rows that the run kept aside, and keep its answers to them in the run.",
        ),
    ] = False,
    threshold: Threshold = [],
    strict: StrictTable = False,
    trust_code: TrustCode = False,
) -> None:
    """Compare a run's answers with a table's labels: metrics with 95 % intervals and baselines."""
    from torso.app.terminal import console, tell
    from torso.runs.folder.json_files import write_json
    from torso.tables.databases import queried

    if not robustness:
        _check_alone(against, picture)
    _check_files(out, picture, run, table := queried(table, query))

    import torso  # torch takes longer than to see a slip
    from torso.runs.report.deciding import read_thresholds

    predictor = torso.load(run, trust_code=trust_code, strict=strict)
    if threshold:
        predictor = predictor.with_threshold(read_thresholds(threshold, predictor.schema.targets))
    screen = console(out=True)
    if robustness:
        others = [] if against is None else [torso.load(against, trust_code=trust_code)]
        content, notes, shown = _robustness(
            [predictor, *others], table, root, picture, screen.width
        )
    elif held_out:
        content, notes, shown = _held_out(predictor, table, root, screen.width)
    else:
        evaluation = predictor.evaluate(table, root=root, details=True)
        content, notes, shown = _scores(evaluation.reports, evaluation.notes, screen.width)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, content)
    screen.print(shown)
    tell(notes)


def _held_out(
    run: Predictor, table: str, root: list[str], width: int
) -> tuple[dict[str, object], Sequence[str], RenderableType]:
    """Return the scores of a run on its held-out rows as JSON, a note and a table; write its answers into its folder."""
    from torso.runs.folder.folder import RunFolder
    from torso.runs.predicting.held_out_again import held_out_again

    assert run.folder is not None
    rows = held_out_again(run, table, root=root)
    RunFolder(run.folder).keep_held_out(rows)
    note = f"The answers to {len(rows.rows):,} held-out rows lie in {run.folder}/held_out.parquet."
    return _scores(run.report.tasks, (note,), width)


def _scores(
    reports: Mapping[str, TaskReport], notes: Sequence[str], width: int
) -> tuple[dict[str, object], Sequence[str], RenderableType]:
    from torso.app.terminal import results_table

    content: dict[str, object] = {task: report.to_dict() for task, report in reports.items()}
    return content, notes, results_table(reports, width)


def _robustness(
    runs: list[Predictor], table: str, root: list[str], picture: Path | None, width: int
) -> tuple[dict[str, object], Sequence[str], RenderableType]:
    """Return the robustness of a run, perhaps beside another, as JSON, notes and tables; draw it, if asked for."""
    from torso.app.terminal import robustness_tables
    from torso.studies.robustness import robustness

    ours, theirs = [*(robustness(run, table, root=root) for run in runs), None][:2]
    assert ours is not None
    if picture is not None:
        from torso.studies.robustness.pictures import draw_robustness

        draw_robustness(ours, picture, theirs)
    return ours.to_dict(theirs), ours.notes, robustness_tables(ours, theirs, width)


def _check_alone(against: Path | None, picture: Path | None) -> None:
    """Refuse options of the robustness where it is not asked for."""
    from torso.core.errors import ConfigError

    if against or picture:
        raise ConfigError("`--against` and `--picture` belong to `--robustness`. Add it.")


def _check_files(out: Path | None, picture: Path | None, run: Path, table: str) -> None:
    """Refuse a run and a table that are not there, and files that should not be written, before the work."""
    from torso.runs.preparing.early import check_answering

    check_answering(run, table)
    for file in (out, picture):
        if file is not None:
            check_out(file, run, table)
    if picture is not None:
        from torso.studies.robustness.pictures import check_picture

        check_picture(picture)
