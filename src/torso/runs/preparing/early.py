"""Slips that are answered before torch is imported: files, names of columns, folders.

Importing torch takes two seconds. Whoever reads the table for good checks all of it again.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from torso.columns.inputs import Input, MediaInput
from torso.core.errors import ConfigError, DataError, RunError, unknown
from torso.core.optional import require_training
from torso.core.spec import Settings
from torso.runs.folder.json_files import read_json
from torso.runs.folder.stage import Stage, check_unfinished, holds_interrupted, marked_stage
from torso.runs.preparing.gather import NO_TABLE, found_beside
from torso.runs.schema.columns import check_known, check_one_side
from torso.runs.settings.check import check_values
from torso.runs.settings.described import described
from torso.runs.settings.paths import no_reader
from torso.runs.settings.rooms import registry_of
from torso.runs.starting.values import known_inputs
from torso.tables.databases import Address, is_address
from torso.tables.formats.files import check_readable
from torso.tables.names import settled_names
from torso.tables.peek import column_names
from torso.tables.table import read_table

__all__ = ["check_answering", "check_fit", "check_free_folder"]

_QUICK_BYTES = 1 << 20
"""Size of a table up to which it is read, not only its first line."""
_OF_SPLIT = ("group", "stratify", "column")


def check_fit(values: Settings, origin: object) -> None:
    """Refuse a config whose names are wrong, or whose table is absent or lacks its columns.

    Args:
        values: raw, as `gather_values` returns them.
        origin: the config's file, which the table may lie beside.

    Raises:
        ConfigError: no table, an unknown key, part, or column, or a column that is input and target.
        DataError: no such table, or an empty one.
        MissingDependency: torch is absent.
    """
    require_training("Learning")
    config = check_values(values, trial=False)
    _check_device(config.training.device)
    data = config.data
    if data.table is None:
        raise ConfigError(NO_TABLE)
    if is_address(data.table):
        Address.parse(data.table)
        return  # a query may take long, and is asked once
    path = Path(found_beside(data.table, origin)).expanduser()
    if path.exists() and not path.is_file() and not path.is_dir():
        return  # a pipe can be read only once
    _check_no_run(path)
    check_readable(path)
    if path.is_file() and path.stat().st_size <= _QUICK_BYTES:
        names = read_table(path, missing=data.missing, settings=data.text).names
    else:
        names = settled_names(column_names(path), path.name)[0] if column_names(path) else []
    if names:
        _check_columns(values, names, path.name, known_inputs(values, origin))


def _check_device(name: str) -> None:
    """Refuse CUDA where a build of torch without it is installed; its version says so."""
    try:
        build = version("torch")
    except PackageNotFoundError:
        return
    if name.startswith("cuda") and build.endswith("+cpu"):
        raise ConfigError(
            f"`training.device` should be a device that torch {build}, as installed, was built for. Found {name}. "
            "Default: training.device=auto"
        )


def _check_no_run(path: Path) -> None:
    """Refuse a run or its config in the place of a table, with the command that takes it."""
    config = path / "run.yaml" if (path / "run.yaml").is_file() else path
    if config.is_file() and config.suffix.lower() in (".yaml", ".yml"):
        kind = "a config" if config == path else "the folder of a run"
        raise DataError(
            f"{path} is {kind}, not a table. To fit anew by it: torso fit -c {shlex.quote(str(config))}"
        )


def _check_columns(
    values: Settings, names: list[str], table: str, may_lack: Collection[str]
) -> None:
    targets, inputs = (described(values.get(side), side) for side in ("targets", "inputs"))
    check_known(targets, names, table, "target")
    read = {name: spec for name, spec in inputs.items() if name not in may_lack}
    check_known(read, names, table, "input")
    check_one_side([name for name in inputs if inputs[name] is not None], targets)
    split = values.get("data", {}).get("split") or {}
    shared = {part.modality for _, part in registry_of("inputs").items() if part.modality}
    shared |= {str(spec["modality"]) for spec in inputs.values() if spec and "modality" in spec}
    owners = [name for name in names if name not in targets]
    for modality in values.get("encoders") or {}:
        if modality not in (*names, *shared):
            raise no_reader("encoders", modality, [*owners, *shared])
    for column in (split.get(key) for key in _OF_SPLIT):
        if isinstance(column, str) and column not in names:
            raise DataError(f"{table}: {unknown('column', column, names)}")


def check_free_folder(folder: Path) -> None:
    """Refuse the folder of a finished or an interrupted run, or a file.

    Raises:
        RunError: the run would be lost.
    """
    if folder.is_file():
        raise RunError(f"{str(folder)!r} is a file. Choose a folder for the run.")
    stage = marked_stage(folder)
    places = (folder / f"checkpoint{ending}" / "progress.json" for ending in ("", ".old"))
    if stage in (Stage.UNDER_WAY, Stage.RESUMABLE) and any(place.is_file() for place in places):
        raise holds_interrupted(folder)
    if stage is not None:
        check_unfinished(folder, stage)


def check_answering(run: Path, *tables: str) -> None:
    """Refuse a run or a table that is not there, or each in the other's place; of several files, all.

    Raises:
        RunError: `run` is none.
        DataError: `table` cannot be read.
    """
    for table in tables:
        if is_address(table):
            Address.parse(table)
    paths = [Path(table).expanduser() for table in tables if not is_address(table)]
    if paths and run.is_file() and (paths[0] / "schema.json").exists():
        raise RunError(
            f"The run comes first, then the table. Found {str(run)!r}, a file, and {tables[0]!r}, a run. "
            f"Swap them: {tables[0]} {run}"
        )
    schema = read_json(run.expanduser() / "schema.json")
    require_training("A run (an export of it, model.onnx, does not)")
    endings = _endings(schema)
    for path in paths:
        own = path.suffix.lower() in (*endings, *([".zip"] if endings else []))
        if not path.exists() or (path.is_file() and not own):
            check_readable(path)


def _endings(schema: Settings) -> set[str]:
    """Return the endings of the files that a run reads, in small letters."""
    kinds = [str(spec.get("kind")) for spec in schema.get("inputs", {}).values()]
    known = [Input.registry.find(kind) for kind in kinds if kind in Input.registry]
    return {ending for kind in known if issubclass(kind, MediaInput) for ending in kind.endings}
