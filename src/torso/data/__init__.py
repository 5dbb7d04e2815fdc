"""Tables in, batches out. Nothing here but `loader` needs torch."""

from torso.data.reading import Reading
from torso.data.schema import Dataset, Modality, Schema
from torso.data.splits import Split, split_rows
from torso.data.tables.table import Column, Table, read_table, write_table

__all__ = [
    "Column",
    "Dataset",
    "Modality",
    "Reading",
    "Schema",
    "Split",
    "Table",
    "read_table",
    "split_rows",
    "write_table",
]
