"""Exported runs: one file that answers without the code that trained it, compared with the run when it is written.

The comparison draws rows with every subset of the modalities, up to 64 of them:

>>> from torso.exporting import subsets
>>> [sorted(each) for each in subsets(["photo", "note"])[0]]
[[], ['note'], ['photo'], ['note', 'photo']]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.exporting.checking import TOLERANCE, Checked
    from torso.exporting.costs import Costs, TaskCost
    from torso.exporting.example import subsets
    from torso.exporting.hub.exchange import pull, push
    from torso.exporting.hub.folder import write_hub_folder
    from torso.exporting.pyfunc import save_pyfunc
    from torso.exporting.writing import Written, export

__all__ = [
    "TOLERANCE",
    "Checked",
    "Costs",
    "TaskCost",
    "Written",
    "export",
    "pull",
    "push",
    "save_pyfunc",
    "subsets",
    "write_hub_folder",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".checking": "TOLERANCE Checked",
        ".costs": "Costs TaskCost",
        ".example": "subsets",
        ".hub.exchange": "pull push",
        ".hub.folder": "write_hub_folder",
        ".pyfunc": "save_pyfunc",
        ".writing": "Written export",
    },
)
