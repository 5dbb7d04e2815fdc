"""A training for MLflow: a run of an experiment, in a folder or on a server."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from time import time

from torso.core.optional import require
from torso.training.adapters.tracker import Figures, Tracker

__all__ = ["MLflow"]

_LONGEST = 500
"""Characters of a setting's value that any store of MLflow takes."""
_MOST = 100
"""Settings and figures that MLflow takes at once."""


class MLflow(Tracker):
    """Writes settings as parameters, figures of each epoch and scores as metrics of one run.

    Args:
        store: folder, or address of a tracking server such as `http://localhost:5000`.
        experiment: its name; it is made if it is absent.
        name: of the run; None lets MLflow invent one.

    Raises:
        MissingDependency: MLflow is absent; `mlflow-skinny` suffices.
    """

    title = "MLflow"

    def __init__(
        self, store: str | Path = "mlruns", experiment: str = "torso", name: str | None = None
    ) -> None:
        super().__init__()
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when it is imported
        require("mlflow", extra="mlflow", why="A log for MLflow")
        self.store, self.experiment, self.name = str(store), experiment, name
        self.run_id = ""

    @property
    def look(self) -> str:
        """Return the command that shows the runs of the store; it comes with the whole package, not with `mlflow-skinny`."""
        return f"mlflow ui --backend-store-uri {quote(self.store)}"

    def _begin(self) -> None:
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=self._address())
        known = self._client.get_experiment_by_name(self.experiment)
        number = (
            self._client.create_experiment(self.experiment)
            if known is None
            else known.experiment_id
        )
        self.run_id = self._client.create_run(number, run_name=self.name).info.run_id

    def _address(self) -> str:
        """Return the store as MLflow takes it."""
        if "://" in self.store or self.store.startswith(("file:", "databricks")):
            return self.store
        # Newer versions ask for this word before they write files.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        return Path(self.store).expanduser().absolute().as_uri()

    def _settings(self, settings: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        taken = [Param(_name(n), str(value)[:_LONGEST]) for n, value in settings.items()]
        for start in range(0, len(taken), _MOST):
            self._client.log_batch(self.run_id, params=taken[start : start + _MOST])

    def _figures(self, figures: Figures, epoch: int) -> None:
        from mlflow.entities import Metric

        now = int(time() * 1000)
        taken = [Metric(_name(n), value, now, epoch) for n, value in figures.items()]
        for start in range(0, len(taken), _MOST):
            self._client.log_batch(self.run_id, metrics=taken[start : start + _MOST])

    def _scores(self, figures: Figures) -> None:
        self._figures(figures, 0)

    def _end(self) -> None:
        self._client.set_terminated(self.run_id)


def _name(name: str) -> str:
    """Return a name with the letters that MLflow takes.

    >>> _name("score/Größe (cm)/r2")
    'score/Gr__e _cm_/r2'
    """
    return re.sub(r"[^A-Za-z0-9_\-. /]", "_", name)
