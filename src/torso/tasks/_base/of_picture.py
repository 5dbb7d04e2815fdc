"""Targets about positions in one picture or one video."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.inputs import Input
from torso.columns.media.decoder import FileDecoder
from torso.columns.media.files import MediaError
from torso.columns.media_column import media_source
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.core.errors import ConfigError, unknown
from torso.core.spec import SpecLike
from torso.tables.table import Column
from torso.tasks._base.target import Target

__all__ = ["OfPicture", "pixel_arrays", "side_lengths", "subject"]


class OfPicture(Target):
    """Base of targets about places of a picture; the head reads that picture's tokens, by default of a pyramid.

    Args:
        of: name of the picture's column; None: the only one.
    """

    form: ClassVar[str] = "image"
    """Form of the input that it is about."""

    def __init_subclass__(cls, *, form: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form

    def __init__(self, of: str | None = None) -> None:
        self.of = of

    def bind(self, task: str, inputs: Mapping[str, Input]) -> None:
        """Settle which picture, or video, is meant.

        Raises:
            ConfigError: none, or several and `of` names none of them.
        """
        known = [name for name, kind in inputs.items() if kind.form == self.form]
        self.of = subject(self.of, known, self.kind, task, self.form)

    def encoders(self) -> Mapping[str, SpecLike]:
        """Wish for a pyramid above the picture."""
        return {} if self.of is None else {self.of: "pyramid"}


def subject(
    of: str | None, known: Sequence[str], kind: str, task: str, form: str, *, noun: str = ""
) -> str:
    """Return the input that a target is about.

    Args:
        of: the one that is asked for; None: the only one.
        known: inputs that will do.
        kind: of the target.
        task: name of the target.
        form: of the inputs.
        noun: what such an input is called; default: its form.

    Raises:
        ConfigError: none, or several and `of` names none of them.
    """
    noun = noun or form
    if of is None and len(known) != 1:
        raise ConfigError(
            f"The {kind} target {task!r} should be about one {noun}. Found the {noun} inputs {known}. "
            f"{_cure(task, known, form)}"
        )
    if of is not None and of not in known:
        raise ConfigError(f"`targets.{task}`: {unknown(f'{noun} input', of, known)}")
    return known[0] if of is None else of


def side_lengths(size: int | Sequence[int]) -> tuple[int, int]:
    """Return height and width of a setting `size`: one number, or both."""
    sides = [size, size] if isinstance(size, int) else list(size)
    if len(sides) != 2 or not all(isinstance(side, int) and 1 <= side <= 1024 for side in sides):
        raise ValueError(
            f"Parameter `size` should be one number or [height, width], from 1 to 1024 pixels. Found {size!r}."
        )
    return sides[0], sides[1]


def pixel_arrays(
    column: Column,
    reading: Reading,
    decoder: FileDecoder,
    root: str | Sequence[str] | None,
    of_list: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the decoded cells `[rows, ...]`, zeros where there is none, and bool `[rows]`, where there is one.

    Args:
        column: paths, contents of files, or nested lists, also as JSON text.
        reading: reads the files.
        decoder: of the files.
        root: what paths are relative to.
        of_list: what makes of a nested list what `decoder` makes of a file.

    Raises:
        DataError: a nested list that is no picture.
    """
    lists = _nested_lists(column)
    listed = pa.array([cell is not None for cell in lists], pa.bool_())
    if listed.true_count < len(column) - column.values.null_count or not listed.true_count:
        if listed.true_count:  # text: some cells are paths, others lists as JSON
            column = replace(column, values=pc.if_else(listed, None, column.values))
        source = media_source(column, reading, decoder, root)
        values, present = source.batch(np.arange(len(column)))
    else:
        assert decoder.fixed is not None
        values = np.zeros((len(column), decoder.fixed, *decoder.tail), decoder.dtype)
        present = np.zeros(len(column), bool)
    for row, cell in enumerate(lists):
        if cell is None:
            continue
        try:
            values[row] = of_list(_array(cell))
        except MediaError as error:
            raise column.error(row, str(error)) from error
        present[row] = True
    return values, present


def _nested_lists(column: Column) -> list[object]:
    """Return the cells that are nested lists, also as JSON text; None for all others."""
    cells = column.values.to_pylist() if not pa.types.is_large_binary(column.values.type) else []
    lists = [_parsed(cell) if isinstance(cell, str) else cell for cell in cells]
    return [cell if isinstance(cell, list) else None for cell in lists] or [None] * len(column)


def _parsed(cell: str) -> object:
    if not cell.startswith("["):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _array(cell: object) -> np.ndarray:
    """Return nested lists as an array, NaN for a null."""
    try:
        values = np.array(cell, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MediaError("lists of unequal lengths, or not of numbers") from error
    if values.ndim < 2 or values.size == 0:
        raise MediaError(f"a list of shape {values.shape}, not of rows of pixels")
    return values


def _cure(task: str, known: Sequence[str], form: str) -> str:
    """Return how to say which of the `known` inputs a target is about, or how to have one at all."""
    if known:
        return f"Name one with {setting(f'targets.{task}.of', 'COLUMN')}."
    return f"Take in such a column, e.g. with --set inputs.COLUMN.kind={form}."
