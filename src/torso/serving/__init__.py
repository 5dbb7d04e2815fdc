"""A run behind HTTP: `torso serve`.

Requests are checked at the border (`rows`, `forms`, `files`), wait in a bounded queue (`dispatch`), and are answered in
batches by worker threads (`answering`). `served` swaps in newer versions of a run.

>>> from torso.serving.settings import ServeSettings, changed
>>> changed(ServeSettings(), ["limits.rows=10"]).limits.rows
10
"""
