"""Columns that one encoder reads together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torso.columns.inputs import Input
from torso.columns.known_cells import source_of
from torso.columns.reading import Reading
from torso.columns.sources import Source, joined
from torso.core.errors import ConfigError
from torso.tables.table import Column

__all__ = ["Modality", "grouped", "named_modalities"]


@dataclass(frozen=True)
class Modality:
    """Columns that one encoder reads together; several only for numbers, categories, names or sets.

    Attributes:
        name: of the modality.
        form: of its features.
        columns: column -> kind.
    """

    name: str
    form: str
    columns: Mapping[str, Input]

    @property
    def encoder(self) -> str:
        """Name of the default encoder."""
        return next(iter(self.columns.values())).encoder

    def source(self, columns: Mapping[str, Column], reading: Reading) -> Source:
        """Return the features of all rows.

        Args:
            columns: the table's, cleaned; those of other modalities are left alone.
            reading: how to read files.
        """
        return joined([source_of(kind, columns[n], reading) for n, kind in self.columns.items()])

    @property
    def sizes(self) -> int:
        """Number of facts about a whole file; 0 for columns that hold no files."""
        return len(next(iter(self.columns.values())).facts)

    def offered(self) -> dict[str, object]:
        """Return facts for an encoder's constructor; lists of several columns are joined end to end."""
        merged: dict[str, Any] = {}
        for kind in self.columns.values():
            for key, value in kind.offered().items():
                merged[key] = merged[key] + value if key in merged else value
        lists = [value for value in merged.values() if isinstance(value, list)]
        return {**merged, "columns": len(lists[0])} if lists else merged


def named_modalities(
    shared: Mapping[str, str], wished: Mapping[str, str | None]
) -> dict[str, list[str]]:
    """Return modality -> its columns, in the order in which their first columns stand.

    >>> named_modalities({"size": "numbers", "note": "", "age": "numbers"}, {})
    {'numbers': ['size', 'age'], 'note': ['note']}

    Args:
        shared: column -> the modality that its kind shares with others; "" for one of its own.
        wished: column -> the modality that the config names.
    """
    own = {name for name in shared if not (wished.get(name) or shared[name])}
    columns: dict[str, list[str]] = {}
    for name, label in shared.items():
        label = wished.get(name) or label
        while not wished.get(name) and label in own:
            label += " columns"  # a text column may be called "numbers"
        columns.setdefault(label or name, []).append(name)
    return columns


def grouped(inputs: Mapping[str, Input], wished: Mapping[str, str | None]) -> dict[str, Modality]:
    """Return the modalities, in the order in which their first columns stand."""
    labels = named_modalities({name: kind.modality for name, kind in inputs.items()}, wished)
    columns = {label: {name: inputs[name] for name in names} for label, names in labels.items()}
    for label, members in columns.items():
        forms = {kind.form for kind in members.values()}
        if len(members) > 1 and (
            len(forms) > 1 or not all(kind.joins for kind in members.values())
        ):
            raise ConfigError(
                f"The modality {label!r} should join only numbers, or only categories, names or sets. Found "
                f"{ {name: kind.form for name, kind in members.items()} }."
            )
    return {
        label: Modality(label, next(iter(members.values())).form, members)
        for label, members in columns.items()
    }
