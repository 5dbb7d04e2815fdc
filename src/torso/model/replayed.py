"""A model that answers single rows by repeating its operations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from torch import Tensor

from torso.core.replay import Replay
from torso.core.types import Features
from torso.model.model import Model

__all__ = ["Replayed"]


class Replayed:
    """A model in evaluation mode whose single rows are answered as by a `Replay`; batches go through the model.

    Answers are the model's own but for rounding. Hooks of modules are called for the first rows alone.

    Args:
        model: whose weights no longer change.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._replay: Replay[Mapping[str, Features]] = Replay(model)

    def __call__(self, inputs: Mapping[str, Features]) -> Mapping[str, Tensor]:
        """Return task -> raw outputs of its head."""
        first = next(iter(inputs.values()))
        if len(first) != 1 or first.values.device.type != "cpu":
            outputs: Mapping[str, Tensor] = self._model(inputs)
            return outputs
        variables: list[Tensor] = []
        constants: list[Tensor] = []
        for features in inputs.values():
            variables.append(features.values)
            if features.sizes is not None:
                variables.append(features.sizes)
            (constants if _whole(features) else variables).append(features.mask)
        return self._replay(inputs, _key(inputs), variables, constants)


def _whole(features: Features) -> bool:
    return bool(features.mask.numpy().all())


def _key(inputs: Mapping[str, Features]) -> Hashable:
    """Return all that is not in the variables."""
    return tuple(
        (
            name,
            features.values.shape,
            features.values.dtype,
            features.encoded,
            None if features.sizes is None else features.sizes.dtype,
            _whole(features),
        )
        for name, features in inputs.items()
    )
