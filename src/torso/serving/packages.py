"""The packages of the extra `serve`."""

from __future__ import annotations

from types import ModuleType

from torso.core.optional import require

__all__ = ["require_server"]


def require_server() -> ModuleType:
    """Return the module `uvicorn`, when all that a server needs is installed.

    Raises:
        MissingDependency: a package of the extra is absent; the message has the pip line that installs it.
    """
    require("fastapi", why="A server", extra="serve")
    require("python_multipart", why="A server", extra="serve")
    require("prometheus_client", why="A server", extra="serve")
    return require("uvicorn", why="A server", extra="serve")
