"""The folder of a run. Only this module, the trainer's checkpoint and `torso search` write into it.

Each file is written beside its place and put there in one step, and `torso.json` says last that all are there. A folder
holds YAML, JSON, Parquet and safetensors: no pickle, no code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shlex import quote

import yaml
from torch import nn

from torso._version import __version__
from torso.columns.reading import Skipped
from torso.core.errors import RunError
from torso.core.whole_files import json_text, write_whole
from torso.core.yaml_text import read_mapping
from torso.plain.blend import PlainHalf
from torso.runs.folder.beside import clear_beside
from torso.runs.folder.examples_file import Examples, copy_examples, read_examples
from torso.runs.folder.held_out_file import read_held_out, write_held_out
from torso.runs.folder.json_files import DAMAGED, Json, read_json, write_json
from torso.runs.folder.lock import check_not_locked, locked
from torso.runs.folder.plain_files import read_plain, write_plain
from torso.runs.folder.stage import (
    Stage,
    check_place,
    check_unfinished,
    clear_results,
    clear_search,
    holds_interrupted,
    mark,
    stage_of,
    unmake,
)
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.folder.study_files import STUDIES, clear_studies, read_studies, write_study
from torso.runs.folder.written import Written
from torso.runs.report.card import model_card
from torso.runs.report.held_out import HeldOut
from torso.runs.report.patterns import Pattern
from torso.runs.report.report import RunReport, read_epoch
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig, read_config
from torso.tasks import Decision
from torso.training import Epoch, JsonLog
from torso.training.checkpoint import ANEW, Checkpoint, load_state, load_tensors, save_tensors

__all__ = ["FORMAT", "RunFolder", "Written", "read_json", "write_json"]

FORMAT = 1
"""Version of the files' form; files may be added to it without raising it."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run.

    Attributes:
        path: where it lies.
        of_study: True for a run that only a study reads: it holds no examples.
    """

    path: Path
    of_study: bool = False

    # --- while a run is under way

    def check_free(self, *, resume: bool = False, overwrite: bool = False) -> None:
        """Refuse a folder that holds anything but a run, whose run would be lost, or that has none to resume.

        Raises:
            RunError: it holds other files, or a finished or an interrupted run and nobody said `overwrite` or
                `resume`, or no interrupted one to resume; or another training is under way.
        """
        check_not_locked(self.path)
        stage, name = self.stage, repr(str(self.path))
        check_place(self.path, stage, self.checkpoint)
        begun = stage in (Stage.UNDER_WAY, Stage.RESUMABLE) and self.checkpoint.exists
        if begun and not overwrite and not self.checkpoint.noted():
            raise RunError(
                f"{name} holds an interrupted run of an earlier version, which did not note the rows that it learnt "
                f"from: it cannot go on. {ANEW}"
            )
        if resume:
            if not begun and stage in (Stage.RESUMABLE, Stage.FINISHED):
                raise RunError(f"The run in {name} is finished: there is nothing to resume.")
            if not begun:
                raise RunError(
                    f"{name} holds no interrupted run: there is nothing to resume. Start without --resume."
                )
        elif begun and not overwrite:
            raise holds_interrupted(self.path)
        elif not overwrite:
            check_unfinished(self.path, stage)

    @property
    def stage(self) -> Stage:
        """The stage that the run has reached."""
        return stage_of(self.path, self.checkpoint)

    @property
    def checkpoint(self) -> Checkpoint:
        """The state of an unfinished training."""
        return Checkpoint(self.path / "checkpoint")

    @contextmanager
    def made(self) -> Iterator[None]:
        """Make the folder and lock it; if the block fails before the first epoch, leave it as it was."""
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        fresh = self.stage is Stage.EMPTY
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path):
            try:
                yield
            except BaseException:
                if fresh:
                    unmake(new, self.path)
                raise

    def begin(self, config: RunConfig, *, resume: bool) -> JsonLog:
        """Write the config and return the log; unless resumed, remove an earlier run."""
        if not resume:
            self.checkpoint.clear()  # first: it belongs to the config that is still there
            mark(self.path, Stage.UNDER_WAY)
            clear_results(self.path)
            clear_search(self.path)
            clear_studies(self.path)
            clear_beside(self.path)
        if self.stage is Stage.UNDER_WAY:  # a whole run keeps its config until all is new
            self._write_config(config)
        return JsonLog(self.path / "log.jsonl", fresh=not resume)

    def begun_config(self) -> dict[str, object]:
        """Return the config's values of the training that was interrupted.

        Raises:
            RunError: they cannot be read.
        """
        try:
            values = read_mapping(str(self.checkpoint.noted()["config"]))
        except (KeyError, yaml.YAMLError) as error:
            raise RunError(f"{self.checkpoint.folder} is damaged: {error!r}. {ANEW}") from None
        return dict(values)

    # --- all files at once

    def save(self, run: Written) -> None:
        """Write a run that is whole. Written over itself, it can go on as before.

        Raises:
            RunError: the folder holds other files than a run's.
        """
        stage = self.stage
        check_place(self.path, stage, self.checkpoint)
        same = run.folder is not None and run.folder.resolve() == self.path.resolve()
        if not same:
            (self.path / "log.jsonl").unlink(missing_ok=True)
            copy_examples(run.folder, self.path)
        self.write(run, resumable=same and stage is Stage.RESUMABLE)

    def write(self, run: Written, *, resumable: bool = False) -> None:
        """Write a whole run; `resumable` keeps its checkpoint.

        A kill in between leaves a folder that says so, from whose checkpoint the training goes on.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        mark(self.path, Stage.UNDER_WAY)
        self._write_config(run.config, _remarks(run.report.notes))
        described = {"format": FORMAT, "torso": __version__}
        write_json(
            self.path / "schema.json",
            {**described, "inputs": run.config.inputs, "targets": run.config.targets},
        )
        for name, content in run.schema.state().items():
            write_json(self.path / f"{name}.json", content)
        write_json(self.path / "metrics.json", run.report.to_dict())
        lines = [json_text(asdict(cell)) + "\n" for cell in run.skipped]
        write_whole(self.path / "skipped.jsonl", "".join(lines))
        if run.split is None:
            (self.path / "split.parquet").unlink(missing_ok=True)
        else:
            run.split.write(self.path / "split.parquet")
        write_plain(self.path, run.plain)
        self._write_decisions(run.decisions)
        write_held_out(self.path, run.held_out)
        save_tensors(self.path / "model.safetensors", run.model.state_dict())
        write_whole(self.path / "MODEL_CARD.md", model_card(run, self.path.resolve().name))
        mark(self.path, Stage.RESUMABLE if resumable else Stage.FINISHED)
        if not resumable:
            self.checkpoint.clear()

    def _write_decisions(self, decisions: Mapping[str, Decision]) -> None:
        if not decisions:
            (self.path / "decisions.json").unlink(missing_ok=True)
            return
        saved = {task: decision.to_dict() for task, decision in decisions.items()}
        write_json(self.path / "decisions.json", saved)

    def _write_config(self, config: RunConfig, remarks: str = "") -> None:
        write_whole(self.path / "run.yaml", remarks + config.to_yaml())

    # --- reading

    def examples(self) -> Examples | None:
        """Return rows that the run offers to whoever tries it; None without any."""
        return read_examples(self.path)

    def config(self) -> RunConfig:
        """Return the checked config."""
        file = self.path / "run.yaml"
        return RunConfig.parse(read_config(file), str(file))

    def schema(self) -> Schema:
        """Return the fitted schema.

        Raises:
            RunError: the folder is no run, is damaged, or was written by a newer version.
        """
        if self.stage is Stage.UNDER_WAY:
            cure = "Train again."
            if self.checkpoint.exists:
                cure = (
                    f"Go on with it: torso fit --resume -o {quote(str(self.path))} (resume=True)."
                )
            raise RunError(
                f"{str(self.path)!r} is not a finished run: it is under way, or ended before all was written. {cure}"
            )
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
        except DAMAGED as error:
            raise RunError(f"{self.path / 'metrics.json'} is damaged: {error!r}.") from None

    def certified_report(self) -> RunReport:
        """Return the results, with the patterns of gaps that `torso certificate` has made and judged since."""
        report = self.report()
        study = self.path / STUDIES / "certificate.json"
        if not study.exists():
            return report
        try:
            saved = [Pattern.from_dict(each) for each in read_json(study)["result"]["patterns"]]
        except DAMAGED as error:
            raise RunError(f"{study} is damaged: {error!r}.") from None
        made = [pattern for pattern in saved if pattern.made and pattern not in report.patterns]
        return replace(report, patterns=(*report.patterns, *made))

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
        except DAMAGED as error:
            raise RunError(f"{file} is damaged: {error}.") from None

    def held_out(
        self, baselines: Mapping[str, Mapping[str, object]] | None = None
    ) -> HeldOut | None:
        """Return the answers to the rows that the report is about; None if an earlier version wrote the run.

        Args:
            baselines: those of the report, where that was read before.
        """
        return read_held_out(self.path, self.report().baselines if baselines is None else baselines)

    def keep_held_out(self, held_out: HeldOut) -> None:
        """Write the answers to the held-out rows of a run that an earlier version wrote."""
        write_held_out(self.path, held_out)

    def write_study(self, name: str, result: Mapping[str, object], command: str = "") -> Path:
        """Write the result of a study of the run as `studies/NAME.json`, and return the file."""
        return write_study(self.path, name, result, command)

    def studies(self, damaged: list[str] | None = None) -> dict[str, Json]:
        """Return study -> `torso` (version), `command` and `result`; damaged ones are refused, or told to a list."""
        return read_studies(self.path, damaged)

    def load_weights(self, model: nn.Module) -> None:
        """Put the weights into an untrained model."""
        load_state(model, load_tensors(self.path / "model.safetensors"), self.path)

    def decisions(self) -> dict[str, Decision]:
        """Return task -> thresholds that its answers go by; none if the run has none."""
        file = self.path / "decisions.json"
        if not file.exists():
            return {}
        try:
            return {task: Decision(**own) for task, own in read_json(file).items()}
        except (TypeError, AttributeError) as error:
            raise RunError(f"{file} is damaged: {error!r}.") from None

    def plain(self, schema: Schema) -> PlainHalf | None:
        """Return the plain models; None if the run has none."""
        return read_plain(self.path, schema)

    def logged(self) -> tuple[list[Epoch], list[str]]:
        """Return the epochs and the notes in the log."""
        file = self.path / "log.jsonl"
        lines = (
            file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
        )
        epochs, notes = [], []
        for line in lines:
            with suppress(*DAMAGED):  # a kill may have cut the last line
                event = json.loads(line)
                if event["event"] == "epoch":
                    epochs.append(read_epoch(event))
                elif event["event"] == "note":
                    notes.append(event["message"])
        return epochs, notes


def _remarks(notes: Sequence[str]) -> str:
    """Return the notes on encoders that were chosen, as a comment of YAML."""
    kept = [" ".join(note.split()) for note in notes if note.startswith("Pretrained encoders")]
    return "".join(f"# {note}\n" for note in kept)
