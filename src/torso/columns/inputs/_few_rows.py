"""Training rows from which on a transformer learns to read texts."""

__all__ = ["FEW_ROWS"]

FEW_ROWS = 6000
"""Texts of fewer rows are read as bags of words and groups of characters (docs/small_tables.md)."""
