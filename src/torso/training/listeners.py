"""What a training tells those who watch: the log, the progress bar, a test.

A listener overrides what it cares for; the loop never knows who listens.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Epoch", "JsonLog", "Listener", "Listeners", "Look"]


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training rows came to.

    Attributes:
        number: counts from 1.
        training: task, or loss of one modality -> mean over its labelled training rows, as the weights moved.
        validation: task -> mean loss over its labelled validation rows, heads calibrated on them.
        metrics: task -> metric -> value on the validation rows.
        weights: task -> loss weight, where the balancer has any.
        seconds: wall time of the training part.
        waited: seconds of it in which the model waited for data.
        rows: training rows seen.
        lr: learning rate at the end.
        best: whether these weights are the best so far.
        overhead: what looking at the tasks' gradients cost, in parts of a plain epoch; None without looks.
        conflicts: share of the looks that saw two gradients with a negative inner product.
        mixing: task -> source -> share, where the sharing mixes experts, trunks or neighbours.
    """

    number: int
    training: Mapping[str, float]
    validation: Mapping[str, float]
    metrics: Mapping[str, Mapping[str, float]]
    weights: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    waited: float = 0.0
    rows: int = 0
    lr: float = 0.0
    best: bool = False
    overhead: float | None = None
    conflicts: float | None = None
    mixing: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values, without `mixing` if it is empty."""
        fields = asdict(self)
        return fields if self.mixing else {k: v for k, v in fields.items() if k != "mixing"}


@dataclass(frozen=True)
class Look:
    """What a balancer saw of the tasks' gradients in one step.

    Attributes:
        epoch: counts from 1.
        batch: counts from 1.
        losses: task -> loss of this batch.
        weights: task -> weight from now on, where the balancer has any.
        gram: `[tasks][tasks]`, inner products of the tasks' gradients; NaN for a task without labels.
    """

    epoch: int
    batch: int
    losses: Mapping[str, float]
    weights: Mapping[str, float]
    gram: Sequence[Sequence[float]]


class Listener:
    """Hears what happens; does nothing by default."""

    def preparing(self, column: str, done: int, total: int) -> None:
        """Files of a column are being decoded."""

    def started(self, epochs: int, batches: int) -> None:
        """Training begins: at most `epochs`, of `batches` each."""

    def batch_done(self, epoch: int, batch: int) -> None:
        """A step was taken; both count from 1."""

    def looked(self, look: Look) -> None:
        """The balancer looked at the tasks' gradients."""

    def epoch_done(self, epoch: Epoch) -> None:
        """An epoch and its validation have ended."""

    def ended(self, reason: str) -> None:
        """Training is over: `all epochs`, `no better held-out loss` or `interrupted`."""

    def noted(self, message: str) -> None:
        """Something that the user should know."""


class Listeners(Listener):
    """Passes everything on to several listeners."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self.listeners = listeners

    def preparing(self, column: str, done: int, total: int) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.preparing(column, done, total)

    def started(self, epochs: int, batches: int) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.started(epochs, batches)

    def batch_done(self, epoch: int, batch: int) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.batch_done(epoch, batch)

    def looked(self, look: Look) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.looked(look)

    def epoch_done(self, epoch: Epoch) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.epoch_done(epoch)

    def ended(self, reason: str) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.ended(reason)

    def noted(self, message: str) -> None:
        """Pass on."""
        for listener in self.listeners:
            listener.noted(message)


class JsonLog(Listener):
    """Writes one JSON object per line: `{"event": "epoch", ...}`.

    Args:
        path: the file; a resumed training goes on in it.
        fresh: whether to begin anew.
    """

    def __init__(self, path: Path, *, fresh: bool = True) -> None:
        self.path = path
        if fresh:
            path.write_text("")

    def _write(self, event: str, **values: Any) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            line = json.dumps(_plain({"event": event, **values}), ensure_ascii=False)
            file.write(line + "\n")

    def started(self, epochs: int, batches: int) -> None:
        """Write the plan."""
        self._write("start", epochs=epochs, batches=batches)

    def looked(self, look: Look) -> None:
        """Write the Gram matrix beside the losses and the weights."""
        self._write("look", **asdict(look))

    def epoch_done(self, epoch: Epoch) -> None:
        """Write the epoch."""
        self._write("epoch", **epoch.to_dict())

    def ended(self, reason: str) -> None:
        """Write why it is over."""
        self._write("end", reason=reason)

    def noted(self, message: str) -> None:
        """Write the note."""
        self._write("note", message=message)


def _plain(value: Any) -> Any:
    """Return `value` with null for NaN and infinity, which JSON cannot hold."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
