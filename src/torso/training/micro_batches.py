"""Encoders that read a batch a few rows at a time, so that a step needs less memory.

The tokens of each piece are computed without keeping what their gradients need, and once more when these are asked for
(gradient checkpointing: Chen et al. 2016, https://arxiv.org/abs/1604.06174). All rows then meet in the losses, so every
balancer sees the gradients of the whole batch, which sums of gradients over pieces would not give it. Encoders cost one
more forward pass for each backward pass. Only batch normalisation learns something else: it normalises over a piece.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from torso.core.errors import RunError
from torso.core.types import Features, Tokens
from torso.model.model import Model
from torso.model.trunk import Encoded
from torso.training.listeners import Listener

__all__ = ["MicroBatches"]

Result = TypeVar("Result")
_WORDS = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "could not create a primitive",
)
"""Parts of messages of torch's CPU allocator, Windows, CUDA, and oneDNN, in this order."""


class MicroBatches:
    """Rows that encoders read at a time: all of a batch, or fewer where memory is short.

    Args:
        model: whose encoders read.
        rows: at a time; None for all of a batch.
        listener: is told when there are fewer.
        alone: there is one process. Several cannot take a step again, since the others would not.
    """

    def __init__(
        self, model: Model, rows: int | None, listener: Listener, *, alone: bool = True
    ) -> None:
        self.model = model
        self.rows = rows
        self.listener = listener
        self.alone = alone

    def encode(self, inputs: Mapping[str, Features]) -> Encoded:
        """Return the encoders' tokens of a batch, as `Model.encode` does."""
        count = len(next(iter(inputs.values())))
        if self.rows is None or self.rows >= count or not torch.is_grad_enabled():
            return self.model.encode(inputs)
        inputs = self.model.dropout(inputs)
        pieces = [
            self._piece({name: features[rows] for name, features in inputs.items()})
            for rows in torch.split(torch.arange(count), self.rows)
        ]
        tokens = {
            trunk: {name: joined([each[trunk][name] for each in pieces]) for name in modalities}
            for trunk, modalities in pieces[0].items()
        }
        return Encoded(tokens, {name: features.present for name, features in inputs.items()})

    def _piece(self, inputs: Mapping[str, Features]) -> dict[str, dict[str, Tokens]]:
        def tokens() -> dict[str, dict[str, Tokens]]:
            return {name: trunk.encode(inputs) for name, trunk in self.model.trunks.pairs()}

        def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
            return nullcontext(), StillStatistics(self.model)

        result: dict[str, dict[str, Tokens]] = checkpoint(
            tokens, use_reentrant=False, context_fn=contexts
        )
        return result

    def step(self, take: Callable[[], Result], count: int, when: str) -> Result:
        """Return the result of a step, which is taken again with half the rows at a time where memory is short.

        Args:
            take: the step, which changes no weight before all its memory is there.
            count: rows of the batch.
            when: epoch and batch, for messages.

        Raises:
            RunError: one row at a time is too much, or there are several processes.
        """
        while True:
            try:
                return take()
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
            self._halve(count, when)  # outside the block, which holds the tensors of the step

    def _halve(self, count: int, when: str) -> None:
        reading = min(self.rows or count, count)
        if reading == 1 or not self.alone:
            rows = "a row" if reading == 1 else f"{reading} rows"
            raise RunError(
                f"{when}: out of memory while encoders read {rows} at a time. The last checkpoint is kept. Go on with "
                f"smaller batches: --resume --set training.batch_size={max(1, count // 2)}"
            )
        self.rows = (reading + 1) // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.listener.noted(
            f"{when}: out of memory. Encoders now read {self.rows} rows at a time (training.micro_batch={self.rows}); a step "
            f"still learns from {count}."
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory is short: Python's, CUDA's, or that of torch's CPU allocator."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(each in words for each in _WORDS)


def joined(pieces: list[Tokens]) -> Tokens:
    """Return the tokens of pieces of a batch as those of the batch; shorter pieces are padded."""
    longest = max(each.mask.shape[1] for each in pieces)
    return Tokens(
        torch.cat([_padded(each.values, longest) for each in pieces]),
        torch.cat([_padded(each.mask, longest) for each in pieces]),
    )


def _padded(tensor: Tensor, length: int) -> Tensor:
    short = length - tensor.shape[1]
    return (
        tensor if not short else nn.functional.pad(tensor, (0, 0) * (tensor.ndim - 2) + (0, short))
    )


class StillStatistics:
    """Lets batch normalisation see rows again without counting them twice in its running statistics.

    A context that may be entered any number of times: a balancer may ask for gradients task by task.

    Args:
        model: whose layers are meant.
    """

    def __init__(self, model: nn.Module) -> None:
        self.norms = [each for each in model.modules() if isinstance(each, _BatchNorm)]
        self.momenta = [each.momentum for each in self.norms]
        self.counted: list[Tensor | None] = []

    def __enter__(self) -> None:
        """Let running statistics stand still."""
        counts = [each.num_batches_tracked for each in self.norms]
        self.counted = [None if count is None else count.clone() for count in counts]
        for norm in self.norms:
            norm.momentum = 0.0

    def __exit__(self, *error: object) -> None:
        """Let them move again."""
        for norm, momentum, count in zip(self.norms, self.momenta, self.counted, strict=True):
            norm.momentum = momentum
            if count is not None and norm.num_batches_tracked is not None:
                norm.num_batches_tracked.copy_(count)
