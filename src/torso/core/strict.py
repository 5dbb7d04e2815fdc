"""The base of every section of `run.yaml`: unknown keys are refused, a lone value stands for a list."""

from __future__ import annotations

from typing import get_origin

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Strict"]


class Strict(BaseModel):
    """A section whose keys are all known, and whose defaults are checked too.

    Where a list is asked for, a text or a number alone is a list of one, as in `--set data.root=photos`.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        lists = {
            name for name, field in cls.model_fields.items() if get_origin(field.annotation) is list
        }
        return {
            key: [value] if key in lists and isinstance(value, str | int | float) else value
            for key, value in values.items()
        }
