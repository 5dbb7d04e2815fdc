"""Runs at a glance: one with all that it says of itself, and all of a folder.

>>> import tempfile, torso
>>> table = {"size": [k % 17 / 3 for k in range(90)], "big": [["no", "yes"][k % 17 > 8] for k in range(90)]}
>>> folder, settings = tempfile.mkdtemp(), {"training.epochs": 2, "dim": 8, "folds": 0, "blend": "off"}
>>> run = torso.fit(table, ["big"], settings=settings, out=f"{folder}/first")
>>> torso.runs_in(folder).frame()[["run", "state", "targets"]].to_dict("records")
[{'run': 'first', 'state': 'finished', 'targets': 'big'}]
>>> torso.show(run).words()[0].startswith("big from size")
True
"""

from torso.studies.overview.listing import Listed, Runs, runs_in
from torso.studies.overview.summary import Summary, show

__all__ = ["Listed", "Runs", "Summary", "runs_in", "show"]
