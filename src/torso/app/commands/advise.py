"""`torso advise`: how to train a run better or simpler."""

from __future__ import annotations

from shlex import quote
from typing import Annotated

import typer

from torso.app.commands.results import Out, OwnTable, check_judged, write_result
from torso.app.commands.shared import RunArgument

__all__ = ["advise"]


def advise(
    run: RunArgument,
    table: OwnTable = None,
    about: Annotated[
        list[str],
        typer.Option(
            metavar="QUESTION",
            help="groups (of tasks), inputs (to keep), fusion, sharing, balancing, or all. Repeatable, or with commas. "
            "Default: the first of these that there is an answer to.",
        ),
    ] = [],
    plan: Annotated[
        bool, typer.Option("--plan", help="Only tell the candidates and the cost; train nothing.")
    ] = False,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time for all trainings: 90s, 30m, 2h.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each candidate that stays.")] = 3,
    most_models: Annotated[
        int | None, typer.Option(help="Groups at most. Default: as many as tasks.")
    ] = None,
    out: Out = None,
) -> None:
    """Tell how to train it better or simpler: candidates are really trained, taken where there is evidence."""
    from torso.app.terminal import AS_IS, ProgressBar, advice_table, console, tell

    check_judged(run, table, out)

    import torso  # torch takes longer than to see a slip
    from torso.studies.advise import planned

    screen = console(out=True)
    asked = [name.strip() for text in about for name in text.split(",")] or None
    if plan:
        words, _ = planned(run, about=asked, seeds=seeds, most_models=most_models)
        for sentence in words:
            screen.print(sentence, highlight=False)
        return
    with ProgressBar(console()) as bar:
        advice = torso.advise(
            run,
            table,
            about=asked,
            budget=budget,
            seeds=seeds,
            most_models=most_models,
            listener=bar,
        )
    write_result(out, advice)
    screen.print(advice_table(advice, screen.width))
    tell(advice.all_notes())
    if advice.changes:
        file = quote(str(run / "advise" / "run.yaml"))
        screen.print(f"To train it: torso fit -c {file}", **AS_IS)
