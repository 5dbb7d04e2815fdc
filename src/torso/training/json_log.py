"""The log of a training: one JSON object per line, `log.jsonl` in a run's folder."""

from __future__ import annotations

from pathlib import Path

from torso.core.full_disk import room_for
from torso.core.whole_files import json_text
from torso.training.listeners import Epoch, Listener, Look

__all__ = ["JsonLog"]


class JsonLog(Listener):
    """Writes one JSON object per line: `{"event": "epoch", ...}`.

    Args:
        path: the file.
        fresh: empty it first; a resumed training goes on in it.
    """

    def __init__(self, path: Path, *, fresh: bool = True) -> None:
        self.path = path
        if fresh:
            path.write_text("")
        elif path.exists() and path.read_bytes()[-1:] not in (b"", b"\n"):
            self._add("")  # ends the line that a kill has cut

    def _add(self, line: str) -> None:
        with room_for(self.path, len(line) + 1), self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _write(self, event: str, **values: object) -> None:
        self._add(json_text({"event": event, **values}))

    def started(self, epochs: int, batches: int) -> None:
        """Write the number of epochs and batches."""
        self._write("start", epochs=epochs, batches=batches)

    def looked(self, look: Look) -> None:
        """Write the Gram matrix beside the losses and the weights."""
        self._write("look", **look.to_dict())

    def epoch_done(self, epoch: Epoch) -> None:
        """Write the epoch."""
        self._write("epoch", **epoch.to_dict())

    def ended(self, reason: str) -> None:
        """Write why it is over."""
        self._write("end", reason=reason)

    def noted(self, message: str) -> None:
        """Write the note."""
        self._write("note", message=message)
