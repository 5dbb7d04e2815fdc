"""Runs that are compared: each with the runs that differ from it by their seed only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TypeAlias

import numpy as np

from torso.core.errors import ConfigError, RunError
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stage import Stage
from torso.runs.predicting.asked import Roots
from torso.runs.predicting.held_out_again import can_answer_again
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.settings.config import RunConfig

__all__ = ["DONE", "Contender", "Given", "Member", "contender", "seeds_in"]

Given: TypeAlias = "str | Path | Predictor | Sequence[str | Path | Predictor]"
"""A run, or runs that differ by their seed only, or that have no task in common."""

DONE = (Stage.FINISHED, Stage.RESUMABLE)


@dataclass(frozen=True, eq=False)
class Member:
    """One trained run.

    Attributes:
        name: its folder, or its number where it is in memory.
        config: complete.
        report: its results.
        held_out: the rows that it is judged on.
        notes: told when it was judged on a table.
        folder: where it lies; None if in memory.
    """

    name: str
    config: RunConfig
    report: RunReport
    held_out: HeldOut
    notes: tuple[str, ...] = ()
    folder: Path | None = None


@dataclass(frozen=True, eq=False)
class Contender:
    """A run with its seeds.

    Attributes:
        name: in results.
        members: at least one.
        notes: on seeds that are left out.
    """

    name: str
    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judging:
    """Rows to judge by: those that each run kept aside, or a table.

    Attributes:
        table: None for the held-out rows.
        root: folders or zips that its file columns are relative to.
        trust_code: import parts that the runs name by an import path.
    """

    table: object = None
    root: Roots = ()
    trust_code: bool = False


def contender(given: Given, name: str, judging: Judging) -> Contender:
    """Return a run with its seeds, as it is compared.

    Args:
        given: a folder with a run, perhaps with `seeds/`, or with runs that differ by their seed, or by their tasks; a run;
            or several.
        name: for runs in memory.
        judging: rows to judge by.

    Raises:
        RunError: no finished run, runs that differ by more than the seed, or one without held-out answers.
        ConfigError: neither a run nor a path.
    """
    if isinstance(given, str | Path):
        folders, notes = seeds_in(Path(given).expanduser())
        members = [_read(folder, judging) for folder in folders]
        if folders[0] == Path(given).expanduser():
            members, notes = _own_seeds(members, notes)
        name = str(given)
    else:
        several = [given] if isinstance(given, Predictor) else given
        if not isinstance(several, Sequence) or not several:
            raise ConfigError(
                f"`runs` should be runs or their folders. Found {type(given).__name__}. Open one: torso.load(FOLDER)."
            )
        folders, notes, members = [], (), []
        for number, run in enumerate(several):
            if isinstance(run, Predictor):
                own = name if len(several) == 1 else f"{name}, run {number}"
                members.append(_judged(run, str(run.folder or own), judging))
            elif isinstance(run, str | Path):
                members.append(_read(Path(run).expanduser(), judging))
            else:
                raise ConfigError(
                    f"`runs` should be runs or their folders. Found {type(run).__name__}. Open one: torso.load(FOLDER)."
                )
        if len(members) == 1:
            name = members[0].name
    joined = _of_all_tasks(members, name)
    if joined is not None:
        told = f"{name} stands for {len(members)} runs, each with tasks of its own."
        return Contender(name, (joined,), (*notes, told))
    _check_seeds(members)
    return Contender(name, tuple(members), notes)


def seeds_in(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Return the finished runs of a folder that differ by their seed, and notes on those that are not finished.

    Args:
        folder: of a run, whose other seeds lie in `seeds/`, or of runs.

    Raises:
        RunError: there is none.
    """
    inner = folder / "seeds" if RunFolder(folder).stage in DONE else folder
    runs = _runs_below(inner)
    done = [run for run in runs if RunFolder(run).stage in DONE]
    notes = tuple(
        f"{run} is left out: it is not finished. Go on with it: torso fit --resume -o {quote(str(run))}"
        for run in runs
        if run not in done
    )
    if inner != folder:
        return [folder, *done], notes
    if not done:
        RunFolder(folder).schema()  # says what the folder is instead
        raise RunError(f"There is no finished run in {str(folder)!r}.")
    return done, notes


