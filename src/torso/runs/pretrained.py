"""Pretrained encoders by default: the inputs that they read, their cost, their gain.

A choice is written among the settings that were named, so `run.yaml` repeats the run without choosing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np
import pyarrow.compute as pc
import torch

from torso.cache.store import cache_root
from torso.columns.loader import features_of
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.core.cures import setting
from torso.encoders import Encoder
from torso.encoders.hub.at_hand import KNOWN, model_at_hand, weights_folder
from torso.plain.flat.encoded import token_columns
from torso.runs.complete import settle_encoders, takes_pretrained
from torso.runs.config import RunConfig
from torso.runs.durations import duration_text, seconds_of
from torso.runs.race import Gain, Race
from torso.runs.schema import Schema
from torso.tables.table import Table
from torso.training import Listener, choose_device, encoded_once

__all__ = ["Asked", "Pretrained", "choose_pretrained", "with_choice"]

_ROWS = 1500
"""Rows of a race at most."""
_LEAST_ROWS = 100
"""Rows below which a race would decide by chance."""
_PROBED = 16
"""Rows by which the time of an encoder is estimated."""
_MOST_SECONDS = 120.0
"""CPU seconds that all encoders of a run may take; a fit of a few thousand rows takes about as long."""
_SHARE = 0.2
"""Share of a budget that they may take."""
_FEW_WORDS = 6
"""Words of a text up to which nothing is to be gained: n-grams read it as well."""
_LENGTH = 128
"""Tokens of a text that are read unless the config says."""
_WORDS = {"text": "texts", "image": "pictures", "audio": "recordings"}


@dataclass(frozen=True, eq=False)
class Asked:
    """A run before its encoders are settled.

    Attributes:
        config: as asked for.
        table: all rows.
        rows: positions of those that may be learnt from.
        reading: how files are read.
        listener: is told of progress.
    """

    config: RunConfig
    table: Table
    rows: np.ndarray
    reading: Reading
    listener: Listener


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


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A pretrained encoder of one input, with the rows of a race as it reads them.

    Attributes:
        column: and modality; they have one name, since each text, picture or recording has an encoder of its own.
        name: of the model.
        encoder: in evaluation mode.
        source: the rows of the race.
        layout: settings of the column that were not said.
        seconds: CPU time a row, many at a time.
        alone: CPU time of a row that comes alone.
    """

    column: str
    name: str
    encoder: Encoder
    source: Source
    layout: Mapping[str, object]
    seconds: float
    alone: float


