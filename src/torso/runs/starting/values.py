"""Values of a config that a fit takes from the run it starts from. No torch: slips are answered before it is loaded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

from torso.core.errors import RunError
from torso.core.spec import Settings
from torso.runs.settings.config import read_config
from torso.runs.settings.described import Raw
from torso.runs.settings.paths import setting_pairs
from torso.runs.settings.rooms import registry_of

__all__ = ["known_inputs", "named_run", "run_folder", "those_of", "values_of_run"]

_PARTS = ("dim", "encoders", "fusion", "sharing", "missing", "sizes", "modality_heads")
"""Keys of the config that give weights their shape."""


def named_run(
    config: Mapping[str, object], settings: Sequence[str] | Mapping[str, object]
) -> str | None:
    """Return the run that a fit starts from by settings, or else by its config; None without any."""
    start = config.get("start")
    run = start.get("run") if isinstance(start, Mapping) else None
    if isinstance(settings, Mapping):
        said = [*settings.items()]
    else:  # the others are read with the table's columns at hand
        said = setting_pairs([text for text in settings if text.lstrip().startswith("start")])
    for path, value in said:
        if path in ("start", "start.run"):
            run = value.get("run") if isinstance(value, Mapping) else value
    return None if run is None else str(run)


def run_folder(run: str, origin: object = None) -> Path:
    """Return the folder of a finished run.

    Args:
        run: the folder, from here or from where the config lies.
        origin: the config's path, or anything else.

    Raises:
        RunError: there is none.
    """
    folder = Path(run).expanduser()
    if not folder.exists() and isinstance(origin, str | Path):
        beside = Path(origin).parent / folder
        folder = beside if beside.exists() else folder
    if folder.is_file() and (folder.parent / "schema.json").is_file():
        raise RunError(
            f"`start.run` should be the folder of a finished run. Found the file {run!r}: name {str(folder.parent)!r}."
        )
    if not (folder / "run.yaml").is_file() or not (folder / "model.safetensors").is_file():
        holds = "which holds no finished run" if folder.exists() else "which does not exist"
        raise RunError(
            f"`start.run` should be the folder of a finished run, such as `torso fit -o` writes. Found {run!r}, {holds}."
            + _others(folder)
        )
    return folder


def values_of_run(folder: Path, targets: Collection[str] | None) -> Raw:
    """Return columns, parts and words that mean missing, as a run had them, for a config that leaves them open.

    How it was trained is not taken over: rows may be more or fewer now.

    Args:
        folder: of the run.
        targets: of the fit; None for those of the run.
    """
    held = read_config(folder / "run.yaml")
    values: Raw = {key: held[key] for key in ("inputs", *_PARTS) if key in held}
    for section in ("targets", "heads"):
        own = cast("Mapping[str, object]", held.get(section) or {})
        values[section] = {
            name: spec for name, spec in own.items() if targets is None or name in targets
        }
    words = cast("Mapping[str, object]", held.get("data") or {}).get("missing")
    return {**values, "data": {"missing": words}} if words else values


def those_of(targets: Mapping[str, Settings], columns: Collection[str]) -> dict[str, Settings]:
    """Return the targets of a run for which a table may have labels.

    Args:
        targets: task -> its settings.
        columns: names of the table's.
    """
    return {
        name: spec
        for name, spec in targets.items()
        if spec.get("column", name) in columns
        or registry_of("targets").find(str(spec["kind"])).free
    }


def known_inputs(values: Settings, origin: object) -> set[str]:
    """Return the inputs of the run that raw values start from, which a table may lack; empty without any."""
    run = named_run(values, ())
    if run is None:
        return set()
    inputs = read_config(run_folder(run, origin) / "run.yaml").get("inputs")
    return {*inputs} if isinstance(inputs, Mapping) else set()


def _others(folder: Path) -> str:
    """Return the runs beside or inside a folder that is none, as advice; empty without any."""
    near = [folder, folder.parent]
    runs = [str(file.parent) for place in near for file in sorted(place.glob("*/run.yaml"))]
    return f" Runs near it: {', '.join(runs[:5])}." if runs else ""
