"""A training for TensorBoard, which reads a folder of event files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from torso.core.optional import require
from torso.training.adapters.tracker import Figures, Tracker

__all__ = ["TensorBoard"]


class TensorBoard(Tracker):
    """Writes figures of each epoch, the settings and the scores: `tensorboard --logdir FOLDER` draws them.

    Args:
        folder: of this training; those of several stand beside each other if they lie in one.

    Raises:
        MissingDependency: TensorBoard is absent.
    """

    title = "TensorBoard"

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        require("tensorboard", extra="tensorboard", why="A log for TensorBoard")
        self.folder = Path(folder).expanduser()

    @property
    def look(self) -> str:
        """Return the command that draws this training beside those in the same folder."""
        return f"tensorboard --logdir {quote(str(self.folder.parent))}"

    def _begin(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(self.folder))

    def _settings(self, settings: Mapping[str, object]) -> None:
        rows = "\n".join(f"    {name}: {value}" for name, value in settings.items())
        self._writer.add_text("settings", rows)
        self._writer.flush()

    def _figures(self, figures: Figures, epoch: int) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, epoch)
        self._writer.flush()

    def _scores(self, figures: Figures) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, 0)

    def _end(self) -> None:
        self._writer.close()
