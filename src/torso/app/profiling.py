"""Costs of parts: parameters, and multiply-adds and milliseconds per row of a forward pass."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from torso.core.errors import ConfigError
from torso.core.registry import Registry
from torso.core.types import Features, Tokens
from torso.fusion import Fusion
from torso.model.model import Model
from torso.model.trunk import Encoded
from torso.sharing import Sharing

__all__ = ["EXAMPLE", "Cost", "example_costs", "measure", "model_costs"]

EXAMPLE = "3 modalities of 8 tokens, 3 tasks, 64 wide, 64 rows at a time"
"""Setting in which `example_costs` are measured."""

_MODALITIES, _TOKENS, _TASKS, _DIM, _ROWS = 3, 8, 3, 64, 64


@dataclass(frozen=True)
class Cost:
    """The cost of a forward pass.

    Attributes:
        parameters: numbers that are learned.
        multiply_adds: of matrix products, convolutions and attention, per row.
        milliseconds: wall time per row, in batches, the median of some runs.
    """

    parameters: int
    multiply_adds: float
    milliseconds: float


def measure(part: nn.Module, run: Callable[[], Any], rows: int, repeats: int = 7) -> Cost:
    """Return the cost of `run()`, which takes `part` forward for some rows, in evaluation mode."""
    was = part.training
    part.eval()
    try:
        with FlopCounterMode(display=False) as counted, sdpa_kernel(SDPBackend.MATH):
            run()
        with torch.no_grad():
            seconds = []
            for _ in range(repeats):
                began = perf_counter()
                run()
                seconds.append(perf_counter() - began)
    finally:
        part.train(was)
    return Cost(
        sum(parameter.numel() for parameter in part.parameters()),
        counted.get_total_flops() / 2 / rows,
        1e3 * statistics.median(seconds) / rows,
    )


def model_costs(model: Model, inputs: Mapping[str, Features]) -> dict[str, Cost]:
    """Return the cost of every encoder, the fusion, the sharing and every head on a batch, by part.

    Args:
        model: on the device of the inputs.
        inputs: modality -> features of at least one row.
    """
    rows = len(next(iter(inputs.values())).mask)
    costs: dict[str, Cost] = {}
    fused: dict[str, Tokens] = {}
    encoded: dict[str, dict[str, Tokens]] = {}
    several = len(list(model.trunks.names())) > 1
    for name, trunk in model.trunks.pairs():
        of = f" of trunk {name}" if several else ""
        tokens: dict[str, Tokens] = {}
        for modality, encoder in trunk.encoders.pairs():
            encode = partial(encoder, inputs[modality])
            costs[f"encoder {modality}{of}"] = measure(encoder, encode, rows)
            with torch.no_grad():
                tokens[modality] = trunk.with_placeholders(modality, encode())
        costs[f"fusion{of}"] = measure(trunk.fusion, partial(trunk.fusion, tokens), rows)
        with torch.no_grad():
            fused[name] = trunk.fusion(tokens)
        encoded[name] = tokens
    costs["sharing"] = measure(model.sharing, partial(model.sharing, fused), rows)
    with torch.no_grad():
        vectors = model.sharing(fused)
    whole = Encoded(encoded, {name: features.present for name, features in inputs.items()})
    for task, head in model.heads.pairs():
        read = (model.task_tokens(task, whole),) if head.reads_tokens else ()
        costs[f"head {task}"] = measure(head, partial(head, vectors[task], *read), rows)
    return costs


def example_costs(room: str) -> dict[str, Cost]:
    """Return name -> the cost of every fusion or sharing with default settings on `EXAMPLE`.

    Parts that need settings are left out; so is every part of the other rooms, whose costs hang on the data.
    """
    torch.manual_seed(0)
    mask = torch.ones(_ROWS, _TOKENS, dtype=torch.bool)
    costs: dict[str, Cost] = {}
    if room == "fusion":
        names = [f"modality {number}" for number in range(_MODALITIES)]
        tokens = {name: Tokens(torch.randn(_ROWS, _TOKENS, _DIM), mask) for name in names}
        for name in Fusion.registry:
            fusion = _built(Fusion.registry, name, modalities=names, dim=_DIM)
            if fusion is not None:
                costs[name] = measure(fusion, partial(fusion, tokens), _ROWS)
    if room == "sharing":
        tasks = [f"task {number}" for number in range(_TASKS)]
        token = Tokens(torch.randn(_ROWS, 1, _DIM), mask[:, :1])
        for name in Sharing.registry:
            sharing = _built(Sharing.registry, name, tasks=tasks, dim=_DIM)
            if sharing is not None:
                fused = dict.fromkeys(sharing.trunks(), token)
                costs[name] = measure(sharing, partial(sharing, fused), _ROWS)
    return costs


def _built(registry: Registry[Any], name: str, **offered: Any) -> Any:
    """Return a part with default settings, or None if it needs some."""
    try:
        return registry.build(name, **offered)
    except ConfigError:
        return None
