"""The base of every section of `run.yaml`: unknown keys are refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Strict"]


class Strict(BaseModel):
    """A section whose keys are all known, and whose defaults are checked too."""

    model_config = ConfigDict(extra="forbid", validate_default=True)
