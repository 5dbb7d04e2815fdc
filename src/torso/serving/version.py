"""One version of a run, as it was opened; all that is derived from it lives and dies with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from torso.serving.certificates import Certificates
from torso.serving.values import Json, Kind

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor

__all__ = ["FILES", "Version", "open_version"]

FILES = (
    "run.yaml",
    "schema.json",
    "vocabulary.json",
    "statistics.json",
    "decisions.json",
    "metrics.json",
    "plain.json",
    "plain.safetensors",
    "model.safetensors",
)
"""Files of a run's folder that answers depend on."""

_PIECE = 1 << 20


@dataclass(frozen=True, eq=False)
class Version:
    """An opened run.

    Attributes:
        name: under which it is served.
        digest: of its files, so that two servers with the same run say the same.
        predictor: answers; cells that cannot be read are skipped and told, never refused as a table.
        format: `torch`, or `onnx` for an exported run.
    """

    name: str
    digest: str
    predictor: Predictor
    format: str

    @cached_property
    def inputs(self) -> Mapping[str, Kind]:
        """Column -> its kind."""
        return dict(self.predictor.schema.inputs)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Task -> kind of its target."""
        return {task: kind.kind for task, kind in self.predictor.schema.targets.items()}

    @cached_property
    def modalities(self) -> dict[str, list[str]]:
        """Modality -> its columns."""
        modalities = self.predictor.schema.modalities
        return {name: list(modality.columns) for name, modality in modalities.items()}

    @cached_property
    def sets(self) -> frozenset[str]:
        """Columns of labels, of which an unknown one is left out and told."""
        return frozenset(name for name, kind in self.inputs.items() if kind.name == "set")

    @cached_property
    def certificates(self) -> Certificates:
        """The certificates of all patterns of gaps."""
        return Certificates(self.predictor.report.patterns, list(self.modalities))

    @property
    def explains(self) -> bool:
        """True if the run can explain its answers; an exported one cannot."""
        return self.format == "torch"

    def with_thresholds(self, said: Sequence[str]) -> Version:
        """Return the version with thresholds that are set by hand: `TASK=NUMBER`."""
        if not said:
            return self
        from torso.runs.report.deciding import read_thresholds

        thresholds = read_thresholds(said, self.predictor.schema.targets)
        return replace(self, predictor=self.predictor.with_threshold(thresholds))

    def said(self) -> dict[str, str]:
        """Return name and version, as each answer has them."""
        return {"name": self.name, "version": self.digest}


def open_version(name: str, path: Path, *, device: str, trust_code: bool) -> Version:
    """Open a run's folder or an exported file.

    Args:
        name: under which it is served.
        path: of the folder, or of `model.onnx`.
        device: `auto`, `cpu`, `cuda`, ... of a run; an export answers on the processor.
        trust_code: import parts that the run names by an import path.

    Raises:
        TorsoError: it cannot be opened.
    """
    exported = path.suffix == ".onnx"
    digest = _digest([path] if exported else [path / file for file in FILES])
    # The face opens runs and exports alike, and loads torch for neither before it is needed.
    load = import_module("torso").load
    predictor: Predictor = load(path, device="auto" if exported else device, trust_code=trust_code)
    data = predictor.config.data.model_copy(update={"on_error": "missing", "most_skipped": 1.0})
    config = predictor.config.model_copy(update={"data": data})
    changes: Json = {"config": config}
    if not exported:
        # A client's rows leave no trace in the run's folder, and are not compared with those of the fit.
        changes |= {"folder": None, "split": None}
    return Version(name, digest, replace(predictor, **changes), "onnx" if exported else "torch")


def _digest(files: list[Path]) -> str:
    """Return twelve digits that change with any of the files."""
    whole = hashlib.sha256()
    for file in files:
        if not file.exists():
            continue
        whole.update(file.name.encode())
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                whole.update(piece)
    return whole.hexdigest()[:12]
