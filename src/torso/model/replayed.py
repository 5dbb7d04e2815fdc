"""A model that answers single rows by repeating its operations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from torch import Tensor, nn

from torso.core.replay import Replay
from torso.core.tensors import Named
from torso.core.types import Features
from torso.model.model import Model
from torso.tasks import Head

__all__ = ["Replayed", "ReplayedHeads"]


class Replayed:
    """A model in evaluation mode whose single rows are answered as by a `Replay`; batches go through the model.

    Answers are the model's own but for rounding. Hooks of modules are called for the first rows alone.

    Args:
        model: whose weights no longer change.

    Attributes:
        heads: of the model, likewise.
    """

    def __init__(self, model: Model) -> None:
        self.heads = ReplayedHeads(model.heads)
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


class ReplayedHeads:
    """Heads in evaluation mode whose answers to a single row are those of a `Replay`.

    Args:
        heads: task -> head, calibrated.
    """

    def __init__(self, heads: Named[Head]) -> None:
        self._heads = dict(heads.pairs())
        self._replay: Replay[Mapping[str, Tensor]] = Replay(_Answering(heads))

    def __call__(
        self, outputs: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, dict[str, Tensor]]]:
        """Return task -> prediction and details of its head.

        Args:
            outputs: task -> raw outputs.
        """
        if any(len(raw) != 1 or raw.device.type != "cpu" for raw in outputs.values()):
            return {task: head.answer(outputs[task]) for task, head in self._heads.items()}
        key = tuple((raw.shape, raw.dtype) for raw in outputs.values())
        said = self._replay(outputs, key, [*outputs.values()])
        answers: dict[str, tuple[Tensor, dict[str, Tensor]]] = {}
        for name, value in said.items():
            task, _, detail = name.rpartition("/")
            if detail:
                answers[task][1][detail] = value
            else:
                answers[task] = value, {}
        return answers


class _Answering(nn.Module):
    """Task and `/` -> prediction, and with the name of a detail behind it -> this detail."""

    def __init__(self, heads: Named[Head]) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        said: dict[str, Tensor] = {}
        for task, head in self.heads.pairs():
            said[f"{task}/"], details = head.answer(outputs[task])
            said |= {f"{task}/{name}": value for name, value in details.items()}
        return said


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
