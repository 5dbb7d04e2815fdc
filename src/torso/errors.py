"""Public errors, for `except torso.errors.DataError`; `torso.core.errors` says when each is raised."""

from torso.core.errors import ConfigError, DataError, MissingDependency, RunError, TorsoError

__all__ = ["ConfigError", "DataError", "MissingDependency", "RunError", "TorsoError"]
