"""The plain half of a run as modules that can be traced: linear models, tree ensembles, pools and the blend."""

from torso.exporting.plain.half import PlainGraph
from torso.exporting.plain.rows import FlatRows
from torso.exporting.plain.tokens import FilledColumns
from torso.exporting.plain.trees import as_operators, fill_operators

__all__ = ["FilledColumns", "FlatRows", "PlainGraph", "as_operators", "fill_operators"]
