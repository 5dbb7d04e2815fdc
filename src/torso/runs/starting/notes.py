"""Notes of a fit that starts from a run: parts that are carried over, fresh or left, and rows that leak."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch

from torso.core.cures import setting
from torso.core.errors import ConfigError
from torso.model.carry_over import Carried
from torso.runs.build import build_model
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runs.starting.start import Start
from torso.tables.table import Table

__all__ = ["carried_notes", "leak_notes"]

_LISTED = 8
_HOW = {
    "all": "all weights are trained further",
    "heads": "trained encoders, fusion and shared layers stay as they are",
    "adapters": "trained encoders, fusion and shared layers are changed by adapters of rank {rank} alone",
}


def carried_notes(start: Start, config: RunConfig, schema: Schema, table: Table) -> list[str]:
    """Return a sentence each on parts that come from the run, on fresh ones, and on parts and columns that are left.

    Args:
        start: the run.
        config: complete.
        schema: fitted.
        table: of the fit, completed.

    Raises:
        ConfigError: nothing can be carried over.
    """
    assert config.start is not None
    with torch.random.fork_rng(devices=[]):
        carried = start.carried(build_model(config, schema), config, schema)
    whole = carried.named("whole")
    if not any(part.startswith(("encoder", "head")) for part in whole):
        raise ConfigError(
            f"`start`: nothing of {start.name!r} fits this model, whose inputs, encoders or width are others. Leave them "
            f"as they were, or start without it: {setting('start', None)}"
        )
    how = _HOW[config.start.train].format(rank=config.start.rank)
    return [
        f"Carried over from {start.name!r}: {_listed(whole)}; {how}.",
        *_sentence("Fresh: ", _fresh(start, schema, carried)),
        *_sentence(f"Not carried over from {start.name!r}: ", _left(start, schema)),
        *_unread(start, config, schema, table),
    ]


def leak_notes(
    start: Start, config: RunConfig, table: Table, seen: Callable[[str], str | None]
) -> list[str]:
    """Return a sentence for each part that judges the model by rows which the run has learnt from.

    Args:
        start: the run.
        config: complete.
        table: of the fit.
        seen: returns how many rows of a part the run has learnt from, in words; None if hardly any.
    """
    same = start.is_same(table)
    notes = []
    if (number := seen("test")) is not None:
        cure = "give a table of new rows: --set data.test=NEW.csv (test=...)"
        if same:
            cure = f"hold out the rows that it held out: {setting('data.split.like', start.name)}"
        notes.append(
            f"Leak: the test part holds rows that {start.name!r} learnt from ({number}), so the scores flatter. For "
            f"honest ones {cure}"
        )
    if (same and _same_folds(start, config)) or (number := _judging(config, seen)) is None:
        return notes
    folds = start.config.folds
    cure = (
        f"hold out its folds: {setting('folds', folds)}"
        if same
        else "give new rows: --set data.validation=NEW.csv"
    )
    notes.append(
        f"Leak: rows that choose the epoch and calibrate are among those that {start.name!r} learnt from ({number}), so "
        f"epochs are chosen late and answers are too sure. To avoid it {cure}"
    )
    return notes


def _same_folds(start: Start, config: RunConfig) -> bool:
    """Return whether each network holds out rows that the one whose weights it begins with held out."""
    before, now = start.config, config
    own, split = before.data.split, now.data.split
    seeds = [
        each.seed if each.data.split.seed is None else each.data.split.seed
        for each in (before, now)
    ]
    return (
        split.like is not None
        and seeds[0] == seeds[1]
        and (own.group, own.time) == (split.group, split.time)
        and before.folds == now.folds
        and (now.repeats or 1) <= (before.repeats or 1)
    )


def _judging(config: RunConfig, seen: Callable[[str], str | None]) -> str | None:
    """Return how many of the rows that some network holds out the run has learnt from, in words."""
    return seen("validation") or (seen("training") if config.folds else None)


def _fresh(start: Start, schema: Schema, carried: Carried) -> Iterator[str]:
    yield from carried.named("fresh")
    yield from (f"a part of the {part}" for part in carried.named("partly"))
    for task, kind in schema.targets.items():
        known = start.schema.targets.get(task)
        if f"head of {task!r}" in carried.named("whole") and known is not None:
            new = kind.names[len(known.names) :]
            if new:
                yield f"the classes {_listed(map(repr, new))} of {task!r}"


def _left(start: Start, schema: Schema) -> Iterator[str]:
    before = start.schema
    yield from (f"head of {task!r}" for task in before.targets if task not in schema.targets)
    yield from (
        f"encoder of {name!r}" for name in before.modalities if name not in schema.modalities
    )


def _unread(start: Start, config: RunConfig, schema: Schema, table: Table) -> Iterator[str]:
    """Yield a sentence on inputs that the table lacks, and one on columns that the run does not know."""
    absent = [name for name in start.schema.inputs if _is_absent(name, schema, table)]
    if absent:
        yield f"{table.name} lacks inputs of {start.name!r}, which count as missing: {_listed(map(repr, absent))}."
    before = start
    split = config.data.split
    known = {
        *schema.inputs,
        *schema.label_columns(),
        *before.schema.label_columns(),
        *(before.split.digests if before.split is not None else ()),
        *(split.group, split.time, split.column, config.data.weight),
    }
    new = [name for name in table.names if name not in known]
    if new:
        yield (
            f"Columns that {start.name!r} does not know are not read: {_listed(map(repr, new))}. To read one: "
            f"{setting(f'inputs.{new[0]}', {})}"
        )


def _is_absent(name: str, schema: Schema, table: Table) -> bool:
    return name in schema.inputs and str(table.data.schema.field(name).type) == "null"


def _sentence(opening: str, parts: Iterable[str]) -> list[str]:
    named = [*parts]
    return [f"{opening}{_listed(named)}."] if named else []


def _listed(names: Iterable[str]) -> str:
    names = [*names]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
