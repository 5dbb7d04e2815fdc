"""A row whose parts can be left out: the run answers it with any of them.

Words are left out in the table; pictures and recordings are decoded once, and left-out regions and stretches are
changed in what the run reads, so facts about the whole file stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torso.columns.cells import is_text
from torso.columns.dataset import Dataset
from torso.columns.inputs import AudioInput, Input
from torso.columns.reading import Reading, ReadLog
from torso.columns.sources import CellFacts, KnownFacts, ListSource, Source, facts_of
from torso.evaluation.weighted import Floats
from torso.runs.predicting.predictor import Predictor
from torso.runs.schema.schema import Schema
from torso.studies.explain.cuts import Cut, Piece, Regions, Stretches, Whole, Words
from torso.studies.explain.detail import COARSE, FINE, Detail
from torso.studies.explain.figures import Figure, figure_of
from torso.tables.table import Table

__all__ = ["AskedRow", "Coalition", "Part"]


Coalition = frozenset[int]
"""Numbers of the parts that are there."""

_AT_ONCE = 512  # variants of the row
_WRITTEN = ("text", "names")  # forms whose cells fall apart into words
_IN_STEPS = ("sequence", "sets", "vector", "video")  # forms that could, but are left out as a whole


@dataclass(frozen=True)
class Part:
    """Something that can be left out of a row.

    Attributes:
        modality: that it belongs to.
        column: of the table.
        piece: of the cell.
        number: of the piece in its cell, from 0.
    """

    modality: str
    column: str
    piece: Piece
    number: int


@dataclass(eq=False)
class AskedRow:
    """One row, its parts, and the run's answers to it without some of them.

    Attributes:
        predictor: the run.
        table: the row alone, with all inputs.
        reading: how its cells are read.
        limits: of the explanation; None: by the run's encoders.
        cuts: column -> its cell in pieces; columns without a value are absent.
        notes: sentences about cells that are left out as a whole, or cannot be read.
    """

    predictor: Predictor
    table: Table
    reading: Reading
    limits: Detail | None = None
    cuts: dict[str, Cut] = field(init=False)
    notes: list[str] = field(init=False, default_factory=list)
    _sources: dict[str, Source] = field(init=False, default_factory=dict)
    _media: dict[str, tuple[ListSource, CellFacts | None]] = field(init=False, default_factory=dict)
    _known: dict[Coalition, Floats] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.table = replace(self.table, data=self.table.data.select(list(self.schema.inputs)))
        self.cuts = {}
        for modality in self.schema.modalities.values():
            for name, kind in modality.columns.items():
                cut = self._cut(name, kind, alone=len(modality.columns) == 1)
                if cut is not None:
                    self.cuts[name] = cut
                    self.notes += [f"{name}: {cut.told}"] if cut.told else []

    @property
    def schema(self) -> Schema:
        """The run's schema."""
        return self.predictor.schema

    @property
    def asked(self) -> list[Coalition]:
        """The variants that the run was asked about so far."""
        return list(self._known)

    @property
    def media(self) -> dict[str, np.ndarray]:
        """Column -> its picture or recording as the run reads it."""
        cut = {name: self.cuts[name] for name in self._media}
        return {
            name: each.pixels if isinstance(each, Regions) else each.sound
            for name, each in cut.items()
            if isinstance(each, Regions | Stretches)
        }

    @cached_property
    def detail(self) -> Detail:
        """Limits of the explanation: low where frozen encoders make answers dear."""
        _, trunk = next(self.predictor.model.trunks.pairs())
        frozen = any(encoder.frozen_backbone() for _, encoder in trunk.encoders.pairs())
        return self.limits or (COARSE if frozen else FINE)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All parts, modality by modality; an empty cell has none."""
        return tuple(
            Part(modality.name, column, piece, number)
            for modality in self.schema.modalities.values()
            for column in modality.columns
            if column in self.cuts
            for number, piece in enumerate(self.cuts[column].pieces)
        )

    @cached_property
    def blocks(self) -> dict[str, tuple[int, ...]]:
        """Modality -> numbers of its parts, for modalities with a value in this row."""
        blocks: dict[str, tuple[int, ...]] = {}
        for number, part in enumerate(self.parts):
            blocks[part.modality] = (*blocks.get(part.modality, ()), number)
        return blocks

    @cached_property
    def whole(self) -> Coalition:
        """All parts."""
        return frozenset(range(len(self.parts)))

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Task -> the figure of its answer that is explained, for tasks that have one."""
        answers = self._columns([self.whole])
        targets = self.schema.targets
        figures = {task: figure_of(task, kind, answers) for task, kind in targets.items()}
        return {task: figure for task, figure in figures.items() if figure is not None}

    def ask(self, coalitions: Iterable[Coalition]) -> None:
        """Let the run answer the row with each of the coalitions, as far as it has not yet."""
        fresh = list(dict.fromkeys(some for some in coalitions if some not in self._known))
        for start in range(0, len(fresh), _AT_ONCE):
            some = fresh[start : start + _AT_ONCE]
            answers = self._columns(some)
            figures = [figure.read(answers) for figure in self.figures.values()]
            self._known |= dict(zip(some, np.stack(figures, axis=1), strict=True))

    def worth(self, coalition: Coalition) -> Floats:
        """Return the figures of all tasks with some of the parts, `[tasks]`."""
        if coalition not in self._known:
            self.ask([coalition])
        return self._known[coalition]

    def _cut(self, name: str, kind: Input, *, alone: bool) -> Cut | None:
        """Return a column's cell in pieces; None if it is empty, or cannot be read, which is noted."""
        column = self.schema.column(self.table, name)
        self._sources[name] = source = kind.source(column, self.reading)
        if not source.present()[0]:
            return None  # the log of the reading says why
        if kind.in_files:
            assert isinstance(source, ListSource)
            assert source.arrays[0] is not None
            self._media[name] = source, facts_of(source)
            if kind.form == "image":
                return Regions(source.arrays[0], self.detail.grid)
            if isinstance(kind, AudioInput):
                return Stretches(source.arrays[0], kind, self.detail.stretches)
        elif kind.form in _WRITTEN and alone and is_text(column.values):
            words = Words(column.values[0].as_py())
            return words if len(words.pieces) > 1 else Whole()
        told = f"of the kind {kind.name}, so its cell is left out as a whole."
        return Whole(told if kind.form in _IN_STEPS else "")

    def laid_out(self, coalitions: Sequence[Coalition]) -> tuple[Table, Dataset]:
        """Return the row with each of the coalitions, as a table and as the model reads it."""
        kept = [self._pieces(some) for some in coalitions]
        cells = {
            name: self._cells(name, [each.get(name, ()) for each in kept])
            for name in self.schema.inputs
        }
        table = replace(self.table, data=pa.table(cells), original_rows=None)
        reading = Reading(replace(self.reading.options, on_error="missing"), ReadLog())
        read = self.predictor.config.sizes
        dataset = self.schema.dataset(table, reading, targets=False, sizes=read)
        sources, sizes = dict(dataset.sources), dict(dataset.sizes)
        for modality in self.schema.modalities.values():
            for name in self._media.keys() & modality.columns.keys():
                source = self._decoded(name, [each.get(name, ()) for each in kept])
                sources[modality.name] = source
                if modality.name in sizes and source.facts is not None:
                    sizes[modality.name] = source.facts
        return table, replace(dataset, sources=sources, sizes=sizes)

    def owners(self, modality: str) -> NDArray[np.intp] | None:
        """Return the part that each place of a modality's features belongs to, -1 for none; None if it is unknown.

        Places are pixels, frames, tokens of a text, or columns.
        """
        columns, own = self.schema.modalities[modality].columns, self.blocks[modality]
        if len(columns) > 1:
            names = {self.parts[number].column: number for number in own}
            zero = np.zeros(1, np.int64)
            widths = [self._sources[name].batch(zero)[1].shape[-1] for name in columns]
            return np.repeat([names.get(name, -1) for name in columns], widths)
        ((column, kind),) = columns.items()
        if column in self._media:
            array = self._media[column][0].arrays[0]
            assert array is not None
            shape = array.shape[:2] if kind.form == "image" else array.shape[:1]
            spans = [self.parts[number].piece.span for number in own]
            owners = np.full(shape, -1)
            for number, span in zip(own, spans, strict=True):
                half = len(span) // 2
                owners[
                    tuple(slice(*ends) for ends in zip(span[:half], span[half:], strict=True))
                ] = number
            return owners
        if kind.form != "text":
            return None
        (steps,) = kind.offsets(self.schema.column(self.table, column))
        starts = [self.parts[number].piece.span[0] for number in own]
        places = np.zeros(0) if steps is None else steps[:, 0]
        return np.asarray(own)[np.maximum(0, np.searchsorted(starts, places, side="right") - 1)]

    def _columns(self, coalitions: Sequence[Coalition]) -> dict[str, pa.Array]:
        """Return the columns of the run's answers to the row with each of the coalitions."""
        table, dataset = self.laid_out(coalitions)
        return self.predictor.columns(table, self.predictor.answers(table, dataset))

    def _pieces(self, coalition: Coalition) -> dict[str, tuple[int, ...]]:
        """Return column -> numbers of its pieces that are there."""
        kept: dict[str, tuple[int, ...]] = {}
        for number in sorted(coalition):
            part = self.parts[number]
            kept[part.column] = (*kept.get(part.column, ()), part.number)
        return kept

    def _cells(self, name: str, kept: Sequence[Collection[int]]) -> pa.Array:
        """Return the cells of a column for each set of pieces that are kept; those of files are empty."""
        if name in self._media or name not in self.cuts:
            return pa.nulls(len(kept))
        values, cut = self.table.data.column(name).combine_chunks(), self.cuts[name]
        if isinstance(cut, Words):
            texts = [cut.kept(some) or None for some in kept]
            return pa.array(texts, pa.large_string())
        return values.take(pa.array([0 if some else None for some in kept], pa.int64()))

    def _decoded(self, name: str, kept: Sequence[Collection[int]]) -> ListSource:
        """Return the features of a column of files for each set of pieces that are kept."""
        source, facts = self._media[name]
        cut, array = self.cuts[name], source.arrays[0]
        changed: dict[Collection[int], np.ndarray | None] = {(): None}
        first: dict[Collection[int], int] = {}
        for row, some in enumerate(kept):
            first.setdefault(some, row)
            if some not in changed:
                whole = len(some) == len(cut.pieces)
                changed[some] = array if whole else np.asarray(cut.kept(some))
        arrays = [changed[some] for some in kept]
        variants = ListSource(arrays, source.tail, source.dtype, source.fixed)
        variants.same = np.array([first[some] for some in kept])
        if facts is not None:
            there = np.array([bool(some) for some in kept])
            known = np.where(there[:, None], facts.values[:1], np.nan)
            variants.facts = KnownFacts(known.astype(np.float32))
        return variants
