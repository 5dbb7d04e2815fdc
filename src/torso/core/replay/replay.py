"""A module, recorded when it has been asked a few times, and repeated from then on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from torch import Tensor, nn

from torso.core.replay.arrays import Otherwise
from torso.core.replay.packing import Places
from torso.core.replay.recorder import Recorder
from torso.core.replay.tape import Tape

__all__ = ["Replay"]

I = TypeVar("I")  # noqa: E741 - what the module reads

_OFTEN = 5
"""Times that a key has to come: a recording takes as long as some repetitions save."""
_MOST = 32
"""Recordings, one for each key."""
_COUNTED = 1024
"""Keys that are counted."""


class Replay(Generic[I]):
    """A module that is recorded when a key has come a few times, and repeated from then on.

    For a single row, Python and PyTorch's dispatcher take longer than the sums. A recording is a list of operations, as
    the tape of automatic differentiation (Wengert, Communications of the ACM 7, 1964). Differs: what Python reads off a
    tensor, such as the answer to `mask.all()`, is an operation, too. If it gives another answer for another row, the
    module runs as it is, so a repetition never takes another way than the module would. Operations on constants are
    not repeated, equal ones are made once, and those whose result nobody reads are left out; numpy makes them where
    its result was the same on the recorded row. PyTorch's own recordings (TorchScript, `torch.compile`) are compiled for
    each new shape, which takes seconds; this one takes as long as the module a few times.

    Args:
        module: gives the same outputs for the same inputs, on the CPU; draws nothing, changes nothing, and its tensors
            are parameters and buffers, which no longer change.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._tapes: dict[Hashable, Tape | None] = {}
        self._times: dict[Hashable, int] = {}
        self._stacks: dict[Places, np.ndarray] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return Replay, (self._module,)

    def __call__(
        self,
        inputs: I,
        key: Hashable,
        variables: Sequence[Tensor],
        constants: Sequence[Tensor] = (),
    ) -> Mapping[str, Tensor]:
        """Return the module's outputs.

        Args:
            inputs: of the module.
            key: the same for inputs that differ in their variables alone, of the same shapes and types.
            variables: the tensors in `inputs` that may differ under this key.
            constants: the others.
        """
        tape = self._tapes.get(key)
        if tape is not None:
            try:
                return tape.run(variables)
            except Otherwise:
                return self._outputs(inputs)
        if key in self._tapes or not self._often(key):
            return self._outputs(inputs)
        lasting = [*self._module.parameters(), *self._module.buffers()]
        recorder = Recorder(variables, [*constants, *lasting], self._stacks)
        with recorder:
            outputs = self._outputs(inputs)
        self._tapes[key] = recorder.tape(outputs)
        return outputs

    def _often(self, key: Hashable) -> bool:
        """Count the key; return whether it is worth a recording."""
        if len(self._tapes) == _MOST or (key not in self._times and len(self._times) == _COUNTED):
            return False
        self._times[key] = self._times.get(key, 0) + 1
        return self._times[key] >= _OFTEN

    def _outputs(self, inputs: I) -> Mapping[str, Tensor]:
        outputs: Mapping[str, Tensor] = self._module(inputs)
        return outputs