def choose_pretrained(asked: Asked) -> Pretrained:
    """Return the pretrained encoders that surely help on held-out rows, among those that are at hand."""
    config = asked.config
    if not takes_pretrained(config):
        return _NONE
    open_ = _open_inputs(asked)
    folder = weights_folder(config.data.weights)
    models = {form: model_at_hand(form, folder) for form in dict.fromkeys(open_.values())}
    notes = _what_would_help([*(form for form, name in models.items() if name is None)], open_)
    usable = {column: name for column, form in open_.items() if (name := models[form]) is not None}
    if not usable or len(asked.rows) < _LEAST_ROWS:
        return Pretrained({}, {}, notes)
    drawn = np.random.default_rng([config.seed, 11]).permutation(asked.rows)[:_ROWS]
    table = asked.table.take(np.sort(drawn))
    candidates = [_candidate(asked, table, column, name) for column, name in usable.items()]
    affordable, late = _affordable(asked, candidates)
    gains = _gains(asked, table, affordable) if affordable else {}
    chosen = [each for each in affordable if each.column in gains and gains[each.column].sure]
    return Pretrained(
        {each.column: {"type": "hub", "name": each.name} for each in chosen},
        {each.column: each.layout for each in chosen},
        (*notes, *late, *_verdicts(chosen, affordable, gains)),
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


def _candidate(asked: Asked, table: Table, column: str, name: str) -> _Candidate:
    """Return an encoder with the rows as it reads them, and how long it takes for a few of them."""
    config = asked.config
    said = config.inputs[column]
    text = said["kind"] == "text" and "length" not in said
    layout = {"length": _LENGTH} if text else {}
    own = config.model_copy(
        update={
            "inputs": {column: {**layout, **said}},
            "encoders": {column: {"type": "hub", "name": name}},
        }
    )
    own = settle_encoders(own, len(asked.rows))
    schema = Schema(own.inputs, own.targets)
    kind = schema.inputs[column]
    cells = schema.column(table, column)
    kind.learn(cells, Reading(asked.reading.options))
    source = kind.source(cells, Reading(asked.reading.options))
    modality = schema.modalities[column]
    device = choose_device(config.training.device)
    spec = Encoder.registry.parse(own.encoders[column], modality.form)
    with torch.random.fork_rng(devices=[]):
        encoder = Encoder.build(spec, dim=config.dim, **modality.offered())
    encoder = encoder.to(device).eval()
    rows = np.flatnonzero(source.present())
    rows = rows[np.linspace(0, len(rows) - 1, min(_PROBED, len(rows))).astype(np.int64)]
    alone = min((_seconds(encoder, source, rows[at : at + 1]) for at in range(3)), default=0.0)
    together = _seconds(encoder, source, rows) / max(len(rows), 1)
    return _Candidate(column, name, encoder, source, layout, together, alone)


def _seconds(encoder: Encoder, source: Source, rows: np.ndarray) -> float:
    """Return the CPU seconds that an encoder takes for some rows."""
    if not len(rows):
        return 0.0
    features = features_of(source, rows).to(next(encoder.parameters()).device)
    began = process_time()
    with torch.inference_mode():
        encoder.run_backbone(features)
    return process_time() - began


def _affordable(
    asked: Asked, candidates: Sequence[_Candidate]
) -> tuple[list[_Candidate], list[str]]:
    """Return the encoders that all rows can be read by in time, the cheapest first, and a note on the others."""
    limit = _MOST_SECONDS
    if asked.config.budget is not None:
        limit = min(limit, _SHARE * seconds_of(asked.config.budget))
    kept, late = [], []
    for each in sorted(candidates, key=lambda own: own.seconds):
        if next(each.encoder.parameters()).device.type != "cpu":
            kept.append(each)
            continue
        present = float(each.source.present().mean())
        needed = each.seconds * present * asked.table.rows
        if needed <= limit:
            limit -= needed
            kept.append(each)
        else:
            late.append((each, needed))
    if not late:
        return kept, []
    first = late[0][0]
    told = ", ".join(f"{each.column!r} about {duration_text(needed)}" for each, needed in late)
    cure = setting(f"encoders.{first.column}", {"type": "hub", "name": first.name})
    note = f"Pretrained encoders would take too long on this processor: {told}. To have one: {cure}"
    return kept, [note]


def _gains(asked: Asked, table: Table, candidates: Sequence[_Candidate]) -> dict[str, Gain]:
    """Return column -> gain of plain models by the encoder's tokens; none without a task that they learn."""
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
            progress=partial(asked.listener.preparing, each.column),
        )
        gains[each.column] = race.gain(*token_columns(each.column, source))
    return gains


def _verdicts(
    chosen: Sequence[_Candidate], raced: Sequence[_Candidate], gains: Mapping[str, Gain]
) -> list[str]:
    """Return a sentence about the encoders that were chosen, and one about the others."""
    notes = []
    if chosen:
        told = "; ".join(
            f"{each.column!r} by {each.name} ({gains[each.column]}, {1000 * each.alone:.0f} ms a row)"
            for each in chosen
        )
        notes.append(
            f"Pretrained encoders read {told}. In brackets: held-out loss that plain models save by them, 95 % interval; "
            "CPU time when a row comes alone. Without: --set pretrained=off"
        )
    others = [each for each in raced if each not in chosen and each.column in gains]
    if others:
        told = "; ".join(f"{each.column!r} ({gains[each.column]})" for each in others)
        notes.append(
            f"Pretrained encoders do not surely help with {told}: small ones read them. In brackets: held-out loss that "
            "plain models save by them, 95 % interval."
        )
    return notes


def _what_would_help(absent: Sequence[str], open_: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence on the weights that this machine lacks, if any input could use them."""
    if not absent:
        return ()
    columns = [column for column, form in open_.items() if form in absent]
    names = [next(each.name for each in KNOWN[form] if "/" in each.name) for form in absent]
    forms = " and ".join(_WORDS[form] for form in absent)
    got = "; ".join(f"hf download {name}" for name in names)
    return (
        f"No pretrained encoder of {forms} is on this machine; one might help with {columns}. To have it: "
        f"pip install 'torso[hub]'; {got}. Or name a folder of models: --set data.weights=FOLDER",
    )
