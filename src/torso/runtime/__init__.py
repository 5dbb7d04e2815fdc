"""An exported model answers tables without torch: ONNX Runtime computes, all around it is shared with runs.

`torso.load("model.onnx")` opens what `torso export` wrote. Names are imported when they are first used:

>>> from torso.runtime import OnnxPredictor
>>> callable(OnnxPredictor.predict)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.runtime.container import opened, run_digest, stamped
    from torso.runtime.load import is_export, load
    from torso.runtime.predictor import OnnxPredictor

__all__ = ["OnnxPredictor", "is_export", "load", "opened", "run_digest", "stamped"]

__getattr__ = lazy_names(
    __name__,
    {
        ".container": "opened run_digest stamped",
        ".load": "is_export load",
        ".predictor": "OnnxPredictor",
    },
)
