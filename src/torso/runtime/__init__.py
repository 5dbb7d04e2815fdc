"""An exported model answers tables without torch: ONNX Runtime computes, all around it is shared with runs.

Names are imported when they are first used:

>>> from torso.runtime import opened
>>> callable(opened)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.runtime.container import opened, run_digest, stamped

__all__ = ["opened", "run_digest", "stamped"]

__getattr__ = lazy_names(__name__, {".container": "opened run_digest stamped"})
