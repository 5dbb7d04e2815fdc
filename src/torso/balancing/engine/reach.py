"""Which tensors a gradient is wanted of, and what to say if there is none."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from torso.core.errors import ConfigError

__all__ = ["trainable", "unreached"]


def trainable(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return those that require a gradient.

    Raises:
        ConfigError: none does.
    """
    wanted = [one for one in tensors if one.requires_grad]
    if not wanted:
        raise ConfigError(
            "There is no shared parameter that requires a gradient, so there is nothing to balance. "
            "Unfreeze some, or use `balancing: equal`."
        )
    return wanted


def unreached() -> ConfigError:
    """Return the error for losses that depend on none of the tensors."""
    return ConfigError(
        "No loss reaches any shared parameter: were the features detached, or are these the parameters "
        "of another model? Pass the parameters that these losses were computed with."
    )
