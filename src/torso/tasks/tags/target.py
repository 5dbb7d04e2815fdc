"""Tags along a text or time series: named stretches of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.labels import Labels
from torso.tasks._base.of_picture import subject
from torso.tasks._base.target import Facts, Target
from torso.tasks.tags.codes import spans_of, touching

__all__ = ["TagsTarget"]

_ALONG = ("text", "sequence")
_WRITTEN = re.compile(r"\s*(\d+)\s+(\d+)\s+(\S.*?)\s*")
_KEYS = ("start", "end", "tag")
_FORMS = 'expected a list of [start, end, tag], objects with these names, or text such as "0 5 PERSON; 10 14 PLACE"'


class Label(NamedTuple):
    """The spans of a cell.

    Attributes:
        spans: start, end (exclusive) and tag, in characters of a text or steps of a sequence.
        unknown: steps of which nothing is known.
        each: steps, where the cell says what every step is; None where it names spans.
    """

    spans: list[tuple[int, int, str]]
    unknown: set[int]
    each: int | None = None


class TagsTarget(Target, name="tags", head="tokens"):
    """Spans with tags, of the characters of a text or the steps of a sequence; never guessed, always asked for.

    A cell is a list, or its JSON text, of `[start, end, tag]` or of objects with these names, or plain text such as
    `0 5 PERSON; 10 14 PLACE`; counted from 0, in a text from its first character that is no blank; end exclusive. Of a sequence it may also be a list with one tag per step,
    where "" says that nothing is tagged and null that nothing is known. Spans do not overlap. An empty list says that
    nothing is tagged; an empty cell has no label, nor has a span label without its text or sequence. Predictions are
    lists of objects `start`, `end`, `tag` and `score`, the mean probability of the span's steps.

    Of a text, a step is a token of its tokenizer. A span that begins or ends within a token, or lies behind the last
    that the input reads, is reported; the first is learnt from whole tokens. A tag that the training rows do not hold
    is reported; its steps are learnt by no head and missed in every evaluation.

    Args:
        of: name of the text or sequence; None: the only one.
        tags: all tags; None: those of the training rows.
    """

    learned = ("tags", "steps", "touching")

    def __init__(self, of: str | None = None, tags: Sequence[str | int] | None = None) -> None:
        self.of = of
        self.given = None if tags is None else [str(tag) for tag in tags]
        if self.given is not None and (not all(self.given) or len({*self.given}) < len(self.given)):
            raise ValueError(f"Parameter `tags` should be different names. Found {tags}.")
        self.tags: list[str] = self.given or []
        self.steps = 0
        self.touching = False
        self.form = ""

    def bind(self, task: str, inputs: Mapping[str, Input]) -> None:
        """Settle which input is meant; take from it how many steps a row has at most.

        Raises:
            ConfigError: none, or several and `of` names none of them.
        """
        known = [name for name, kind in inputs.items() if kind.form in _ALONG]
        self.of = subject(self.of, known, self.kind, task, "text", noun="text or sequence")
        self.form, self.steps = inputs[self.of].form, inputs[self.of].length

    @property
    def along(self) -> str | None:
        """The text or sequence."""
        return self.of

    def encoders(self) -> Mapping[str, Mapping[str, object]]:
        """Wish for one token per step."""
        return {} if self.of is None else {self.of: {"tokens": 0}}

    def fit(self, column: Labels) -> None:
        """Learn the tags, sorted (numbers by size), and whether spans of one tag touch each other.

        Raises:
            DataError: no span at all, or a cell that cannot be read.
        """
        labels, offsets = self._parts(column)
        if not self.steps:
            self.steps = max((len(steps) for steps in offsets if steps is not None), default=0)
        tags = {tag for label in labels if label is not None for *_, tag in label.spans}
        if not tags:
            raise DataError(
                f"{column.table}, column {column.name!r}: a tags target should have at least one span among the "
                f"training rows. Found none in {sum(label is not None for label in labels)} labels. Leave it out of the "
                "targets."
            )
        numeric = all(tag.lstrip("-").isdigit() for tag in tags)
        self.tags = self.given or (sorted(tags, key=int) if numeric else sorted(tags))
        self.touching = touching(self.encode(column, Reading()))

    def encode(self, column: Labels, reading: Reading) -> np.ndarray:
        """Return codes (`torso.tasks.tags.codes`), int64 `[rows, steps]`, -1 behind a row's last step."""
        out = self.missing(len(column))
        for row, (label, offsets) in enumerate(zip(*self._parts(column), strict=True)):
            if label is None:
                continue
            if (
                offsets is None and label.each is not None
            ):  # the steps are known without the sequence
                offsets = _identity(label.each)[: self.steps]
            if offsets is not None:
                self._check(column, row, label, offsets)
                out[row, : len(offsets)] = self._codes(column, row, label, offsets, reading)
        return out

    def missing(self, rows: int) -> np.ndarray:
        """Return -1 for every row."""
        return np.full((rows, self.steps), -1, dtype=np.int64)

    def offered(self) -> Facts:
        """Offer the input's name, and the numbers of steps and tags."""
        return {
            "of": self.of,
            "steps": self.steps,
            "tags": len(self.tags),
            "touching": self.touching,
        }

    @property
    def names(self) -> list[str]:
        """The tags."""
        return self.tags

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, lists of spans in the order of the input, empty where a row lacks it."""
        offsets = details.get("offsets")
        if offsets is None:
            offsets = np.broadcast_to(_identity(self.steps), (*prediction.shape, 2))
        sure = details.get("probability", np.ones(prediction.shape))
        rows: list[list[dict[str, Any]]] = [[] for _ in prediction]
        for row, first, last, tag in spans_of(np.where(offsets[..., 1] > 0, prediction, -1)):
            own = offsets[row, first:last]
            rows[row].append(
                {
                    "start": int(own[:, 0].min()),
                    "end": int(own[:, 1].max()),
                    "tag": self.tags[tag],
                    "score": float(sure[row, first:last].mean()),
                }
            )
        whole, score = pa.int64(), pa.float32()
        fields = [("start", whole), ("end", whole), ("tag", pa.string()), ("score", score)]
        in_order = [sorted(spans, key=lambda span: span["start"]) for spans in rows]
        return {task: pa.array(in_order, pa.list_(pa.struct(fields)))}

    def _parts(self, column: Labels) -> tuple[list[Label | None], Sequence[np.ndarray | None]]:
        """Return each cell's spans, and the steps of its input, None where there is none."""
        if not column.steps and column.values.null_count == len(column):
            return [None] * len(column), [None] * len(column)
        text = cells.is_text(column.values)
        read = column.values.to_pylist()
        return [self._label(column, row, cell, text) for row, cell in enumerate(read)], column.steps

    def _label(self, column: Column, row: int, cell: Any, text: bool) -> Label | None:
        if text and cell is not None:
            cell = _read(cell)
        if cell is None:
            return None
        if not isinstance(cell, list):
            raise column.error(row, f"{_FORMS}, found {str(cell)[:80]!r}{cells.not_json(cell)}")
        if (
            cell
            and self.form != "text"
            and not any(isinstance(label, list | Mapping) for label in cell)
        ):
            names = [None if tag is None else cells.text_of(tag) for tag in cell]
            return Label(
                _runs(names), {at for at, name in enumerate(names) if name is None}, len(cell)
            )
        spans = sorted(_span(column, row, span) for span in cell)
        for (*_, end, _), (start, *_) in pairwise(spans):
            if start < end:
                raise column.error(row, f"expected spans that do not overlap, found {spans}")
        return Label(spans, set())

    def _check(self, column: Column, row: int, label: Label, offsets: np.ndarray) -> None:
        if label.each is None:
            return
        whole = len(offsets) < self.steps
        if label.each < len(offsets) or (whole and label.each > len(offsets)):
            raise column.error(
                row, f"expected one tag for each of {len(offsets)} steps, found {label.each}"
            )

    def _codes(
        self, column: Column, row: int, label: Label, offsets: np.ndarray, reading: Reading
    ) -> np.ndarray:
        """Return the codes of one row's steps."""
        codes = np.zeros(len(offsets), np.int64)
        for start, end, tag in label.spans:
            hit = (offsets[:, 0] < end) & (offsets[:, 1] > start) & (codes == 0)
            at = np.flatnonzero(hit)
            told = f"{start} {end} {tag}"
            if not len(at):
                if label.each is None:
                    reading.skip(column, row, told, "no step that is read lies in the span")
                continue
            if tag not in self.tags:
                reading.skip(column, row, told, "tag unseen in training")
            if offsets[at, 0].min() < start or offsets[at, 1].max() > end:
                reading.skip(
                    column, row, told, "begins or ends within a token; taken for whole ones"
                )
            if end > offsets[:, 1].max() and len(offsets) < self.steps and label.each is None:
                reading.skip(column, row, told, "ends behind the input; cut off there")
            known = self.tags.index(tag) if tag in self.tags else len(self.tags)
            codes[at] = 2 * known + 2
            codes[at[0]] = 2 * known + 1
        empty = offsets[:, 0] == offsets[:, 1]  # such as a tokenizer's special tokens
        codes[empty | np.isin(offsets[:, 0], [*label.unknown])] = -1
        return codes


