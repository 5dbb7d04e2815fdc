"""Operations on arrays, to be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor

__all__ = ["Tape", "taker"]

Step = tuple[Callable[..., object], Callable[[Sequence[object]], Sequence[object]], int]


class Tape:
    """Operations to repeat.

    Args:
        values: constants in their places, None in all others.
        steps: an operation, a getter of its arguments, and the place of its result.
        inputs: places of the variables.
        outputs: name -> place.
    """

    def __init__(
        self,
        values: Sequence[object],
        steps: Sequence[Step],
        inputs: Sequence[int],
        outputs: Mapping[str, int],
    ) -> None:
        self._values = list(values)
        self._steps = steps
        self._inputs = inputs
        self._outputs = outputs

    def run(self, variables: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the outputs.

        Raises:
            Otherwise: the function would have gone another way.
        """
        values = self._values.copy()
        for place, variable in zip(self._inputs, variables, strict=True):
            values[place] = variable.numpy()
        with np.errstate(all="ignore"):  # PyTorch does not warn, either
            for operation, arguments, place in self._steps:
                values[place] = operation(*arguments(values))
        return {name: torch.as_tensor(values[place]) for name, place in self._outputs.items()}


def taker(places: tuple[int, ...]) -> Callable[[Sequence[object]], Sequence[object]]:
    """Return a getter of the values at several places."""
    if len(places) > 1:
        return itemgetter(*places)
    (only,) = places
    return itemgetter(slice(only, only + 1))
