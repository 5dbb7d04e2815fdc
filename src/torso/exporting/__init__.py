"""Exported runs: one file that answers without the code that trained it, compared with the run when it is written.

The comparison draws rows with every subset of the modalities, up to 64 of them:

>>> from torso.exporting import subsets
>>> [sorted(each) for each in subsets(["photo", "note"])[0]]
[[], ['note'], ['photo'], ['note', 'photo']]
"""

from torso.exporting.checking import TOLERANCE, Checked
from torso.exporting.example import subsets
from torso.exporting.export import Written, export
from torso.exporting.hub.exchange import pull, push
from torso.exporting.hub.folder import write_hub_folder
from torso.exporting.pyfunc import save_pyfunc

__all__ = [
    "TOLERANCE",
    "Checked",
    "Written",
    "export",
    "pull",
    "push",
    "save_pyfunc",
    "subsets",
    "write_hub_folder",
]
