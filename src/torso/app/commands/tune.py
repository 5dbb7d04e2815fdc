"""`torso tune`: settings that are better than a run's own, or the news that none surely are."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.results import Out, check_result, write_result
from torso.app.commands.shared import Budget, RunArgument, TrustCode

if TYPE_CHECKING:
    from torso.studies.tune import Asked, Tuning

__all__ = ["tune"]


def tune(
    run: RunArgument,
    tasks: Annotated[
        list[str] | None, typer.Argument(help="Tasks that matter; several: each on its own.")
    ] = None,
    space: Annotated[
        str, typer.Option(metavar="first|all|FILE", help="What is searched; FILE is YAML.")
    ] = "first",
    objectives: Annotated[list[str], typer.Option(help="As TASKS. Repeatable.")] = [],
    trials: Annotated[
        int, typer.Option(help="Trainings; the first has the run's own settings.")
    ] = 20,
    budget: Budget = None,
    workers: Annotated[int, typer.Option(help="Trainings at once, each on one thread.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    table: Annotated[
        str | None, typer.Option(help="The run's table, if it was in memory or has moved.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show the search and its cost; train nothing.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew instead of going on.")
    ] = False,
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Search better settings for a run, and compare the best with its own on unseen rows; resumable."""
    from torso.runs.folder.json_files import read_json

    read_json(run.expanduser() / "schema.json")  # torch takes longer than to see a slip
    check_result(out, run, table)
    chosen = (*objectives, *(tasks or []))

    from torso.studies.tune import Asked

    asked = Asked(chosen, trials, workers, seed, budget)
    if plan:
        _show_plan(run, space, asked, table, trust_code)
        return
    result = _searched(run, space, asked, table, trust_code, overwrite)
    write_result(out, result)
    _show(result, run)


def _searched(
    run: Path, space: str, asked: Asked, table: str | None, trust_code: bool, overwrite: bool
) -> Tuning:
    import torso
    from torso.app.terminal import ProgressBar, console

    try:
        with ProgressBar(console()) as bar:
            return torso.tune(
                run,
                space,
                table=table,
                objectives=asked.objectives,
                trials=asked.trials,
                budget=asked.budget,
                workers=asked.workers,
                seed=asked.seed,
                overwrite=overwrite,
                trust_code=trust_code,
                listener=bar,
            )
    except KeyboardInterrupt:
        typer.echo("Interrupted. What has ended is kept; the same command goes on.", err=True)
        raise typer.Exit(130) from None


def _show_plan(run: Path, space: str, asked: Asked, table: str | None, trust_code: bool) -> None:
    from torso.app.terminal import ProgressBar, console, plan_table, tell
    from torso.studies.tune import plan_tuning

    with ProgressBar(console()) as bar:
        planned = plan_tuning(run, space, asked, table=table, trust_code=trust_code, listener=bar)
    console(out=True).print(plan_table(planned))
    tell(planned.notes)


def _show(result: Tuning, run: Path) -> None:
    from torso.app.terminal import AS_IS, console, tuning_tables

    screen = console(out=True)
    screen.print(tuning_tables(result, screen.width))
    if result.folder:
        place = quote(result.folder)
        screen.print(f"\nThe tuned run is in {place}. Next:", **AS_IS)
        screen.print(f"  torso compare {quote(str(run))} {place}", **AS_IS)
        screen.print(f"  torso predict {place} NEW.csv -o answers.csv", **AS_IS)
