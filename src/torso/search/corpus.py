"""A corpus to search: the files of a folder, or the rows of a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from torso.columns.inputs import AudioInput, ImageInput
from torso.columns.media.folder_files import files_below
from torso.core.errors import DataError
from torso.runs.schema.modality import Modality
from torso.tables.formats.text_settings import TextSettings
from torso.tables.table import Table, read_table

__all__ = ["Corpus", "FolderCorpus", "TableCorpus", "open_corpus"]

_ENDINGS = {kind.form: kind.endings for kind in (ImageInput, AudioInput)}


@dataclass(frozen=True)
class FolderCorpus:
    """The files of a folder and of those in it.

    Attributes:
        folder: the folder.
        names: paths from there, in order.
    """

    folder: Path
    names: list[str]

    @property
    def identity(self) -> str | None:
        """The folder's resolved path."""
        return os.path.realpath(self.folder)

    def fits(self, modality: Modality) -> bool:
        """Return whether there are files of a modality."""
        return bool(self._of(modality))

    def table(self, modality: Modality) -> Table:
        """Return a table of one column: the files of a modality.

        Raises:
            DataError: there are none.
        """
        names = self._of(modality)
        if not names:
            endings = _ENDINGS.get(modality.form)
            rule = (
                f"Expected names that end in {', '.join(endings)}"
                if endings
                else "A folder holds pictures or recordings; give a table with the column"
            )
            raise DataError(
                f"{self.folder}: no file of {modality.name!r} ({modality.form}). {rule}. Found {len(self.names)} files"
                f"{f', for one {self.names[0]!r}' if self.names else ''}."
            )
        (column,) = modality.columns
        return Table(pa.table({column: names}), str(self.folder), self.folder)

    def roots(self, given: Sequence[str | Path]) -> list[str | Path]:  # noqa: ARG002
        """Return where the table's files lie: here, whatever the run says."""
        return [self.folder]

    def describe(self, table: Table, rows: np.ndarray) -> dict[str, pa.Array]:
        """Return the path of each of `rows`."""
        names = table.data.column(0).take(pa.array(rows)).to_pylist()
        return {"path": pa.array([str(self.folder / name) for name in names], pa.large_string())}

    def _of(self, modality: Modality) -> list[str]:
        endings = _ENDINGS.get(modality.form, ())
        return [name for name in self.names if name.lower().endswith(endings or "\0")]


@dataclass(frozen=True)
class TableCorpus:
    """The rows of a table.

    Attributes:
        whole: the table.
        identity: the file's resolved path; None for a table in memory.
    """

    whole: Table
    identity: str | None

    def fits(self, modality: Modality) -> bool:
        """Return whether the table has the columns of a modality."""
        return set(modality.columns) <= set(self.whole.names)

    def table(self, modality: Modality) -> Table:
        """Return the table.

        Raises:
            DataError: it lacks a column of the modality.
        """
        for name in modality.columns:
            self.whole.column(name)
        return self.whole

    def roots(self, given: Sequence[str | Path]) -> list[str | Path]:
        """Return where the table's files lie besides where the run says."""
        return list(given)

    def describe(self, table: Table, rows: np.ndarray) -> dict[str, pa.Array]:
        """Return the number of each of `rows`, from 1, and all its columns that can be read."""
        columns = {"row": pa.array(rows + 1)}
        for name in (name for name in table.names if name not in table.unreadable):
            label = f"{name} (table)" if name in ("rank", "score", "row") else name
            columns[label] = table.data.column(name).take(pa.array(rows)).combine_chunks()
        return columns


Corpus = FolderCorpus | TableCorpus


def open_corpus(
    among: Any, missing: Sequence[str] = (), settings: TextSettings | None = None
) -> Corpus:
    """Return the folder or the table that `among` names or is.

    Args:
        among: path of a folder or of a table file, or a table in memory.
        missing: further texts that mean "no value" in a table.
        settings: how a text file is written, as far as the run says so.

    Raises:
        DataError: there is no such folder or table.
    """
    is_path = isinstance(among, str | Path)
    if is_path and Path(among).expanduser().is_dir():
        folder = Path(among).expanduser()
        return FolderCorpus(folder, files_below(folder))
    return TableCorpus(
        read_table(among, missing=missing, settings=settings or TextSettings()),
        os.path.realpath(Path(among).expanduser()) if is_path else None,
    )
