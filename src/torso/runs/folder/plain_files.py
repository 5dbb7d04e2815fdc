"""The plain models of a run in its folder: JSON, with the trees as text, and arrays."""

from __future__ import annotations

from pathlib import Path

import torch

from torso.core.errors import RunError
from torso.plain.blend import PlainHalf
from torso.plain.flat.view import FlatView
from torso.runs.folder.json_files import read_json, write_json
from torso.runs.schema.schema import Schema
from torso.training.checkpoint import load_tensors, save_tensors

__all__ = ["read_plain", "write_plain"]

_VALUES, _ARRAYS = "plain.json", "plain.safetensors"


def write_plain(folder: Path, half: PlainHalf | None) -> None:
    """Write the plain models, or remove those of an earlier run."""
    if half is None:
        for name in (_VALUES, _ARRAYS):
            (folder / name).unlink(missing_ok=True)
        return
    values, arrays = half.state()
    write_json(folder / _VALUES, values)
    save_tensors(
        folder / _ARRAYS,
        {name: torch.from_numpy(array) for name, array in arrays.items()},
    )


def read_plain(folder: Path, schema: Schema) -> PlainHalf | None:
    """Return the plain models; None if the run has none.

    Raises:
        RunError: a file is damaged.
    """
    file = folder / _VALUES
    if not file.exists():
        return None
    tensors = load_tensors(folder / _ARRAYS)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    try:
        return PlainHalf.restore(FlatView(schema.modalities.values()), read_json(file), arrays)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunError(f"{file} is damaged: {error!r}.") from None
