"""The preparation of a finished run, from its table once more: for studies that train beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from torso.core.errors import ConfigError, DataError
from torso.runs.prepare import prepare_values
from torso.runs.preparing.gather import gather_values, trusting
from torso.runs.preparing.prepared import Prepared
from torso.tables.databases import is_there
from torso.training import Listener

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor

__all__ = ["prepared_again"]


def prepared_again(
    run: Predictor,
    table: object = None,
    listener: Listener | None = None,
) -> Prepared:
    """Return the preparation of a run: the same rows in the same parts, the same settings.

    Args:
        run: that was fitted on the table.
        table: the same table, wherever it lies now, or its preparation; None: where the run found it.
        listener: is told of files that are read.

    Raises:
        ConfigError: the run was fitted on a table in memory, which is not given.
        DataError: the table has other rows.
    """
    if isinstance(table, Prepared):
        _check_same(run, table)
        return table
    config = run.config.model_dump()
    data = config["data"]
    if table is None and data["table"] is None:
        raise ConfigError(
            "The run was fitted on a table in memory, so it has to be given again. In Python: torso.baselines(run, table); "
            "in the terminal the table stands behind the run."
        )
    _check_own_tables(run)
    if run.folder is not None and run.split is not None:
        said = {"stratify": None, "column": None, "like": str(run.folder)}
        data["split"] = {**data["split"], **said}
    given = {"table": table, "validation": None, "test": None}
    origin: object = config if run.folder is None else run.folder / "run.yaml"
    if table is None and not isinstance(origin, dict) and not is_there(data["table"]):
        _check_there(data["table"], origin)
    gathered = gather_values(given, (), None, config, ())
    # A run whose parts are code was loaded with them; its metrics may have been left out.
    trusted = not any(metric.why for own in run.schema.metrics.values() for metric in own)
    try:
        with trusting(origin, trusted, ()):
            prepared = prepare_values(gathered, given, origin, _Quiet(listener))
    except DataError as error:
        raise DataError(
            str(error).replace("`data.split.like`: ", "").partition(" Give the")[0] + _CURE
        ) from None
    _check_same(run, prepared)
    return prepared


class _Quiet(Listener):
    """Passes the progress of reading on; the notes are in the run already."""

    def __init__(self, listener: Listener | None) -> None:
        self.listener = listener or Listener()

    def preparing(self, column: str, done: int, total: int) -> None:
        """Pass on."""
        self.listener.preparing(column, done, total)


_CURE = " A study of a run needs the rows that the run was fitted on: give that table, where it lies now."


def _check_there(table: str, origin: object) -> None:
    beside = Path(str(origin)).parent / table
    if not beside.exists():
        raise DataError(f"The table of the run is no longer at {table!r}.{_CURE}")


def _check_own_tables(run: Predictor) -> None:
    """Refuse a run whose rows for validation or test lay in memory."""
    split, data = run.split, run.config.data
    if split is None:
        return
    gone = [
        name
        for name, rows, path in (
            ("validation", split.split.validation, data.validation),
            ("test", split.split.test, data.test),
        )
        if not len(rows) and path is None and run.report.usage.rows.get(name)
    ]
    if gone:
        raise ConfigError(
            f"The run's rows for {gone[0]} are a table in memory. Prepare it again with it, and give the preparation: "
            f"torso.prepare(table, ..., {gone[0]}=...)."
        )


def _check_same(run: Predictor, prepared: Prepared) -> None:
    """Refuse a preparation that puts rows into other parts."""
    if run.split is None:
        return
    ours, theirs = run.split, prepared.split
    parts = ("train", "validation", "test")
    same = ours.rows == theirs.rows and all(
        np.array_equal(getattr(ours.split, name), getattr(theirs.split, name)) for name in parts
    )
    columns = {*run.schema.inputs, *run.schema.label_columns()}
    known = [name for name in columns if name in ours.digests and name in theirs.digests]
    if ours.sampled:  # an earlier version looked at some cells only
        known = []
    other = [name for name in known if ours.digests[name] != theirs.digests[name]]
    if not same or other:
        why = f"other cells in {other[:3]}" if other else "other rows, or other parts of them"
        raise DataError(f"{prepared.parts['training'].table.name} has {why}.{_CURE}")
