"""Columns of a table become features: kinds of input, media files, splits and batches.

>>> import numpy as np
>>> from torso.columns.inputs import Input
>>> from torso.columns.reading import Reading
>>> from torso.tables import read_table
>>> column = read_table({"pen": ["biro", "marker", "biro", None]}).column("pen")
>>> kind = Input.registry.build("category")
>>> kind.fit(column)  # learns from training rows only
>>> source = kind.source(column, Reading())
>>> values, mask = source.batch(np.array([1, 3]))
>>> values.tolist(), mask.tolist()  # marker; a missing cell
([[2], [0]], [[True], [False]])
"""