def _runs_below(folder: Path) -> list[Path]:
    """Return the runs right in a folder, by number or name."""
    if not folder.is_dir():
        return []
    kept = (*DONE, Stage.UNDER_WAY)
    runs = [
        entry for entry in folder.iterdir() if entry.is_dir() and RunFolder(entry).stage in kept
    ]
    return sorted(runs, key=lambda run: [f"{part:0>9}" for part in re.split(r"(\d+)", run.name)])


def _read(folder: Path, judging: Judging) -> Member:
    """Return the run in a folder; its model is only built where it must answer."""
    files = RunFolder(folder)
    if judging.table is not None:
        run = load(folder, trust_code=judging.trust_code)
        return _judged(run, str(folder), judging)
    files.schema()  # says what is wrong with the folder
    report = files.report()
    held_out = files.held_out(report.baselines)
    return _member(str(folder), files.config(), report, held_out, folder)


def _judged(run: Predictor, name: str, judging: Judging) -> Member:
    if judging.table is None:
        return _member(name, run.config, run.report, run.held_out, run.folder)
    told = run.evaluate(judging.table, root=judging.root, resamples=0, details=True)
    assert told.held_out is not None
    return Member(name, run.config, run.report, told.held_out, told.notes, run.folder)


def _member(
    name: str,
    config: RunConfig,
    report: RunReport,
    held_out: HeldOut | None,
    folder: Path | None,
) -> Member:
    if held_out is None:
        table = config.data.table
        shown = quote(table) if isinstance(table, str) else "TABLE"
        cure = f"train it again: torso fit --config {quote(f'{name}/run.yaml')} -o NEW"
        if folder is not None and can_answer_again(folder, report):
            cure = f"let it answer them now: torso evaluate {quote(name)} {shown} --held-out"
        raise RunError(
            f"{name!r} keeps no answers to its held-out rows: an earlier version of Torso wrote it. Judge all runs by the rows "
            f"of a table (--table TABLE, torso.compare(..., table=TABLE)), or {cure}"
        )
    return Member(name, config, report, held_out, folder=folder)


def _of_all_tasks(members: Sequence[Member], name: str) -> Member | None:
    """Return runs that have no task in common as one that answers all of them; None where they are no such runs."""
    first, *others = members
    tasks = dict(first.held_out.tasks)
    for member in others:
        own = member.held_out
        same = own.digests == first.held_out.digests and own.split == first.held_out.split
        if (
            not same
            or tasks.keys() & own.tasks
            or not np.array_equal(own.rows, first.held_out.rows)
        ):
            return None
        tasks |= own.tasks
    if not others:
        return None
    notes = tuple(note for member in members for note in member.notes)
    return replace(first, name=name, held_out=replace(first.held_out, tasks=tasks), notes=notes)


def _own_seeds(
    members: Sequence[Member], notes: tuple[str, ...]
) -> tuple[list[Member], tuple[str, ...]]:
    """Return a run with those in its `seeds/` that are of its kind: others are left of a run that was overwritten."""
    first, *others = members
    kept = [first]
    for member in others:
        changed = _changed(first, member)
        if changed:
            notes = (
                *notes,
                f"{member.name} is left out: it differs from {first.name} by {changed}.",
            )
        else:
            kept.append(member)
    return kept, notes


def _check_seeds(members: Sequence[Member]) -> None:
    """Refuse runs that differ by more than their seed.

    Raises:
        RunError: with the setting that differs.
    """
    for member in members[1:]:
        changed = _changed(members[0], member)
        if changed:
            raise RunError(
                f"{members[0].name!r} and {member.name!r} should differ by their seed only, to count as one. Found {changed}. "
                "Name each of them to compare them."
            )


def _changed(first: Member, other: Member) -> str:
    """Return the difference of two runs besides their seed; empty if there is none."""
    if first.held_out.digests != other.held_out.digests:
        return "its table"
    if not np.array_equal(first.held_out.rows, other.held_out.rows):
        return "its held-out rows"
    ours, theirs = _flat(first.config.model_dump()), _flat(other.config.model_dump())
    for key in {**ours, **theirs}:
        if ours.get(key) != theirs.get(key) and key not in _FREE:
            return f"`{key}`: {ours.get(key)!r} and {theirs.get(key)!r}"
    return ""


_FREE = {"seed", "data.split.seed", "data.split.like", "data.table", "data.root", "budget"}


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
