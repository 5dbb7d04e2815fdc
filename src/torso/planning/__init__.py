"""From a table and a wish to a whole config: kinds of columns, encoders and heads, every setting that was left open."""

from torso.planning.columns import found_beside, gather_values, infer_columns, leftover_warnings
from torso.planning.parts import complete_parts, settle_encoders

__all__ = [
    "complete_parts",
    "found_beside",
    "gather_values",
    "infer_columns",
    "leftover_warnings",
    "settle_encoders",
]
