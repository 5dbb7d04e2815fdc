"""Commands that go on from a run; each works as it stands."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from shlex import quote

from torso.runs.folder.folder import RunFolder
from torso.runs.folder.json_files import Json
from torso.runs.folder.stage import Stage
from torso.runs.predicting.held_out_again import can_answer_again
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.settings.config import RunConfig
from torso.tables.databases import is_there

__all__ = ["finished_beside", "next_steps"]


def next_steps(
    folder: Path,
    config: RunConfig,
    report: RunReport,
    studies: Mapping[str, Json],
    held_out: HeldOut | None,
    commands: Collection[str] | None,
) -> tuple[tuple[str, str], ...]:
    """Return words and a command for each step that the run has not taken.

    Args:
        folder: of the run.
        config: complete.
        report: its results.
        studies: that it carries.
        held_out: its answers to held-out rows.
        commands: that may be named, such as `fit` and `fit --seeds`; None: all.
    """
    steps = _steps(folder, config, report, studies, held_out)
    return tuple(step for step in steps if commands is None or _known(step[1], commands))


def _known(command: str, commands: Collection[str]) -> bool:
    """Return whether a command line knows a command and its options."""
    _, name, *words = shlex.split(command)
    options = [f"{name} {word}" for word in words if word.startswith("--")]
    return all(each in commands for each in [name, *options])


def _steps(
    folder: Path,
    config: RunConfig,
    report: RunReport,
    studies: Mapping[str, Json],
    held_out: HeldOut | None,
) -> Iterator[tuple[str, str]]:
    run, path = quote(str(folder)), config.data.table
    table = quote(path) if isinstance(path, str) and is_there(path) else None
    if RunFolder(folder).stage is Stage.RESUMABLE:
        yield "Go on training", f"torso fit --resume -o {run}"
    if table is not None:
        if held_out is None and can_answer_again(folder, report):
            yield "Keep the held-out answers", f"torso evaluate {run} {table} --held-out"
        yield "Answer rows", f"torso predict {run} {table} -o {quote(f'{folder}-answers.csv')}"
        if "importance" not in studies:
            yield "What mattered", f"torso importance {run} {table}"
        if "advice" not in studies and max(len(config.targets), len(config.inputs)) > 1:
            yield "How to train it better, and the cost", f"torso advise {run} {table} --plan"
        if not (folder / "seeds").is_dir():
            yield "How much is luck of the seed", f"torso seeds {run} {table}"
        if not (folder / "baselines").is_dir():
            yield "Are simpler models as good", f"torso baselines {run} {table}"
    if held_out is not None:
        if "mistakes" not in studies:
            yield "Where it errs", f"torso mistakes {run}"
        if "slices" not in studies:
            yield "For whom it holds", f"torso slices {run}"
    if held_out is not None and "baselines" not in studies:
        for beside in finished_beside(folder, "baselines"):
            yield f"Better than {beside.name}", f"torso compare {quote(str(beside))} {run}"
    yield "All of it on a page", f"torso report {run} -o {quote(f'{folder}-report.html')}"


def finished_beside(folder: Path, kind: str) -> list[Path]:
    """Return the finished runs in a run's `seeds` or `baselines`, by name."""
    below = folder / kind
    if not below.is_dir():
        return []
    done = (Stage.FINISHED, Stage.RESUMABLE)
    return sorted(run for run in below.iterdir() if RunFolder(run).stage in done)
