"""The number of threads of an operator in a training on the CPU.

PyTorch gives every operator all cores. To wake them costs more than it saves where operators are small: steps of networks
of numbers, categories and short texts took 1.2 to 1.5 times as long on two threads as on one, steps of networks that
learn from pictures 0.7 times (`benchmarks/operator_threads.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from torso.columns.loader import Loader, gather
from torso.core.types import Features
from torso.model.model import Model

__all__ = ["multiplications", "operator_threads", "suited_threads"]

_WORTH = 200e6
"""Multiplications in a batch's forward pass that pay for a further thread."""


def suited_threads(model: Model, loader: Loader) -> int:
    """Return 1, and one more for each 200 million multiplications in a batch's forward pass; at most PyTorch's number.

    It follows from the model and the size of a batch, not from the clock, so that a training repeats to the bit.

    Args:
        model: the network; one that is not on the CPU keeps PyTorch's number.
        loader: its training batches.
    """
    usual = torch.get_num_threads()
    if usual == 1 or next(model.parameters()).device.type != "cpu":
        return usual
    batch = gather(loader.dataset, loader.rows[: loader.batch_size])
    return min(usual, 1 + int(multiplications(model, batch.inputs) // _WORTH))


def multiplications(model: nn.Module, inputs: Mapping[str, Features]) -> int:
    """Return the approximate number of multiplications in a forward pass: those of linear layers and convolutions.

    Weights of any other module count once a row.
    """
    rows = len(next(iter(inputs.values())).mask)
    counted = 0

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        nonlocal counted
        weight = module.weight
        assert isinstance(weight, Tensor)
        each = weight.shape[1] if isinstance(module, nn.Linear) else weight[0].numel()
        counted += output.numel() * each - rows * weight.numel()

    layers = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(inputs)
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return counted + rows * sum(parameter.numel() for parameter in model.parameters())


@contextmanager
def operator_threads(number: int) -> Iterator[None]:
    """Give every operator so many threads inside the block."""
    usual = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
