"""Signs for missing among a column's texts: handed on as its setting `missing`, and told."""

from __future__ import annotations

from typing import Literal

from torso.columns.inputs import BinaryInput, Input
from torso.columns.profile import Profile, quoted
from torso.core.cures import setting

__all__ = ["missing_signs", "sign_warnings"]


def missing_signs(cells: Profile, kind: str) -> tuple[str, ...]:
    """Return the texts that mean "missing" in this column; none for names of files."""
    return () if _in_files(kind) else cells.signs


def sign_warnings(cells: Profile, kind: str, role: Literal["inputs", "targets"]) -> list[str]:
    """Return which texts count as missing, and which may but count as values, each with the words to change it."""
    if _in_files(kind):
        return []
    path = f"{role}.{cells.column.name}.missing"
    warnings = []
    if cells.signs:
        as_values = setting(path, [])
        if kind == BinaryInput.name:  # with its signs it has three values or more
            as_values += " " + setting(path.removesuffix("missing") + "kind", "category")
        rows = sum(cells.sample.to_pylist().count(sign) for sign in cells.signs)
        warnings.append(
            f"Cells that say {quoted(cells.signs)} ({rows} of {len(cells.sample)}) count as missing in this column. In "
            f"all columns: {setting('data.missing', list(cells.signs))}; if they are values: {as_values}"
        )
    if cells.markers:
        warnings.append(
            f"Cells that say {quoted(cells.markers)} count as values; if they mean missing: "
            f"{setting(path, list(cells.markers))}"
        )
    return warnings


def _in_files(kind: str) -> bool:
    return kind in Input.registry and Input.registry.find(kind).in_files
