"""Another optimizer in a config: rate, schedule and average are chosen again."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torso.core.errors import ConfigError
from torso.core.spec import Settings, Spec
from torso.runs.settings.paths import Path
from torso.runs.settings.rooms import schema_of

__all__ = ["rates_left_open"]

_CHOSEN = ("lr", "schedule", "average")
"""Keys of `training` whose defaults hang on the optimizer."""


def rates_left_open(values: Settings, before: Settings, said: Collection[Path]) -> list[str]:
    """Take out the choices that go by another optimizer, in place, and return a sentence if there were any.

    Args:
        values: raw ones of a config, edited.
        before: those that the file or the mapping held.
        said: paths that the user named beside it, which stay.
    """
    old, new = _optimizer(before), _optimizer(values)
    training = values.get("training")
    if "" in (old, new) or old == new or not isinstance(training, dict):
        return []
    named = {path[:2] for path in said}
    keys = [key for key in _CHOSEN if key in training and ("training", key) not in named]
    for key in keys:
        del training[key]
    shown = ", ".join(f"`training.{key}`" for key in keys)
    return (
        [f"Config: `training.optimizer` is {new!r}, so {shown} are chosen again."] if keys else []
    )


def _optimizer(values: Settings) -> str:
    """Return the name of the optimizer; empty where none is named, or wrongly."""
    training = values.get("training")
    part = training.get("optimizer") if isinstance(training, Mapping) else None
    try:
        return Spec.parse(part, schema_of("optimizer")).name
    except ConfigError:  # whoever checks it says why
        return ""
