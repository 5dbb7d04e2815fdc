"""All that the pages show of a run, read from its folder once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torso.core.errors import ConfigError
from torso.core.yaml_text import read_mapping
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.json_files import Json
from torso.runs.folder.logged_looks import read_looks
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.schema.schema import Schema
from torso.training import Look

__all__ = ["Material", "material_of", "named_apart"]


@dataclass(frozen=True)
class Material:
    """A run as it is shown.

    Attributes:
        name: of the run, told apart from others on the page.
        folder: where it lies; None if in memory.
        report: its results.
        schema: kinds of its columns.
        config: content of `run.yaml`.
        config_text: the same as YAML.
        looks: the balancer's looks at the tasks' gradients, from the log.
        split: parts of its table; None if an earlier version wrote the run.
        held_out: answers to the rows that the report is about; None if an earlier version wrote the run.
        studies: name -> content of a study that was made of the run.
        notes: on damaged studies.
        colour: number of its colour, from 1.
    """

    name: str
    folder: Path | None
    report: RunReport
    schema: Schema
    config: Json
    config_text: str
    looks: Sequence[Look] = ()
    split: StoredSplit | None = None
    held_out: HeldOut | None = None
    studies: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    colour: int = 1

    @property
    def table(self) -> str | None:
        """Path of the table that it was fitted on, where the config has it."""
        table = self.config.get("data", {}).get("table")
        return table if isinstance(table, str) else None


def material_of(run: str | Path | Predictor) -> Material:
    """Return the content of a folder, or of an open run.

    Raises:
        ConfigError: `run` is neither.
        RunError: the folder is no finished run, or is damaged.
    """
    if isinstance(run, Predictor):
        if run.folder is not None:
            return _read(run.folder)
        return _in_memory(run)
    if not isinstance(run, str | Path):
        raise ConfigError(
            f"`runs` should hold folders of runs, or open ones. Found {type(run).__name__}. Say: "
            'torso.write_report("my-run", "report.html").'
        )
    return _read(Path(run).expanduser())


def _in_memory(run: Predictor) -> Material:
    text = run.config.to_yaml()
    return Material("run", None, run.report, run.schema, read_mapping(text), text, split=run.split)


def _read(path: Path) -> Material:
    folder = RunFolder(path)
    schema, report = folder.schema(), folder.report()
    folder.config()  # says what is wrong with the file
    text = (path / "run.yaml").read_text(encoding="utf-8")
    damaged: list[str] = []
    studies = {name: study["result"] for name, study in folder.studies(damaged).items()}
    return Material(
        path.resolve().name,
        path,
        report,
        schema,
        read_mapping(text),
        text,
        read_looks(path / "log.jsonl"),
        folder.split(),
        folder.held_out(report.baselines),
        studies,
        notes=tuple(damaged),
    )


def named_apart(names: Sequence[str], paths: Sequence[Path | None]) -> list[str]:
    """Return names that differ: those that are equal get their parent folder's name before them, or a number.

    >>> named_apart(["run", "run"], [Path("a/run"), Path("b/run")])
    ['a/run', 'b/run']
    """
    longer = [
        f"{path.resolve().parent.name}/{name}" if path and names.count(name) > 1 else name
        for name, path in zip(names, paths, strict=True)
    ]
    return [
        f"{name} ({longer[: number + 1].count(name)})" if longer.count(name) > 1 else name
        for number, name in enumerate(longer)
    ]
