"""A training for Weights & Biases; offline unless one says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from torso.core.optional import require
from torso.training.adapters.tracker import Figures, Tracker

__all__ = ["WandB"]


class WandB(Tracker):
    """Writes settings, figures of each epoch and scores as one run; `wandb sync FOLDER/wandb/…` sends it later.

    Args:
        project: its name.
        name: of the run; None lets the program invent one.
        folder: where `wandb` is written.
        mode: `offline` writes to the folder alone, `online` sends as it goes; None: `$WANDB_MODE`, else `offline`.

    Raises:
        MissingDependency: the package `wandb` is absent.
    """

    title = "Weights & Biases"

    def __init__(
        self,
        project: str = "torso",
        name: str | None = None,
        folder: str | Path = ".",
        mode: Literal["offline", "online"] | None = None,
    ) -> None:
        super().__init__()
        require("wandb", extra="wandb", why="A log for Weights & Biases")
        self.project, self.name, self.folder = project, name, Path(folder).expanduser()
        self.mode = mode or os.environ.get("WANDB_MODE") or "offline"

    @property
    def look(self) -> str:
        """Return the command that sends the offline runs."""
        runs = self.folder / "wandb" / "offline-run-*"
        return f"wandb sync {runs}"

    def _begin(self) -> None:
        import wandb

        self.folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=self.project,
            name=self.name,
            dir=str(self.folder),
            mode=self.mode,
            reinit="create_new",
            settings=wandb.Settings(silent=True, console="off"),
        )

    def _settings(self, settings: Mapping[str, object]) -> None:
        self._run.config.update(dict(settings))

    def _figures(self, figures: Figures, epoch: int) -> None:
        self._run.log(figures, step=epoch)

    def _scores(self, figures: Figures) -> None:
        self._run.summary.update(figures)

    def _end(self) -> None:
        self._run.finish()
