"""Packages of the extra `export`: absent ones are told before the work."""

from __future__ import annotations

from torso.core.optional import require

__all__ = ["require_onnx"]


def require_onnx() -> None:
    """Raise unless an ONNX graph can be made and run.

    Raises:
        MissingDependency: a package is absent, with the line that installs it.
    """
    require("onnx", extra="export", why="An export to ONNX")
    require("onnxscript", extra="export", why="An export to ONNX")
    require("onnxruntime", extra="export", why="An export to ONNX")
