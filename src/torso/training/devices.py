"""Device and precision of a training."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from torso.core.errors import ConfigError

__all__ = ["autocast", "choose_device"]


def choose_device(name: str = "auto") -> torch.device:
    """Return the device called `name`; `auto` takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        ConfigError: the name is unknown, or this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"`training.device` names {name!r}, which cannot be used here ({reason}). Use 'auto' or 'cpu'."
        ) from None
    return device


def autocast(device: torch.device, precision: str = "auto") -> AbstractContextManager[object]:
    """Return the context of a forward pass: bfloat16 if `precision` says so, with `auto` on CUDA only."""
    if precision == "bfloat16" or (precision == "auto" and device.type == "cuda"):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()
