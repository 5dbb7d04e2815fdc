"""The flat view of a table: every modality's columns side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import numpy as np

from torso.columns.sources import Source
from torso.plain.clock import check_time
from torso.plain.flat._flattener import (
    Arrays,
    Cells,
    Entries,
    Flattener,
    Measured,
    Modality,
    Part,
    Values,
    no_entries,
)
from torso.plain.flat.flat import Flat, varying
from torso.plain.flat.sparse_rows import in_order, sparse_rows
from torso.plain.flat.token_columns import TokenColumns
from torso.tables.table import Column

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["FlatView"]

_WRITTEN = ("text", "names")  # forms whose cells are read together, word by word
_TEXTS, _ENCODED = "text", "encoded"
_TOGETHER = "/texts"  # key of the block that reads them
_SUFFIX = "/encoded"  # of the key of a block that reads tokens
_LEARNT = 50_000  # rows that a fit learns from at most, evenly spread
_NOTHING: Mapping[tuple[str, bool], Measured] = MappingProxyType({})
_AT_ONCE = 10_000  # rows whose names and texts are in memory at a time


@dataclass(frozen=True, eq=False)
class _Block:
    """A flattener and the modalities that it reads: several for texts and names, which share a vocabulary."""

    flattener: Flattener
    modalities: tuple[str, ...]
    encoded: bool = False

    @property
    def key(self) -> str:
        """Name under which its state is kept."""
        return self.flattener.part.name + (_SUFFIX if self.encoded else "")

    def measure(
        self, columns: Mapping[str, Column], sources: Mapping[str, Source], rows: np.ndarray
    ) -> Measured:
        """Return the rows as the flattener measures them."""
        source = sources[self.modalities[0]]
        if not self.encoded:
            read = _read(source)
            assert read is not None
            source = read
        elif not source.encoded:
            raise ValueError(f"The source of {self.key!r} should be encoded, as in the fit.")
        return self.flattener.measure(Cells(columns, source, rows))


class FlatView:
    """Flat view of the rows of a table. It learns from the rows of a fit, without labels.

    Args:
        modalities: of the schema, their kinds fitted.

    Attributes:
        left_out: modalities whose form no flattener reads.
    """

    def __init__(self, modalities: Iterable[Modality]) -> None:
        self.modalities = {modality.name: modality for modality in modalities}
        self.left_out = tuple(
            name
            for name, modality in self.modalities.items()
            if modality.form not in Flattener.registry
        )
        self._blocks: list[_Block] = []
        self._flagged: list[str] = []  # modalities that some rows of the fit lack
        self._kept = np.zeros(0, np.int64)  # dense columns that are not constant
        self._layout: Flat | None = None  # no rows, the columns named

    @property
    def columns(self) -> int:
        """Number of dense columns of the fitted view."""
        return len(self._kept)

    @property
    def sparse_columns(self) -> int:
        """Number of sparse columns of the fitted view."""
        return sum(block.flattener.width for block in self._blocks)

    @property
    def encoded(self) -> tuple[TokenColumns, ...]:
        """Dense columns that the fitted view makes of tokens of frozen encoders, by modality."""
        starts = np.cumsum([0, *(len(block.flattener.names) for block in self._blocks)])
        return tuple(
            TokenColumns.of(block.modalities[0], block.flattener, start, self._kept)
            for block, start in zip(self._blocks, starts.tolist(), strict=False)
            if block.encoded
        )

    @property
    def written(self) -> list[str]:
        """Columns of which the fitted view reads the raw cells, beside the features."""
        return [
            column
            for block in self._blocks
            if block.flattener.part.name == _TOGETHER
            for column in block.flattener.part.columns
        ]

    def fit(
        self, columns: Mapping[str, Column], sources: Mapping[str, Source], rows: np.ndarray
    ) -> Flat:
        """Learn from `rows`, and return all rows flat.

        Args:
            columns: raw cells of all rows.
            sources: features of all rows, by modality.
            rows: positions of the rows to learn from.
        """
        self._blocks = self._new_blocks(sources)
        present = {name: sources[name].present()[rows] for name in self.modalities}
        self._flagged = [name for name, own in present.items() if own.any() and not own.all()]
        every = np.arange(len(next(iter(sources.values()))))
        learnt = rows[np.linspace(0, len(rows) - 1, min(len(rows), _LEARNT)).astype(np.int64)]
        read: list[Measured | None] = []
        for block in self._blocks:
            check_time()
            own = block.measure(columns, sources, every if block.flattener.dear else learnt)
            block.flattener.learn(
                tuple(array[learnt] for array in own) if block.flattener.dear else own
            )
            read.append(own if block.flattener.dear else None)
        dense, sparse = self._laid_out(columns, sources, every, read)
        self._kept, self._layout = varying(dense[rows]), None
        return self._named(dense, sparse)

    def flat(
        self,
        columns: Mapping[str, Column],
        sources: Mapping[str, Source],
        rows: np.ndarray | None = None,
        known: Mapping[tuple[str, bool], Measured] = _NOTHING,
    ) -> Flat:
        """Return rows flat, as the fit learnt it.

        Args:
            columns: raw cells of all rows, at least of those `written`.
            sources: features of all rows, by modality.
            rows: positions of the rows that are wanted; all by default.
            known: measurements of these rows, as `measured` returns them; those that are absent are made.
        """
        if rows is None:
            rows = np.arange(len(next(iter(sources.values()))))
        read = [known.get((block.modalities[0], block.encoded)) for block in self._blocks]
        return self._named(*self._laid_out(columns, sources, rows, read))

    def arrays(
        self, columns: Mapping[str, Column], sources: Mapping[str, Source]
    ) -> tuple[np.ndarray, Entries]:
        """Return all rows as `flat` does, as arrays alone: dense columns, and the sparse part's entries in order.

        Columns made of tokens are NaN where the encoder has not run.

        Args:
            columns: raw cells of all rows, at least of those `written`.
            sources: features of all rows, by modality.
        """
        every = np.arange(len(next(iter(sources.values()))))
        measured = [
            (np.zeros((len(every), 0)),) * 2
            if block.encoded and not sources[block.modalities[0]].encoded
            else block.measure(columns, sources, every)
            for block in self._blocks
        ]
        dense, entries = self._together(measured, sources, every)
        return np.ascontiguousarray(dense[:, self._kept]), in_order(entries)

    def measured(self, sources: Mapping[str, Source]) -> dict[tuple[str, bool], Measured]:
        """Return the measurements of all rows that take long: of pictures and recordings.

        Args:
            sources: features of all rows, by modality.

        Returns:
            Modality, and True for tokens of its encoder -> an array each, NaN in rows without the modality.
        """
        every = np.arange(len(next(iter(sources.values()))))
        return {
            (block.modalities[0], block.encoded): block.measure({}, sources, every)
            for block in self._blocks
            if block.flattener.dear
        }

    def state(self) -> tuple[Values, Arrays]:
        """Return the learnt values, as JSON values and arrays."""
        blocks: dict[str, object] = {}
        arrays = {"kept": self._kept}
        for block in self._blocks:
            values, own = block.flattener.state()
            blocks[block.key] = {"modalities": [*block.modalities], "values": values}
            arrays |= {f"{block.key}:{name}": array for name, array in own.items()}
        return {"blocks": blocks, "flagged": self._flagged}, arrays

    def restore(self, values: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> None:
        """Take back the values of `state`."""
        self._flagged = cast("list[str]", values["flagged"])
        self._kept, self._layout = arrays["kept"], None
        self._blocks = []
        for key, kept in cast("dict[str, dict[str, object]]", values["blocks"]).items():
            modalities = tuple(cast("list[str]", kept["modalities"]))
            form = _ENCODED if key.endswith(_SUFFIX) else _TEXTS if key == _TOGETHER else None
            block = self._block(modalities, form)
            own = {
                name.removeprefix(f"{key}:"): array
                for name, array in arrays.items()
                if name.startswith(f"{key}:")
            }
            block.flattener.restore(cast("dict[str, object]", kept["values"]), own)
            self._blocks.append(block)

    def _new_blocks(self, sources: Mapping[str, Source]) -> list[_Block]:
        """Return a flattener a modality, one for all texts and names, and one more where an encoder has run."""
        read = [name for name in self.modalities if name not in self.left_out]
        plain = [name for name in read if _read(sources[name]) is not None]
        written = tuple(name for name in plain if self.modalities[name].form in _WRITTEN)
        blocks = [self._block((name,)) for name in plain if self.modalities[name].form != _TEXTS]
        if written:
            blocks.append(self._block(written, form=_TEXTS))
        encoded = [name for name in self.modalities if sources[name].encoded]
        return blocks + [self._block((name,), form=_ENCODED) for name in encoded]

    def _block(self, names: tuple[str, ...], form: str | None = None) -> _Block:
        first = self.modalities[names[0]]
        form = form or first.form
        columns = {
            column: kind for name in names for column, kind in self.modalities[name].columns.items()
        }
        part = Part(_TOGETHER if form == _TEXTS else first.name, form, columns)
        return _Block(Flattener.registry.find(form)(part), names, form == _ENCODED)

    def _laid_out(
        self,
        columns: Mapping[str, Column],
        sources: Mapping[str, Source],
        rows: np.ndarray,
        read: Sequence[Measured | None],
    ) -> tuple[np.ndarray, csr_array]:
        """Return all columns of the rows, some thousand rows at a time.

        Args:
            columns: raw cells of all rows.
            sources: features of all rows, by modality.
            rows: positions of the rows.
            read: of each block the measured rows, where they are known already.
        """
        parts = []
        for start in range(0, max(1, len(rows)), _AT_ONCE):
            check_time()
            own = rows[start : start + _AT_ONCE]
            measured = [
                block.measure(columns, sources, own)
                if known is None
                else tuple(array[start : start + _AT_ONCE] for array in known)
                for block, known in zip(self._blocks, read, strict=True)
            ]
            dense, entries = self._together(measured, sources, own)
            parts.append((dense, sparse_rows(entries, (len(own), self.sparse_columns))))
        if len(parts) == 1:
            return parts[0]
        from scipy.sparse import csr_array, vstack

        sparse = csr_array(vstack([sparse for _, sparse in parts]))
        return np.concatenate([dense for dense, _ in parts]), sparse

    def _together(
        self, measured: Sequence[Measured], sources: Mapping[str, Source], rows: np.ndarray
    ) -> tuple[np.ndarray, Entries]:
        """Return all dense columns, also those that the fit found constant, and the entries of the sparse part."""
        pieces = [
            block.flattener.piece(own) for block, own in zip(self._blocks, measured, strict=True)
        ]
        flags = [~sources[name].present()[rows] for name in self._flagged]
        gaps = np.sum(
            [p.gaps for b, p in zip(self._blocks, pieces, strict=True) if not b.encoded]
            or [np.zeros(len(rows))],
            axis=0,
        )
        dense = [*(piece.dense for piece in pieces), *(flag[:, None] for flag in flags)]
        starts = np.cumsum([0, *(block.flattener.width for block in self._blocks)])
        parts = [no_entries()]
        for piece, start in zip(pieces, starts, strict=False):
            row, column, value = piece.entries
            parts.append((row, column + start, value.astype(np.float32, copy=False)))
        row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        every = np.concatenate([*dense, gaps[:, None]], axis=1).astype(np.float32)
        return every, (row, column, value)

    def _named(self, dense: np.ndarray, sparse: csr_array) -> Flat:
        """Return the dense columns that vary, with their names."""
        if self._layout is None:
            self._layout = self._learnt_layout()
        return replace(
            self._layout, dense=np.ascontiguousarray(dense[:, self._kept]), sparse=sparse
        )

    def _learnt_layout(self) -> Flat:
        """Return no rows of the columns that vary."""
        from scipy.sparse import csr_array

        names: list[str] = []
        codes: set[int] = set()
        for_trees: set[int] = set()
        for block in self._blocks:
            codes |= {len(names) + code for code in block.flattener.codes}
            for_trees |= {len(names) + column for column in block.flattener.for_trees}
            names += block.flattener.names
        names += [*(f"Missing {name}" for name in self._flagged), "Missing cells"]
        kept = self._kept.tolist()
        return Flat(
            dense=np.zeros((0, len(kept)), np.float32),
            codes=tuple(place for place, column in enumerate(kept) if column in codes),
            sparse=csr_array((0, 0), dtype=np.float32),
            names=tuple(names[column] for column in kept),
            for_trees=tuple(place for place, column in enumerate(kept) if column in for_trees),
        )


def _read(source: Source) -> Source | None:
    """Return the source of the features themselves, not of an encoder's tokens; None if it is not known."""
    return getattr(source, "read", None) if source.encoded else source
