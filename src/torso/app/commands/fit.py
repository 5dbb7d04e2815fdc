"""`torso fit`: one model on a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.baselines import show_baselines, show_seeds
from torso.app.commands.shared import (
    Budget,
    Config,
    Folds,
    From,
    Log,
    Quality,
    Query,
    Repeats,
    Root,
    Settings,
    Strict,
    Targets,
    TrustCode,
    named,
    rooted,
    started,
    stricter,
)
from torso.runs.processes.torchrun import goes_on

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor
    from torso.runs.settings.config import RunConfig

__all__ = ["fit"]

Resume = Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a finished run in --out.")]
Seeds = Annotated[
    int, typer.Option(help="Seeds of the weights that are trained, on one split; default 1.")
]
Processes = Annotated[
    int,
    typer.Option(help="Processes that train each network together; default 1. See docs/scale.md."),
]
Baselines = Annotated[
    bool, typer.Option("--baselines", help="Also train simpler models, and compare the run.")
]


def fit(
    table: Annotated[
        str | None, typer.Argument(help="The table; default: that of --config.")
    ] = None,
    target: Targets = [],
    query: Query = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run; default runs/TABLE.")
    ] = None,
    config: Config = None,
    start: From = None,
    root: Root = [],
    settings: Settings = [],
    quality: Quality = None,
    budget: Budget = None,
    folds: Folds = None,
    repeats: Repeats = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    seeds: Seeds = 1,
    baselines: Baselines = False,
    processes: Processes = 1,
    log: Log = [],
    strict: Strict = False,
    trust_code: TrustCode = False,
) -> None:
    """Train one model on a table; write the run: config, weights, metrics, log."""
    from torso.training.adapters import named_tracker

    if _helped(seeds, processes):
        return
    resume = resume or goes_on(out)
    table = _queried(table, query)
    folder = out or _free_folder(table or (config.stem if config else "run"), resume)
    trackers = [named_tracker(each, folder) for each in log]
    dial = named(quality=quality, budget=budget, folds=folds, repeats=repeats)
    said = [*started(start), *rooted(root), *dial, *stricter(strict), *settings]
    if not resume:
        _check_early(table, target, config, said, trust_code, None if overwrite else out)

    import torso  # its `fit` imports torch, which takes longer than to see a slip
    from torso.app.terminal import ProgressBar, console
    from torso.training import Listeners

    with ProgressBar(console()) as bar:
        predictor = torso.fit(
            table,
            target,
            out=folder,
            config=config,
            settings=said,
            resume=resume,
            overwrite=overwrite,
            trust_code=trust_code,
            processes=processes,
            listener=Listeners([bar, *trackers]),
        )
    _show(predictor, folder, [tracker.look for tracker in trackers])
    _show_more(predictor, folder, seeds, baselines)


def _check_early(
    table: str | None,
    target: list[str],
    config: Path | None,
    said: list[str],
    trust_code: bool,
    free: Path | None,
) -> None:
    """Refuse slips that are seen without torch, which takes longer to import.

    Args:
        table: to fit on.
        target: columns to predict.
        config: a file, or None.
        said: settings.
        trust_code: import parts that the config names.
        free: a folder that should hold no run; None: it may.
    """
    from torso.runs.preparing.early import check_fit, check_free_folder
    from torso.runs.preparing.gather import gather_values, trusting

    with trusting(config, trust_code, said):
        check_fit(gather_values({"table": table}, target, None, config, said).values, config)
    if free is not None:
        check_free_folder(free)


def _show_more(run: Predictor, folder: Path, seeds: int, baselines: bool) -> None:
    """Train further seeds and simpler models, where they are asked for, and print them."""
    if seeds > 1:
        show_seeds(run, folder, None, (seeds, None, None))
    if baselines:
        show_baselines(run, folder)


def _queried(table: str | None, query: str | None) -> str | None:
    """Return the text of a table, or of a database and the query of `--query`."""
    from torso.core.errors import ConfigError
    from torso.tables.databases import queried

    if table is None and query is not None:
        raise ConfigError(
            "`--query` should follow a database. Found none. Name it first: torso fit postgresql://localhost/shop "
            "--query 'SELECT * FROM orders'"
        )
    return table if table is None else queried(table, query)


def _helped(seeds: int, processes: int) -> bool:
    """Check two numbers; return True in a process that `torchrun` started to help the first one, once it has helped."""
    from torso.core.errors import ConfigError
    from torso.runs.helping import helped
    from torso.runs.processes.several import check_processes

    if seeds < 1:
        raise ConfigError(f"`--seeds` should be 1 or more. Found {seeds}.")
    check_processes(processes)
    return helped()


def _show(run: Predictor, folder: Path, looks: Sequence[str]) -> None:
    """Print the verdict and the next commands; exit with 1 or 130 if the training ended early."""
    from torso.app.terminal import AS_IS, console, verdict

    shown = console(out=True)
    shown.print(verdict(run.report, shown.width))
    text, code = _next_steps(folder, run.report.training.end, run.config)
    shown.print("\n".join([text, *(f"  {look}" for look in looks)]), **AS_IS)
    if code:
        raise typer.Exit(code)


def _next_steps(folder: Path, end: str, config: RunConfig) -> tuple[str, int]:
    """Return commands to try next, as a shell takes them, and the exit status."""
    from torso.runs.settings.check import names_code

    place = quote(str(folder)) + (" --trust-code" if names_code(config) else "")
    if end == "interrupted":
        return f"\nInterrupted. Go on with: torso fit --resume -o {place}", 130
    if end == "diverged":
        return (
            f"\nDiverged: the note above says where. The best weights are in {folder}. Go on more slowly with: "
            f"torso fit --resume -o {place} --set training.lr={config.training.lr / 10:g}"
        ), 1
    return (
        f"\nThe run is in {folder}. Next:\n"
        f"  torso predict {place} NEW.csv -o answers.csv\n"
        f"  torso evaluate {place} LABELLED.csv"
    ), 0


def _free_folder(table: str, resume: bool) -> Path:
    from torso.tables.databases import name_of

    base = Path("runs") / name_of(table).split(".")[0]
    if resume:
        return base
    candidates = (base if number == 1 else Path(f"{base}-{number}") for number in range(1, 10_000))
    return next(folder for folder in candidates if not folder.exists())
