"""Tables: read from files and frames, checked at the border, written by extension."""

from torso.tables.table import Column, Table, read_table, write_table

__all__ = ["Column", "Table", "read_table", "write_table"]
