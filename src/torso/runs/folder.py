"""The folder of a run. Only this module and `torso search` write into it.

`run.yaml` comes first and `model.safetensors` last, so a folder with weights is a finished run. A folder holds
YAML, JSON, Parquet and safetensors: no pickle, no code.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from torso._version import __version__
from torso.columns.reading import Skipped
from torso.core.errors import RunError
from torso.runs.config import RunConfig, read_config
from torso.runs.report import RunReport, read_epoch
from torso.runs.schema import Schema
from torso.runs.stored_split import StoredSplit
from torso.training import Epoch, JsonLog
from torso.training.checkpoint import load_state, load_tensors, save_tensors

__all__ = ["FORMAT", "RunFolder", "read_json", "write_json"]

FORMAT = 1
"""Version of the files' form; files may be added to it without raising it."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run.

    Attributes:
        path: where it lies.
    """

    path: Path

    # --- while a run is under way

    def check_free(self, *, resume: bool = False, overwrite: bool = False) -> None:
        """Refuse a folder whose run would be lost, or that has nothing to resume.

        Raises:
            RunError: it holds a finished or an interrupted run and nobody said `overwrite` or `resume`, or no
                interrupted one to resume.
        """
        begun, name = self.checkpoint.exists(), str(self.path)
        finished = (self.path / "model.safetensors").exists() and not begun
        if resume and finished:
            raise RunError(f"The run in {name!r} is finished: there is nothing to resume.")
        if resume and not (self.path / "run.yaml").exists():
            raise RunError(f"{name!r} holds no interrupted run: there is nothing to resume.")
        if finished and not overwrite:
            raise RunError(
                f"{name!r} holds a finished run. Choose another folder, or say overwrite "
                "(--overwrite, overwrite=True)."
            )
        if begun and not (resume or overwrite):
            raise RunError(
                f"{name!r} holds an interrupted run. Go on with it (--resume, resume=True), choose another "
                "folder, or say overwrite (--overwrite, overwrite=True)."
            )
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{name!r} is a file. Choose a folder for the run.")

    @contextmanager
    def made(self) -> Iterator[None]:
        """Make the folder; if the block fails before the first epoch, remove it again."""
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            yield
        except BaseException:
            if new and {file.name for file in self.path.iterdir()} <= {"log.jsonl", "run.yaml"}:
                _remove(self.path)
                with suppress(OSError):  # somebody else uses it by now
                    for folder in new[1:]:
                        folder.rmdir()
            raise

    def begin(self, config: RunConfig, *, resume: bool) -> JsonLog:
        """Write the config and return the log; unless resumed, remove an earlier run's weights and vectors."""
        if not resume:  # a kill must not leave old weights beside a new config
            _remove(self.path / "search")
            (self.path / "model.safetensors").unlink(missing_ok=True)
            self.end()
        self._write_config(config)
        return JsonLog(self.path / "log.jsonl", fresh=not resume)

    @property
    def checkpoint(self) -> Path:
        """Where the trainer keeps the state of an unfinished training."""
        return self.path / "checkpoint"

    def end(self) -> None:
        """Delete the checkpoint."""
        _remove(self.checkpoint)

    # --- all files at once

    def write(
        self,
        config: RunConfig,
        schema: Schema,
        model: nn.Module,
        report: RunReport,
        split: StoredSplit | None = None,
        skipped: Sequence[Skipped] = (),
    ) -> None:
        """Write a finished run, the weights last."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._write_config(config)
        described = {"format": FORMAT, "torso": __version__}
        write_json(
            self.path / "schema.json",
            {**described, "inputs": config.inputs, "targets": config.targets},
        )
        for name, content in schema.state().items():
            write_json(self.path / f"{name}.json", content)
        write_json(self.path / "metrics.json", report.to_dict())
        lines = [json.dumps(asdict(cell), ensure_ascii=False) + "\n" for cell in skipped]
        (self.path / "skipped.jsonl").write_text("".join(lines), encoding="utf-8")
        if split is not None:
            split.write(self.path / "split.parquet")
        save_tensors(self.path / "model.safetensors", model.state_dict())

    def _write_config(self, config: RunConfig) -> None:
        (self.path / "run.yaml").write_text(config.to_yaml(), encoding="utf-8")

    # --- reading

    def config(self) -> RunConfig:
        """Return the checked config."""
        file = self.path / "run.yaml"
        return RunConfig.parse(read_config(file), str(file))

    def schema(self) -> Schema:
        """Return the fitted schema.

        Raises:
            RunError: the folder is no run, is damaged, or was written by a newer version.
        """
        saved = read_json(self.path / "schema.json")
        absent = [key for key in ("format", "inputs", "targets") if key not in saved]
        if absent:
            raise RunError(f"{self.path / 'schema.json'} is damaged: it lacks {absent}.")
        if saved["format"] > FORMAT:
            raise RunError(
                f"{self.path} was written by Torso {saved.get('torso')} (format {saved['format']}), this is "
                f"{__version__} (format {FORMAT}). Update Torso."
            )
        schema = Schema(saved["inputs"], saved["targets"])
        names = ("vocabulary", "statistics")
        state = {name: read_json(self.path / f"{name}.json") for name in names}
        try:
            schema.restore(state)
        except (KeyError, TypeError, AttributeError) as error:
            message = f"{self.path}: vocabulary.json or statistics.json lacks {error}."
            raise RunError(message) from None
        return schema

    def report(self) -> RunReport:
        """Return the results."""
        saved = read_json(self.path / "metrics.json")
        try:
            return RunReport.from_dict(saved)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RunError(f"{self.path / 'metrics.json'} is damaged: {error!r}.") from None

    def split(self) -> StoredSplit | None:
        """Return the split; None if an earlier version wrote the run."""
        file = self.path / "split.parquet"
        return StoredSplit.read(file) if file.exists() else None

    def skipped(self) -> tuple[Skipped, ...]:
        """Return the cells of the fit that counted as missing although they held something."""
        file = self.path / "skipped.jsonl"
        try:
            lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
            return tuple(Skipped(**json.loads(line)) for line in lines)
        except (ValueError, TypeError) as error:
            raise RunError(f"{file} is damaged: {error}.") from None

    def load_weights(self, model: nn.Module) -> None:
        """Put the weights into an untrained model."""
        load_state(model, load_tensors(self.path / "model.safetensors"), self.path)

    def logged(self) -> tuple[list[Epoch], list[str]]:
        """Return the epochs and the notes in the log."""
        lines = (self.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
        events: list[dict[str, Any]] = []
        for line in lines:
            with suppress(ValueError):  # a kill may have cut the last line
                events.append(json.loads(line))
        epochs = [read_epoch(event) for event in events if event["event"] == "epoch"]
        return epochs, [event["message"] for event in events if event["event"] == "note"]


def _remove(folder: Path) -> None:
    """Delete a folder, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON values; NaN is refused."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in one of a run's files.

    Raises:
        RunError: the folder is no run, or the file is damaged.
    """
    if not path.parent.is_dir():
        raise RunError(f"There is no run in {str(path.parent)!r}: the folder does not exist.")
    try:
        content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{str(path.parent)!r} is not a finished run: {path.name} is absent. Give the folder that `torso fit -o` "
            "wrote."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is damaged: {error}.") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: it should hold an object, found {content!r:.60}.")
    return content
