"""Tokens of a text or time series, one per step, for heads about steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from torso.core.cures import setting
from torso.core.errors import ConfigError
from torso.core.tensors import zeroed
from torso.core.types import Tokens

__all__ = ["Steps", "read_steps"]


class Steps(NamedTuple):
    """One token per step.

    Attributes:
        values: `[batch, length, dim]`, zeros where there is none.
        lengths: int64 `[batch]`, steps of each row; 0 in a row that lacks the input.
    """

    values: Tensor
    lengths: Tensor

    @property
    def there(self) -> Tensor:
        """Bool `[batch, length]`: the steps that rows have."""
        return (
            torch.arange(self.values.shape[1], device=self.lengths.device) < self.lengths[:, None]
        )

    def padded(self, length: int) -> Steps:
        """Return the same steps among `length`."""
        # padded by all and cut, not by those that lack, so that a traced program takes rows of any length
        return Steps(functional.pad(self.values, (0, 0, 0, length))[:, :length], self.lengths)


def read_steps(of: str, most: int, tokens: Mapping[str, Tokens] | None) -> Steps:
    """Return the tokens of the input `of`, of which a row has at most `most`.

    A token that is hidden in training, with others behind it, is a step of zeros.

    Raises:
        ConfigError: there is no such input, or it has more tokens than steps.
    """
    if not tokens or of not in tokens:
        raise ConfigError(
            f"Parameter `of` should name an input. Found {of!r}; known: {list(tokens or ())}."
        )
    own = tokens[of]
    length = own.mask.shape[1]
    if length > most:
        raise ConfigError(
            f"A head about steps should read one token per step, at most {most}. Found {length} of {of!r}: use an "
            f"encoder such as `transformer` with {setting(f'encoders.{of}.tokens', 0)}."
        )
    places = torch.arange(1, length + 1, device=own.mask.device)
    return Steps(zeroed(own), (places * own.mask).amax(dim=1))
