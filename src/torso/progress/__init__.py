"""Progress of a training, shown to its user: a bar in the terminal, a line in the notebook, warnings.

>>> from torso.progress import watched
>>> with watched(None, progress=False) as listener:
...     listener.started(3, 10)

`app.terminal` prints results; this room shows the training while it runs, for the command line and for Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.progress.bar import CountingBar, ProgressBar
    from torso.progress.consoles import AS_IS, IN_PIPE, console, has_width, tell
    from torso.progress.notebook import NotebookBar
    from torso.progress.watching import Progress, watched

__all__ = [
    "AS_IS",
    "IN_PIPE",
    "CountingBar",
    "NotebookBar",
    "Progress",
    "ProgressBar",
    "console",
    "has_width",
    "tell",
    "watched",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".bar": "CountingBar ProgressBar",
        ".consoles": "AS_IS IN_PIPE console has_width tell",
        ".notebook": "NotebookBar",
        ".watching": "Progress watched",
    },
)
