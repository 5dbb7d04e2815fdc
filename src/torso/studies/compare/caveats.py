"""Sentences on a comparison that keep it from being read as more than it is."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

import numpy as np

from torso.studies.compare.contender import Contender
from torso.studies.compare.result import TaskDifference

__all__ = ["on_relative", "on_seeds"]


def on_relative(differences: Sequence[TaskDifference]) -> list[str]:
    """Return a note on the tasks that Δm over all tasks leaves out."""
    out = [
        own.task
        for own in differences
        if np.isfinite(own.difference.value) and not np.isfinite(own.delta_m.value)
    ]
    if not out:
        return []
    return [
        f"Δm leaves out {', '.join(out)}: the baseline's figure is 0 or perfect, so no change in percent of it is defined. "
        "The difference stands."
    ]


def on_seeds(
    differences: Sequence[TaskDifference], sides: tuple[Contender, Contender]
) -> list[str]:
    """Return notes on runs of one seed, on seeds that disagree, and on a run beside itself."""
    folders = [[member.folder for member in own.members] for own in sides]
    if folders[0] == folders[1] and None not in folders[0]:
        return [f"{sides[0].name} is compared with itself, so nothing can differ."]
    runs = [len(own.members) for own in sides]
    names = [own.name for own in sides]
    if max(runs) == 1:
        alone = f"One run each: the verdicts are about the trainings {names[0]} and {names[1]}. Another seed may turn them."
        return [alone + _more_seeds(sides[1])]
    told = []
    if min(runs) == 1:
        single, other = names if runs[0] == 1 else names[::-1]
        told.append(f"{single} is a single run: it is taken to vary with the seed as {other} does.")
    for own in differences:
        if own.over_seeds > 2 * own.over_rows:
            ranges = [
                f"{low:.3g} to {high:.3g} over the seeds of {name}"
                for name, (low, high), count in zip(names, own.seeds, runs, strict=True)
                if count > 1
            ]
            told.append(
                f"{own.task}: the seeds disagree. {own.word} is {', '.join(ranges)}: more than the rows explain."
            )
    return told


def _more_seeds(own: Contender) -> str:
    """Return the command that trains more seeds of a run; nothing where it lies in no folder."""
    folder = own.members[0].folder
    if folder is None:
        return ""
    return f" More seeds: torso seeds {quote(str(folder))}"
