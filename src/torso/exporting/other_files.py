"""A run as a traced program of torch, and its weights alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.export import ExportedProgram

from torso.core.errors import ConfigError
from torso.core.whole_files import json_text, whole_file
from torso.exporting.checking import Checked, compare, judged
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject
from torso.exporting.tracing import quiet, reach, traced
from torso.model.model import Model

__all__ = ["DESCRIPTION", "CheckedProgram", "checked_program", "write_program", "write_weights"]

_FLOORS = (1, 4, 8, 16, 32)  # least steps of rows that are tried
DESCRIPTION = "torso.json"
"""Name under which a program holds the description."""


@dataclass(frozen=True, eq=False)
class CheckedProgram:
    """A traced program that answers as its run does.

    Attributes:
        program: name -> tensor in, name -> tensor out.
        inputs: name -> port, with the least lengths that it takes.
        checked: how it compares with the run.
    """

    program: ExportedProgram
    inputs: Mapping[str, InputPort]
    checked: Checked


def checked_program(subject: Subject) -> CheckedProgram:
    """Return the traced program of a run.

    Raises:
        ConfigError: it cannot be made, or answers otherwise than the run.
    """
    program = traced(subject.graph(), subject.example.tensors(subject.inputs))
    inputs = reach(program, subject.inputs)
    module = program.module()

    def run(feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        with torch.no_grad():
            said = module({name: torch.from_numpy(value) for name, value in feed.items()})
        return {name: value.numpy() for name, value in said.items()}

    for floor in _FLOORS:
        longer = {name: _at_least(port, floor) for name, port in inputs.items()}
        try:
            checked = judged(compare(run, subject, longer), subject)
        except AssertionError:  # a guard of the trace: it knows longer rows only
            continue
        return CheckedProgram(program, longer, checked)
    raise ConfigError(
        f"The run cannot be exported as a traced program: it refuses rows of up to {_FLOORS[-1]} steps. "
        "An ONNX graph may hold it: name a file that ends with .onnx."
    )


def _at_least(port: InputPort, floor: int) -> InputPort:
    """Return a port that takes `floor` steps at least, where rows have steps."""
    steps = any(isinstance(side, str) for side in port.shape[1:])
    return replace(port, least=max(port.least, floor)) if steps else port


def write_program(path: Path, made: CheckedProgram, description: Mapping[str, object]) -> None:
    """Write a program, with its description inside."""
    with whole_file(path) as draft:
        # torch refuses a file with another ending
        own = draft.with_suffix(".pt2")
        with quiet():
            torch.export.save(made.program, own, extra_files={DESCRIPTION: json_text(description)})
        own.replace(draft)


def write_weights(path: Path, model: Model, description: Mapping[str, object]) -> None:
    """Write the weights of networks and heads as safetensors, with the description among its metadata."""
    from safetensors.torch import save

    state = model.state_dict()
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    with whole_file(path) as draft:
        draft.write_bytes(save(whole, metadata={"torso": json_text(description)}))
