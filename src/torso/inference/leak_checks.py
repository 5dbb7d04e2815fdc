"""All that may give a target away: a column's values, its being filled, its repeating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.inputs import Input
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.errors import TorsoError
from torso.core.spec import Spec
from torso.inference.groups import group_warning, settles
from torso.inference.leaks import CLASS_LEAKS, QUANTITY_LEAKS, leak_score, leak_warning
from torso.tasks import Labels, Target

__all__ = ["Label", "label_of", "leak_warnings"]

_GROUPS = ("categories", "names", "text")
"""Forms of columns that may name a patient, a house, a film; a measurement names none."""
_FILLED_ROWS = 20  # fewer filled rows prove nothing
_PURE = 0.98  # share of the filled rows with one label


@dataclass(frozen=True)
class Label:
    """The sampled labels of a target.

    Attributes:
        name: of the target.
        values: labels of the sampled rows.
        numeric: they are a quantity; else classes.
    """

    name: str
    values: pa.Array
    numeric: bool


def label_of(cells: Profile, kind: str, settings: Mapping[str, object]) -> Label | None:
    """Return the labels of a target to compare columns with; None if they are neither classes nor a quantity."""
    known = Target.registry.find(kind) if kind in Target.registry else None
    if known is None or known.label not in ("class", "quantity"):
        return None
    name, values, numeric = cells.column.name, cells.sample, known.label == "quantity"
    if numeric and pa.types.is_large_string(values.type):
        values = _read(known, settings, Labels(name, values, cells.column.table))
    return None if values is None else Label(name, values, numeric)


def _read(kind: type[Target], settings: Mapping[str, object], column: Labels) -> pa.Array | None:
    """Return labels that are written out, such as $1,234, as numbers; None if their kind cannot read them."""
    try:
        own = {name: value for name, value in settings.items() if name != "missing"}
        target = Target.registry.build(Spec(kind.kind, own))
        floats = np.asarray(target.encode(column, Reading()), np.float64)
    except (TorsoError, ValueError):
        return None
    known = [None if np.isnan(value) else value for value in floats.tolist()]
    return pa.array(known, pa.float64()) if floats.ndim == 1 else None


def leak_warnings(
    cells: Profile, kind: str, labels: Sequence[Label], *, is_code: bool, group: str | None
) -> list[str]:
    """Return a sentence for each way in which a column gives a target away.

    Args:
        cells: the column.
        kind: as an input; empty for none.
        labels: of all targets.
        is_code: the column identifies rows.
        group: column that keeps rows of one value together already.
    """
    warnings = [warning for label in labels if (warning := _filled_warning(cells, label))]
    known = Input.registry.find(kind) if kind in Input.registry else None
    if cells.is_large or not kind or (known is not None and not known.plain):
        return warnings
    for label in labels:
        warnings += _sentences(
            leak_warning(
                cells.measured, label.values, label.name, numeric=label.numeric, is_code=is_code
            )
        )
    if known is not None and known.form in _GROUPS and group != cells.column.name:
        settled = [
            label.name
            for label in labels
            if settles(cells.sample, label.values, numeric=label.numeric)
        ]
        warnings += [group_warning(cells.column.name, settled)] if settled else []
    return warnings


def _sentences(warning: str | None) -> list[str]:
    return [] if warning is None else [warning]


def _filled_warning(cells: Profile, label: Label) -> str | None:
    """Return the warning that a column has values only where the label is one of some, or None."""
    if len(cells.written) != len(label.values):
        return None  # columns of large cells have a sample of their own
    filled = cells.written.is_valid()
    rows = pc.sum(pc.and_(filled, label.values.is_valid())).as_py() or 0
    empty = pc.sum(pc.and_(pc.invert(filled), label.values.is_valid())).as_py() or 0
    if min(rows, empty) < _FILLED_ROWS:
        return None
    score = leak_score(filled, label.values, numeric=label.numeric)
    if score >= (QUANTITY_LEAKS if label.numeric else CLASS_LEAKS):
        said = f"that it has a value explains {score:.0%} of the rest"
    elif not label.numeric and (pure := _purity(filled, label.values)) is not None:
        said = f"nearly all rows with a value say {pure!r:.40}"
    else:
        return None
    return (
        f"being filled leaks the target {label.name!r}: {said}. Leave it out if it is filled in only after the answer is "
        "known."
    )


def _purity(filled: pa.Array, labels: pa.Array) -> object | None:
    """Return the label of nearly all filled rows, if less than half of all rows have it."""
    counts = pc.value_counts(labels.filter(filled).drop_null()).to_pylist()
    top = max(counts, key=lambda count: count["counts"])
    if top["counts"] < _PURE * sum(count["counts"] for count in counts):
        return None
    overall = pc.sum(pc.equal(labels, top["values"])).as_py() / (len(labels) - labels.null_count)
    return top["values"] if overall <= 0.5 else None
