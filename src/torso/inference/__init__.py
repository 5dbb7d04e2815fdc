"""Inference: the kind of each column, the evidence for it, and warnings.

>>> from torso.tables import read_table
>>> rows = [{"photo": f"{row}.jpg", "age": row % 40, "plan": "AB"[row % 2]} for row in range(80)]
>>> for report in inspect_table(read_table(rows), targets=["plan"]):
...     print(f"{report.name}: {report.kind}, {report.why}")
photo: image, names of image files such as .jpg
age: number, numbers
plan: binary, target: two values: 'A' and 'B'
"""

from torso.inference.report import ColumnReport, infer_target, inspect_table

__all__ = ["ColumnReport", "infer_target", "inspect_table"]
