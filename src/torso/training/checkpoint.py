"""The state of a training on disk, without pickle: tensors as safetensors, the rest as JSON.

A checkpoint is written beside the old one and renamed, so a kill leaves a whole one. Only files that were written here
are deleted: whatever else lies in the folder stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

import torch
from torch import Tensor

from torso.core.errors import DataError, RunError
from torso.core.whole_files import DRAFT, whole_file
from torso.training.optimizers import optimizer_state, restore_optimizer

__all__ = [
    "ANEW",
    "Checkpoint",
    "Progress",
    "load_state",
    "load_tensors",
    "random_states",
    "save_tensors",
]

ANEW = "Start anew: choose another folder, or say overwrite (--overwrite, overwrite=True)."

_PROGRESS = "progress.json"
_TENSORS = ("model", "best", "balancer", "average", "optimizer", "random")
_FILES = [_PROGRESS, *(f"{name}.safetensors" for name in _TENSORS)]
"""The progress stands first: without it, what is left is no checkpoint."""


class Progress(TypedDict):
    """Position of a training.

    Attributes:
        epoch: epochs done.
        best_epoch: the epoch with the best weights.
        best_loss: its sum of held-out losses, or of the best of each task.
        steps: optimizer steps taken.
        best_of: task -> its best epoch and loss, "" for their sum; absent from what an earlier version wrote.
        optimizer: parts of its state that are no tensors; absent from what an earlier version wrote.
        about: identifies the training; absent from what an earlier version wrote.
    """

    epoch: int
    best_epoch: int
    best_loss: float
    steps: int
    best_of: NotRequired[Mapping[str, tuple[int, float]]]
    about: NotRequired[dict[str, object]]
    optimizer: NotRequired[dict[str, object]]


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file; a kill leaves the old file or the new one."""
    from safetensors.torch import save_file

    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    mask = os.umask(0)
    os.umask(mask)
    num_bytes = sum(tensor.nbytes for tensor in whole.values())
    with whole_file(path, num_bytes) as draft:
        save_file(whole, draft)
        draft.chmod(0o666 & ~mask)  # safetensors makes its files unreadable to others


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