def _identity(steps: int) -> np.ndarray:
    return np.arange(steps)[:, None] + np.arange(2)


def _read(text: str) -> object:
    """Return the list in a text cell, None if it is empty, or the text itself if it has neither form."""
    text = text.strip()
    if not text:
        return None
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    parts = [_WRITTEN.fullmatch(part) for part in text.split(";") if part.strip()]
    return [[*part.groups()] for part in parts if part] if all(parts) else text


def _runs(names: Sequence[str | None]) -> list[tuple[int, int, str]]:
    """Return the stretches of equal tags."""
    spans, at = [], 0
    for name, group in groupby(names):
        length = len([*group])
        if name:
            spans.append((at, at + length, name))
        at += length
    return spans


def _span(column: Column, row: int, span: Any) -> tuple[int, int, str]:
    if isinstance(span, Mapping) and {*_KEYS} <= span.keys():
        span = [span[key] for key in _KEYS]
    try:
        start, end, tag = span
        begin, stop, name = int(start), int(end), cells.text_of(tag)
        if (begin, stop) != (float(start), float(end)):
            raise ValueError
    except (TypeError, ValueError):
        raise column.error(row, f"{_FORMS}, found {str(span)[:80]!r}") from None
    if not 0 <= begin < stop or not name:
        raise column.error(
            row, f"expected a span with 0 <= start < end and a tag, found {[start, end, tag]}"
        )
    return begin, stop, name
