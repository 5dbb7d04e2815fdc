"""The question of inputs: backward elimination, from a short list, of those that do not pay for themselves.

A permutation of each column's and modality's cells among the rows that choose says which to try without; whether they can go is
decided by trainings without them, the plain half included. Those that can go one by one are then tried without all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from torso.evaluation.estimate import number_out
from torso.runs.predicting.load import load
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.studies.advise.choose import Measures, difference, measures_of
from torso.studies.advise.decide import decided
from torso.studies.advise.plan import Candidate
from torso.studies.advise.question import Question, ShortList
from torso.studies.advise.race import Race
from torso.tables.table import Table

__all__ = ["Inputs"]

_ALL = "all inputs"
_MODALITIES = 3  # that are tried without
_ROWS = 500  # whose cells are exchanged
_COLUMNS = 60  # that are looked at one by one


class Inputs(Question):
    """Inputs to keep: one that does not pay for itself is dropped."""

    name = "inputs"

    def unaskable(self, config: RunConfig) -> str:
        """Return why there is nothing to drop."""
        return "There is one input: nothing can be dropped." if len(config.inputs) < 2 else ""

    def own(self, config: RunConfig) -> Candidate:
        """Return the run with all inputs."""
        del config
        return Candidate(_ALL, (), {})

    def expected(self, config: RunConfig) -> tuple[list[str], list[float]]:
        """Return how many are tried without, at most."""
        modalities = Schema(config.inputs, config.targets).modalities
        several = len(modalities) > 1
        count = min(_MODALITIES, len(modalities)) if several else 0
        columns = 2 if len(config.inputs) > len(modalities) else 0
        most = count + columns + (count + columns > 1)
        return [_ALL, f"up to {most} without some"], [1.0] * (1 + most)

    def short_list(self, race: Race) -> ShortList:
        """Return the run without the modalities and columns that its answers need least."""
        config = race.prepared.config
        modalities = {
            name: tuple(own.columns) for name, own in race.prepared.schema.modalities.items()
        }
        columns = [*config.inputs][:_COLUMNS]
        needs = _needs(race, [*modalities.values(), *((name,) for name in columns)])
        tried: list[tuple[str, ...]] = []
        if len(modalities) > 1:
            tried += sorted(modalities.values(), key=needs.__getitem__)[:_MODALITIES]
        tried += _silent_columns(columns, needs)
        tried = [each for each in dict.fromkeys(tried) if len(each) < len(config.inputs)]
        own = self.own(config)
        origin = {"needs": {" + ".join(each): number_out(need) for each, need in needs.items()}}
        candidates = [own, *(_without(each, config, modalities) for each in tried)]
        return ShortList(sorted(candidates, key=lambda each: each.rank), (), origin)

    def further(self, race: Race, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the run without all that can go one by one."""
        config, measures = race.prepared.config, race.measures()
        trained = [each for each in candidates if each.name in measures]
        own = self._own_of(candidates)
        if own not in trained:
            return []
        verdicts = decided(trained, own, measures).verdicts
        gone = {
            column
            for each in trained
            if verdicts.get(each.name) in ("better", "as good")
            for column in _dropped(each, config)
        }
        known = {frozenset(_dropped(each, config)) for each in candidates}
        if not gone or gone == {*config.inputs} or frozenset(gone) in known:
            return []
        modalities = {
            name: tuple(own.columns) for name, own in race.prepared.schema.modalities.items()
        }
        return [_without(tuple(name for name in config.inputs if name in gone), config, modalities)]

    def keep(self, own: Candidate) -> str:
        """Return the advice to keep all."""
        return f"Keep {own.name}"

    def take(self, best: Candidate, own: Candidate) -> str:
        """Return the advice to drop some."""
        del own
        return f"Drop {best.name.removeprefix('without ')}"


def _without(
    columns: Sequence[str], config: RunConfig, modalities: Mapping[str, tuple[str, ...]]
) -> Candidate:
    """Return the run without some columns; whole modalities are named as such."""
    whole = {name: own for name, own in modalities.items() if {*own} <= {*columns}}
    inside = {column for own in whole.values() for column in own}
    names = [*whole, *(column for column in columns if column not in inside)]
    kept = tuple(name for name in config.inputs if name not in columns)
    return Candidate(f"without {', '.join(names)}", (), {}, inputs=kept, rank=-len(columns))


def _dropped(candidate: Candidate, config: RunConfig) -> list[str]:
    kept = config.inputs if candidate.inputs is None else candidate.inputs
    return [name for name in config.inputs if name not in kept]


def _silent_columns(
    columns: Sequence[str], needs: Mapping[tuple[str, ...], float]
) -> list[tuple[str, ...]]:
    """Return the columns that answers surely do not need less without, all together, and the half that is needed least."""
    silent = sorted((name for name in columns if needs[name,] < 1), key=lambda name: needs[name,])
    halves = [silent, silent[: len(silent) // 2]]
    order = [tuple(name for name in columns if name in some) for some in halves]
    return [each for each in order if each]


def _needs(race: Race, units: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
    """Return the loss of answers by an exchange of cells among rows, over its half interval; the largest of all tasks."""
    (first, *_), part = race.outcomes[_ALL], race.prepared.parts["validation"]
    assert first.folder is not None
    draw = np.random.default_rng(race.prepared.config.seed)
    rows = part.rows if len(part.rows) <= _ROWS else draw.choice(part.rows, _ROWS, replace=False)
    table, run = part.table.take(np.sort(rows)), load(first.folder)

    def answered(cells: Table) -> Measures:
        held_out = run.evaluate(cells, resamples=0, details=True).held_out
        assert held_out is not None
        return measures_of([held_out])

    whole, order = answered(table), draw.permutation(table.rows)
    needs = {}
    for unit in dict.fromkeys(units):
        exchanged = answered(_exchanged(table, unit, order))
        needs[unit] = max((_need(whole, exchanged, task) for task in whole.tasks), default=0.0)
    return needs


def _need(whole: Measures, exchanged: Measures, task: str) -> float:
    """Return the loss of a task over its half interval: above 1 it is sure."""
    loss = difference(whole, exchanged, task).delta
    half = loss.value - loss.low
    return loss.value / half if half > 0 else 0.0


def _exchanged(table: Table, columns: Sequence[str], order: np.ndarray) -> Table:
    """Return the table with the cells of some columns from other rows, those of a row together."""
    data = table.data
    for name in columns:
        data = data.set_column(data.column_names.index(name), name, data.column(name).take(order))
    return replace(table, data=data)
