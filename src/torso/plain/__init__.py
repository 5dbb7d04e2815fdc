"""The plain half of a run: models that practitioners would use instead, on a flat view of the row.

>>> import numpy as np
>>> from torso.columns.inputs import Input
>>> from torso.columns.reading import Reading
>>> from torso.plain.flat import FlatView, Part
>>> from torso.tables import read_table
>>> columns = {"pen": read_table({"pen": ["biro", "marker", "biro", None]}).column("pen")}
>>> kind = Input.registry.build("category")
>>> kind.fit(columns["pen"])
>>> sources = {"pens": kind.source(columns["pen"], Reading())}
>>> view = FlatView([Part("pens", "categories", {"pen": kind})])
>>> flat = view.fit(columns, sources, np.arange(4))
>>> flat.names, flat.dense[:, 0].tolist()
(('pen', 'Missing pens'), [1.0, 2.0, 1.0, nan])
"""
