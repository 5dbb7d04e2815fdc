"""A run's state is checked before the training, so that nothing fails when it is written after it."""

from __future__ import annotations

import json

from torso.core.errors import DataError
from torso.runs.schema.schema import Schema

__all__ = ["check_storable"]


def check_storable(schema: Schema, table: str) -> None:
    """Refuse a fitted schema with a number that is not finite, or with a value that JSON cannot hold.

    Raises:
        DataError: it names the column, under the table's name.
    """
    for name, kind in {**schema.inputs, **schema.targets}.items():
        for key, value in kind.state().items():
            try:
                json.dumps(value, allow_nan=False)
            except (ValueError, TypeError) as error:
                raise DataError(
                    f"{table}, column {name!r}: what was learnt from the training rows cannot be stored: its {key} is "
                    f"no plain or no finite value ({error}). Take out cells that are too large."
                ) from None
