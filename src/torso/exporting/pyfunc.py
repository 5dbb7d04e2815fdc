"""A run as a model of MLflow: its files in MLflow's folder, a signature from its schema, and answers as a frame.

MLflow finds the run by the name of this module (`loader_module`), so nothing is pickled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow as pa

from torso._version import __version__
from torso.core.errors import ConfigError
from torso.core.optional import require
from torso.exporting.hub.folder import shareable
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PyFunc", "save_pyfunc"]

_CELLS_OF_TEXT = ("text", "image", "audio", "video")
"""Kinds of input whose cells are texts or paths. Others may be spelled in several ways, as whole numbers in a column of numbers."""
_TYPES = (
    (pa.types.is_floating, "double"),
    (pa.types.is_integer, "long"),
    (pa.types.is_boolean, "boolean"),
)


def save_pyfunc(run: str | Path | Predictor, path: str | Path) -> Path:
    """Write a run as a model of MLflow, which `mlflow.pyfunc.load_model` and `mlflow models serve` open.

    As in `write_hub_folder`, rows of the table and paths of this machine are left out.

    Args:
        run: its folder, or opened.
        path: folder to write, absent or empty.

    Raises:
        ConfigError: the folder holds something.
        MissingDependency: MLflow is absent; `mlflow-skinny` suffices.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when it is imported
    pyfunc = require("mlflow.pyfunc", extra="mlflow", why="A model of MLflow")
    folder = Path(path).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{str(folder)!r} is not empty. Name another folder for the model of MLflow."
        )
    opened = run if isinstance(run, Predictor) else load(run, device="cpu")
    with TemporaryDirectory() as drafts:
        shareable(opened).save(Path(drafts) / "run")
        pyfunc.save_model(
            str(folder),
            loader_module=__name__,
            data_path=str(Path(drafts) / "run"),
            signature=_signature(opened),
            pip_requirements=[f"torso=={__version__}"],
            metadata={"torso": _kinds(opened)},
        )
    return folder


class PyFunc:
    """A run as MLflow asks it.

    Args:
        run: opened.
    """

    def __init__(self, run: Predictor) -> None:
        self.run = run

    def predict(
        self, model_input: pd.DataFrame, params: Mapping[str, object] | None = None
    ) -> pd.DataFrame:
        """Return the answers to rows.

        Args:
            model_input: rows; columns that are absent count as missing.
            params: `root`: folder that file columns are relative to.
        """
        root = str((params or {}).get("root") or "")
        answers: pd.DataFrame = self.run.predict(model_input, root=root or ())
        return answers


def _load_pyfunc(data_path: str) -> PyFunc:
    """Return the run in a folder; MLflow calls this by its name."""
    return PyFunc(load(data_path, device="cpu"))


def _kinds(run: Predictor) -> dict[str, dict[str, str]]:
    """Return the kinds of all columns, which MLflow keeps beside the model."""
    schema = run.schema
    return {
        "inputs": {name: kind.name for name, kind in schema.inputs.items()},
        "targets": {name: kind.kind for name, kind in schema.targets.items()},
    }


def _signature(run: Predictor) -> object:
    """Return names and types of inputs, answers and parameters."""
    signature = require("mlflow.models.signature", extra="mlflow", why="A model of MLflow")
    types = require("mlflow.types.schema", extra="mlflow", why="A model of MLflow")
    inputs = [
        types.ColSpec(
            "string" if kind.name in _CELLS_OF_TEXT else types.AnyType(), name, required=False
        )
        for name, kind in run.schema.inputs.items()
    ]
    outputs = [types.ColSpec(_type_of(types, field), field.name) for field in _answers(run)]
    root = types.ParamSpec("root", "string", "")
    return signature.ModelSignature(
        types.Schema(inputs), types.Schema(outputs), types.ParamSchema([root])
    )


def _answers(run: Predictor) -> pa.Schema:
    """Return the columns of answers: those to a row of gaps."""
    gaps = pa.table({name: pa.nulls(1, pa.string()) for name in run.schema.inputs})
    told = run.predict(gaps, as_arrow=True, details=True)  # its notes on gaps are for nobody
    answers: pa.Table = told.columns
    return answers.schema


def _type_of(types: ModuleType, field: pa.Field) -> object:
    if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
        return "string"
    return next((name for fits, name in _TYPES if fits(field.type)), types.AnyType())
