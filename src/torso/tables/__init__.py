r"""Tables: read from files and frames, checked at the border, written by extension.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> path = Path(mkdtemp()) / "cars.csv"
>>> _ = path.write_text("plate,doors,colour\n007,5,red\n112,,blue\n")
>>> cars = read_table(path)
>>> cars.rows, cars.names
(2, ['plate', 'doors', 'colour'])
>>> cars.column("plate").values.to_pylist()  # a CSV holds text; kinds of columns read it
['007', '112']
>>> cars.column("doors").values.to_pylist()  # an empty cell is missing
['5', None]
>>> print(cars.column("doors").error(1, "expected a number"))
cars.csv, row 2, column 'doors': expected a number
>>> write_table(cars.data, path.with_suffix(".parquet"))
"""

from torso.tables.table import Column, Table, read_table, write_table

__all__ = ["Column", "Table", "read_table", "write_table"]
