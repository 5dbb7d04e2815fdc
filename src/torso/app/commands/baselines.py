"""`torso baselines` and `torso seeds`: further trainings on the rows of a finished run."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.results import Out, OwnTable, check_judged, write_result
from torso.app.commands.shared import RunArgument, TrustCode

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor
    from torso.studies.baselines import Baselines
    from torso.studies.seeds import Seeds

__all__ = ["baselines", "seeds", "show_baselines", "show_seeds"]

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
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Train simpler models on a run's rows, and say where these are as good."""
    check_judged(run, table, out)
    import torso  # torch takes longer than to see a slip

    loaded = torso.load(run, trust_code=trust_code)
    write_result(out, show_baselines(loaded, run, table, workers, budget))


def seeds(
    run: RunArgument,
    table: OwnTable = None,
    seeds: Annotated[int, typer.Option(help="Seeds, the run's own included.")] = 5,
    workers: Workers = None,
    budget: AllBudget = None,
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Train a run again under other seeds, on the same split, and say how its scores spread."""
    check_judged(run, table, out)
    import torso  # torch takes longer than to see a slip

    loaded = torso.load(run, trust_code=trust_code)
    write_result(out, show_seeds(loaded, run, table, (seeds, workers, budget)))


def show_baselines(
    run: Predictor,
    folder: Path,
    table: str | None = None,
    workers: int | None = None,
    budget: str | None = None,
) -> Baselines:
    """Train the baselines of a run in a folder, print them, and return them."""
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
    return study


def show_seeds(
    run: Predictor,
    folder: Path,
    table: str | None,
    means: tuple[int, int | None, str | None],
) -> Seeds:
    """Train a run in a folder under further seeds, print their scores, and return them.

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
        raise _interrupted("seeds", folder, table, f" --seeds {count}") from None
    screen = console(out=True)
    screen.print(seeds_table(study, screen.width))
    tell(study.sentences(), out=True)
    return study


def _interrupted(command: str, folder: Path, table: str | None, more: str = "") -> typer.Exit:
    """Say how to go on; return the exit with 130."""
    moved = "" if table is None else f" {quote(table)}"
    again = f"torso {command} {quote(str(folder))}{moved}{more}"
    typer.echo(f"Interrupted; what is finished is kept. Go on with: {again}", err=True)
    return typer.Exit(130)