@dataclass(frozen=True)
class Content:
    """The content of a checkpoint's files.

    Attributes:
        states: state dicts by name.
        progress: how far the training had come.
        moments: tensors of the optimizer.
        random: states of the generators of every process.
    """

    states: dict[str, dict[str, Tensor]]
    progress: Progress
    moments: dict[str, Tensor]
    random: dict[str, Tensor]

    def put_back(self, optimizer: torch.optim.Optimizer, rank: int = 0) -> None:
        """Give the optimizer its state, and torch's generators those of the process of this rank, if it had any."""
        restore_optimizer(optimizer, self.moments, self.progress.get("optimizer", {}))
        own = _of_rank(rank)
        _set_random_states(
            {
                name.removeprefix(own): state
                for name, state in self.random.items()
                if name.startswith(own) and (rank or "/" not in name)
            }
        )


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after its last whole epoch.

    Attributes:
        folder: replaced as a whole after each epoch.
        about: JSON values that identify the training, kept with its progress.
    """

    folder: Path
    about: Mapping[str, object] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """True if there is a whole checkpoint."""
        return (self._whole() / _PROGRESS).is_file()

    @property
    def is_torso(self) -> bool:
        """True if the files are named as those that are written here."""
        return (self._whole() / "random.safetensors").is_file()

    @property
    def in_the_way(self) -> list[Path]:
        """Links and files of others where this would make folders of its own."""
        places = (self.folder, self._beside("old"), self._beside("new"))
        own = {*_FILES, *(name + DRAFT for name in _FILES)}
        return [
            *(place for place in places if place.is_symlink() or place.is_file()),
            *(
                entry
                for place in places[1:]
                if place.is_dir()
                for entry in place.iterdir()
                if entry.name not in own
            ),
        ]

    def noted(self) -> Mapping[str, object]:
        """Return `about` of the training whose checkpoint this is; empty if an earlier version wrote it."""
        about = self._progress().get("about", {})
        return about if isinstance(about, dict) else {}

    def write(
        self,
        states: Mapping[str, Mapping[str, Tensor]],
        optimizer: torch.optim.Optimizer,
        progress: Progress,
        others: Sequence[Mapping[str, Tensor]] = (),
    ) -> None:
        """Write the state of a training after an epoch.

        Args:
            states: state dicts by name.
            optimizer: its state is tensors and plain values.
            progress: how far it has come.
            others: random states of the further processes of this training.

        Raises:
            RunError: the optimizer keeps something else.
            DataError: the disk is full; the checkpoint before stays as it is.
        """
        new, old = self._beside("new"), self._beside("old")
        _clear(new)
        new.mkdir(parents=True, exist_ok=True)
        try:
            moments, numbers = optimizer_state(optimizer)
            for name, tensors in {
                **states,
                "optimizer": moments,
                "random": _of_ranks([random_states(), *others]),
            }.items():
                save_tensors(new / f"{name}.safetensors", tensors)
            with whole_file(new / _PROGRESS) as draft:
                draft.write_text(
                    json.dumps({**progress, "optimizer": numbers, "about": dict(self.about)})
                )
        except DataError:  # a full disk: make room for what comes next
            _clear(new)
            raise
        if (self.folder / _PROGRESS).exists():
            _clear(old)
            _move_all(old, new)
            os.replace(self.folder, old)
        else:  # `old`, if there is one, is the last whole one
            _clear(self.folder)
            _move_all(self.folder, new)
        os.replace(new, self.folder)
        _clear(old)
        _move_all(old, self.folder)

    def read(
        self, names: Sequence[str], optimizer: torch.optim.Optimizer
    ) -> tuple[dict[str, dict[str, Tensor]], Progress]:
        """Put the optimizer and the random state back; return the state dicts by name, and the progress.

        Raises:
            RunError: there is no whole checkpoint.
        """
        content = self.content(names)
        content.put_back(optimizer)
        return content.states, content.progress

    def content(self, names: Sequence[str]) -> Content:
        """Return the content of the files, with the state dicts of `names`.

        Raises:
            RunError: there is no whole checkpoint.
        """
        progress, folder = self._progress(), self._whole()
        states = {name: load_tensors(folder / f"{name}.safetensors") for name in names}
        moments = load_tensors(folder / "optimizer.safetensors")
        return Content(states, progress, moments, load_tensors(folder / "random.safetensors"))

    def clear(self) -> None:
        """Delete the checkpoint, and those that a kill left beside it."""
        for place in (self._beside("old"), self._beside("new"), self.folder):
            _clear(place)

    def _progress(self) -> Progress:
        file = self._whole() / _PROGRESS
        try:
            progress: Progress = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(
                f"{self.folder} holds no checkpoint: nothing to resume. Start without --resume, or check the folder."
            ) from None
        except (OSError, ValueError) as error:
            raise RunError(f"{file} is damaged: {error}. {ANEW}") from None
        if not isinstance(progress, dict) or "epoch" not in progress:
            raise RunError(f"{file} is damaged: it lacks the number of the epoch. {ANEW}")
        return progress

    def _whole(self) -> Path:
        """Return where the last whole checkpoint lies: a kill between two renames leaves it beside its place."""
        old = self._beside("old")
        there = not (self.folder / _PROGRESS).is_file() and (old / _PROGRESS).is_file()
        return old if there else self.folder

    def _beside(self, ending: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{ending}")


def _clear(folder: Path) -> None:
    """Delete a checkpoint's files; the folder too, if nothing else lies in it."""
    if folder.is_dir() and not folder.is_symlink():
        for name in _FILES:
            for file in (folder / name, folder / (name + DRAFT)):
                file.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()


def _move_all(folder: Path, target: Path) -> None:
    """Move all files of `folder`, if it is there, and remove it."""
    if folder.is_dir():
        for entry in folder.iterdir():
            os.replace(entry, target / entry.name)
        folder.rmdir()


def _of_rank(rank: int) -> str:
    return f"{rank}/" if rank else ""  # the first process's stand as they always did


def _of_ranks(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {
        _of_rank(rank) + name: state
        for rank, own in enumerate(states)
        for name, state in own.items()
    }


def random_states() -> dict[str, Tensor]:
    """Return the states of torch's global generators: that of the CPU, and one per CUDA device."""
    began = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = torch.cuda.get_rng_state_all() if began else []
    return {
        "cpu": torch.get_rng_state(),
        **{f"cuda:{index}": state for index, state in enumerate(devices)},
    }


def _set_random_states(states: Mapping[str, Tensor]) -> None:
    if "cpu" in states:
        torch.set_rng_state(states["cpu"])
    for index in range(torch.cuda.device_count()):
        if f"cuda:{index}" in states:
            torch.cuda.set_rng_state(states[f"cuda:{index}"], index)


def _added_later(module: torch.nn.Module, known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the buffers that weights of an earlier version lack, as they are."""
    names = (
        f"{prefix}.{name}".removeprefix(".")
        for prefix, part in module.named_modules()
        for name in getattr(part, "added_later", ())
    )
    return {name: known[name] for name in names if name in known}


def load_state(module: torch.nn.Module, tensors: Mapping[str, Tensor], origin: Path) -> None:
    """Load a state dict, or say that it belongs to another model."""
    known = module.state_dict()
    tensors = {**_added_later(module, known), **tensors}
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
