"""The state of a training on disk, without pickle: tensors as safetensors, the rest as JSON.

A checkpoint is written beside the old one and renamed, so a kill leaves a whole one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor

from torso.core.errors import RunError

__all__ = ["Progress", "load_tensors", "read_checkpoint", "save_tensors", "write_checkpoint"]


class Progress(TypedDict):
    """Position of a training.

    Attributes:
        epoch: epochs done.
        best_epoch: the epoch with the best weights.
        best_loss: its sum of held-out losses.
        steps: optimizer steps taken.
    """

    epoch: int
    best_epoch: int
    best_loss: float
    steps: int


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file; a kill leaves the old file or the new one."""
    from safetensors.torch import save_file

    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    temporary = path.with_name(path.name + ".new")
    save_file(whole, temporary)
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)  # safetensors makes its files unreadable to others
    os.replace(temporary, path)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        RunError: the file is absent or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except FileNotFoundError:
        raise RunError(f"{path} is absent: this is not a finished run.") from None
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path} is damaged: {error}.") from error


def write_checkpoint(
    folder: Path,
    states: Mapping[str, Mapping[str, Tensor]],
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the state of a training after an epoch.

    Args:
        folder: replaced as a whole.
        states: state dicts by name.
        optimizer: AdamW or another whose state is tensors.
        progress: how far it has come.
    """
    temporary = _beside(folder, "new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, tensors in states.items():
        save_tensors(temporary / f"{name}.safetensors", tensors)
    state = optimizer.state_dict()["state"]
    moments = {
        f"{number}.{key}": torch.as_tensor(value)
        for number, parts in state.items()
        for key, value in parts.items()
    }
    save_tensors(temporary / "optimizer.safetensors", moments)
    save_tensors(temporary / "random.safetensors", _random_states())
    (temporary / "progress.json").write_text(json.dumps(progress))
    old = _beside(folder, "old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(temporary, folder)
    shutil.rmtree(old, ignore_errors=True)


def read_checkpoint(
    folder: Path, names: Sequence[str], optimizer: torch.optim.Optimizer
) -> tuple[dict[str, dict[str, Tensor]], Progress]:
    """Put the optimizer and the random state back; return the state dicts by name, and the progress.

    Raises:
        RunError: there is no whole checkpoint.
    """
    if not folder.exists() and _beside(folder, "old").exists():  # killed between two renames
        os.replace(_beside(folder, "old"), folder)
    if not (folder / "progress.json").exists():
        raise RunError(
            f"{folder} holds no checkpoint: nothing to resume. Start without --resume, or check the folder."
        )
    states = {name: load_tensors(folder / f"{name}.safetensors") for name in names}
    state = optimizer.state_dict()
    state["state"] = {}
    for key, value in load_tensors(folder / "optimizer.safetensors").items():
        number, name = key.split(".", 1)
        state["state"].setdefault(int(number), {})[name] = value
    optimizer.load_state_dict(state)
    _set_random_states(load_tensors(folder / "random.safetensors"))
    progress: Progress = json.loads((folder / "progress.json").read_text())
    return states, progress


def _random_states() -> dict[str, Tensor]:
    """Return the states of torch's global generators: that of the CPU, and one per CUDA device."""
    began = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = torch.cuda.get_rng_state_all() if began else []
    return {
        "cpu": torch.get_rng_state(),
        **{f"cuda:{index}": state for index, state in enumerate(devices)},
    }


def _set_random_states(states: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    for index in range(torch.cuda.device_count()):
        if f"cuda:{index}" in states:
            torch.cuda.set_rng_state(states[f"cuda:{index}"], index)


def _beside(folder: Path, ending: str) -> Path:
    return folder.with_name(f"{folder.name}.{ending}")


def load_state(module: torch.nn.Module, tensors: Mapping[str, Tensor], origin: Path) -> None:
    """Load a state dict, or say that it belongs to another model."""
    known = module.state_dict()
    absent, foreign = sorted(known.keys() - tensors.keys()), sorted(tensors.keys() - known.keys())
    reshaped = sorted(
        key
        for key in known.keys() & tensors.keys()
        if known[key].numel()  # an empty one is sized when first used
        and known[key].shape != tensors[key].shape
    )
    if absent or foreign or reshaped:
        example = (absent or foreign or reshaped)[0]
        raise RunError(
            f"The weights in {origin} do not fit the model that run.yaml describes: {len(absent)} tensors are "
            f"absent, {len(foreign)} are unknown, {len(reshaped)} have another shape; for example {example!r}. Was "
            "run.yaml changed, or was the run written by another version?"
        )
    module.load_state_dict(dict(tensors))
