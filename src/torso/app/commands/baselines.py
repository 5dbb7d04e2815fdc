"""`torso baselines` and `torso seeds`: further trainings on the rows of a finished run."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.shared import RunArgument, TrustCode

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor

__all__ = ["baselines", "seeds", "show_baselines", "show_seeds"]

OwnTable = Annotated[
    str | None, typer.Argument(help="The table of the fit, if it has moved; default: the run's.")
]
Workers = Annotated[
    int | None,
    typer.Option(help="Trainings at once, on one thread each; default: one for each core."),
]
AllBudget = Annotated[
    str | None, typer.Option("--budget", metavar="TIME", help="Time for all of them: 90s, 10m, 2h.")
]


def baselines(
    run: RunArgument,
    table: OwnTable = None,
    workers: Workers = None,
    budget: AllBudget = None,
    trust_code: TrustCode = False,
) -> None:
    """Train simpler models on a run's rows, and say where these are as good."""
    show_baselines(_loaded(run, table, trust_code), run, table, workers, budget)


def seeds(
    run: RunArgument,
    table: OwnTable = None,
    count: Annotated[int, typer.Option(help="Seeds, the run's own included.")] = 5,
    workers: Workers = None,
    budget: AllBudget = None,
    trust_code: TrustCode = False,
) -> None:
    """Train a run again under other seeds, on the same split, and say how its scores spread."""
    show_seeds(_loaded(run, table, trust_code), run, table, (count, workers, budget))


def _loaded(run: Path, table: str | None, trust_code: bool) -> Predictor:
    from torso.runs.preparing.early import check_answering

    check_answering(run, *([] if table is None else [table]))
    import torso  # torch takes longer than to see a slip

    return torso.load(run, trust_code=trust_code)


def show_baselines(
    run: Predictor,
    folder: Path,
    table: str | None = None,
    workers: int | None = None,
    budget: str | None = None,
) -> None:
    """Train the baselines of a run in a folder, and print them."""
    import torso
    from torso.app.terminal import ProgressBar, baselines_tables, console, tell

    try:
        with ProgressBar(console()) as bar:
            study = torso.baselines(run, table, workers=workers, budget=budget, listener=bar)
    except KeyboardInterrupt:
        raise _interrupted("baselines", folder, table) from None
    screen = console(out=True)
    screen.print(baselines_tables(study, screen.width))
    screen.print()
    tell(study.sentences(), out=True)


def show_seeds(
    run: Predictor,
    folder: Path,
    table: str | None,
    means: tuple[int, int | None, str | None],
) -> None:
    """Train a run in a folder under further seeds, and print their scores.

    Args:
        run: loaded.
        folder: of the run.
        table: of the fit, if it has moved.
        means: number of seeds, of trainings at once, and the budget.
    """
    import torso
    from torso.app.terminal import ProgressBar, console, seeds_table, tell

    count, workers, budget = means
    try:
        with ProgressBar(console()) as bar:
            study = torso.seeds(run, table, count, workers=workers, budget=budget, listener=bar)
    except KeyboardInterrupt:
        raise _interrupted("seeds", folder, table, f" --count {count}") from None
    screen = console(out=True)
    screen.print(seeds_table(study, screen.width))
    tell(study.sentences(), out=True)


def _interrupted(command: str, folder: Path, table: str | None, more: str = "") -> typer.Exit:
    """Say how to go on; return the exit with 130."""
    moved = "" if table is None else f" {quote(table)}"
    again = f"torso {command} {quote(str(folder))}{moved}{more}"
    typer.echo(f"Interrupted; what is finished is kept. Go on with: {again}", err=True)
    return typer.Exit(130)
