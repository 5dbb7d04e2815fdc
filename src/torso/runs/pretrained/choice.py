"""Pretrained encoders by default: the inputs that they read, their cost, their gain.

A choice is written among the settings that were named, so `run.yaml` repeats the run without choosing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from torso.cache.store import cache_root
from torso.columns.reading import Reading
from torso.core.errors import TorsoError
from torso.core.notes import Telling
from torso.encoders.hub.at_hand import CURES, KNOWN, model_at_hand, unusable_models, weights_folder
from torso.plain.flat.encoded import token_columns
from torso.runs.preparing.complete import settle_encoders, takes_pretrained
from torso.runs.pretrained.candidate import Asked, Candidate, affordable, candidate
from torso.runs.pretrained.race import Gain, Race
from torso.runs.schema.schema import Schema
from torso.tables.table import Table
from torso.training import encoded_once
from torso.training.frozen_features import Told

__all__ = ["Pretrained", "choose_pretrained", "with_choice"]

_ROWS = 1500
"""Rows of a race at most."""
_LEAST_ROWS = 100
"""Rows below which a race would decide by chance."""
_FEW_WORDS = 6
"""Words of a text up to which nothing is to be gained: n-grams read it as well."""


@dataclass(frozen=True)
class Pretrained:
    """Choice of pretrained encoders.

    Attributes:
        encoders: modality -> its encoder, as a config says it.
        inputs: column -> settings that it should have besides.
        notes: sentences for the user.
    """

    encoders: Mapping[str, Mapping[str, object]]
    inputs: Mapping[str, Mapping[str, object]]
    notes: tuple[str, ...]


_NONE = Pretrained({}, {}, ())


def choose_pretrained(asked: Asked) -> Pretrained:
    """Return the pretrained encoders that surely help on held-out rows, among those that are at hand."""
    config = asked.config
    open_ = _open_inputs(asked) if takes_pretrained(config) else {}
    if not open_ or len(asked.rows) < _LEAST_ROWS:
        return _NONE
    folder = weights_folder(config.data.weights)
    models = {form: model_at_hand(form, folder) for form in dict.fromkeys(open_.values())}
    usable = {column: name for column, form in open_.items() if (name := models[form]) is not None}
    absent = {column: form for column, form in open_.items() if column not in usable}
    notes = [*_unusable(folder), *_what_would_help(absent)]
    drawn = np.random.default_rng([config.seed, 11]).permutation(asked.rows)[:_ROWS]
    table = asked.table.take(np.sort(drawn))
    candidates = []
    for column, name in usable.items():
        try:
            candidates.append(candidate(asked, table, column, name))
        except (TorsoError, RuntimeError, IndexError) as error:  # weights fail in their own ways
            notes.append(
                f"The pretrained encoder {name} cannot read {column!r}; the small one reads it. {_first_line(error)}"
            )
    raced, late = affordable(asked, candidates)
    gains = _gains(asked, table, raced) if raced else {}
    chosen = [each for each in raced if each.column in gains and gains[each.column].sure]
    return Pretrained(
        {each.column: {"type": "hub", "name": each.name} for each in chosen},
        {each.column: each.layout for each in chosen},
        (*notes, *late, *_verdicts(chosen, raced, gains)),
    )


def with_choice(values: dict[str, object], chosen: Pretrained) -> None:
    """Write the choice among a config's raw values, as if it had been named."""
    for name, encoder in chosen.encoders.items():
        for section, before in (("encoders", {}), ("inputs", chosen.inputs[name])):
            known = values.get(section)
            known = dict(known) if isinstance(known, Mapping) else {}
            own = encoder if section == "encoders" else known[name]
            values[section] = {**known, name: {**before, **own}}


def _open_inputs(asked: Asked) -> dict[str, str]:
    """Return column -> form of the inputs that a pretrained encoder could read, and for which none is named."""
    config = asked.config
    schema = Schema(config.inputs, config.targets)
    wished = {
        name for kind in schema.targets.values() for name in (*kind.encoders(), kind.along or "")
    }
    taken = wished | {*config.encoders} | {*schema.restored.values()}
    return {
        name: modality.form
        for name, modality in schema.modalities.items()
        if name not in taken
        and modality.form in KNOWN
        and [*modality.columns] == [name]
        and (modality.form != "text" or _words(asked, schema, name) > _FEW_WORDS)
        and config.inputs[name].get("tokenizer") is None
    }


def _words(asked: Asked, schema: Schema, name: str) -> float:
    """Return the mean number of words of a text."""
    values = schema.column(asked.table, name).values.drop_null()
    texts = values[:1000].cast("string")
    counts = pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(texts)))
    return float(pc.mean(counts).as_py() or 0.0)


def _gains(asked: Asked, table: Table, candidates: Sequence[Candidate]) -> dict[str, Gain]:
    """Return column -> gain of plain models by the encoder's tokens; none without a task that they learn.

    Encoders that surely help stay: the next one has to add to what they say.
    """
    config = settle_encoders(asked.config, len(asked.rows))
    schema = Schema(config.inputs, config.targets)
    every = np.arange(table.rows)
    schema.fit(table, every, Reading(asked.reading.options))
    dataset = schema.dataset(table, Reading(asked.reading.options))
    race = Race(config, schema, table, dataset)
    if not race.responses:
        return {}
    gains = {}
    for each in candidates:
        source = encoded_once(
            each.encoder,
            each.source,
            cache_root(config.data.cache),
            precision=config.training.precision,
            told=Told(each.column, asked.listener),
        )
        gains[each.column] = gain = race.gain(*token_columns(each.column, source))
        if gain.sure:
            race.keep()
    return gains


def _verdicts(
    chosen: Sequence[Candidate], raced: Sequence[Candidate], gains: Mapping[str, Gain]
) -> list[str]:
    """Return a sentence about the encoders that were chosen, and one about the others."""
    notes: list[str] = []
    if chosen:
        told = "; ".join(
            f"{each.column!r} by {each.name} ({gains[each.column]}, {1000 * each.alone:.0f} ms a row)"
            for each in chosen
        )
        notes.append(
            Telling(
                f"Pretrained encoders read {told}. In brackets: held-out loss that plain models save by them, 95 % interval; "
                "CPU time when a row comes alone. Without: --set pretrained=off"
            )
        )
    others = [each for each in raced if each not in chosen and each.column in gains]
    if others:
        told = "; ".join(f"{each.column!r} ({gains[each.column]})" for each in others)
        notes.append(
            Telling(
                f"Pretrained encoders do not surely help with {told}: small ones read them. In brackets: held-out loss "
                "that plain models save by them, 95 % interval."
            )
        )
    return notes


def _what_would_help(absent: Mapping[str, str]) -> list[str]:
    """Return a sentence on the weights that this machine lacks.

    Args:
        absent: column -> its form, of inputs that a pretrained encoder could read.
    """
    if not absent:
        return []
    cures = [CURES[form] for form in dict.fromkeys(absent.values())]
    if find_spec("transformers") is None and any(cure.startswith("hf ") for cure in cures):
        cures = ["pip install 'torso[hub]'", *cures]
    columns = ", ".join(repr(column) for column in absent)
    return [
        Telling(
            f"No pretrained encoder is at hand; one might help with {columns}: {' && '.join(cures)}"
        )
    ]


def _unusable(folder: Path | None) -> list[str]:
    """Return a sentence on each model in the user's folder that cannot be used."""
    models = {} if folder is None else unusable_models(folder)
    return [f"The model in {path} is left out. {reason}" for path, reason in models.items()]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
