"""From a folder on disk to a run: the half of `torso.load` that needs torch."""

from __future__ import annotations

from contextlib import nullcontext
from os import PathLike
from pathlib import Path

from torso.core.errors import ConfigError, RunError, TorsoError
from torso.core.hub import no_downloads, snapshot_of
from torso.core.registry import no_imports
from torso.runs.build import trained_model
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stage import check_written
from torso.runs.predicting.edited import DAMAGE
from torso.runs.predicting.predictor import Predictor
from torso.training import choose_device

__all__ = ["load"]


def load(
    folder: str | Path, *, device: str = "auto", trust_code: bool = False, strict: bool = False
) -> Predictor:
    """Open a saved run.

    Args:
        folder: what `fit` or `Predictor.save` wrote, here or elsewhere; or a repository in the cache of the hub.
        device: `auto`, `cpu`, `cuda`, ...
        trust_code: import parts that the run names by an import path. Nothing else in a run can make code run.
        strict: refuse tables that lack an input, and cells that cannot be read, instead of counting them as missing.

    Raises:
        RunError: the folder is no run, is damaged, or was written by a newer version.
    """
    if not isinstance(folder, str | PathLike):
        raise ConfigError(
            f"`folder` should be a path: that of a run, which `fit(..., out=FOLDER)` wrote. Found {type(folder).__name__}."
        )
    path = snapshot_of(Path(folder).expanduser())
    try:
        with no_downloads(), nullcontext() if trust_code else no_imports():
            run = _opened(path, device, strict=strict)
    except TorsoError:
        raise
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error}.") from error
    except (*DAMAGE, MemoryError) as error:
        raise RunError(
            f"{path} is damaged, or was edited so that it describes no run: {type(error).__name__}: {error!s:.300}."
        ) from error
    check_written(path)
    return run


def _opened(path: Path, device: str, *, strict: bool) -> Predictor:
    files = RunFolder(path)
    schema = files.schema()
    config = files.config()
    model = trained_model(files, config, schema)
    report = files.certified_report()
    return Predictor(
        config,
        schema,
        model.to(choose_device(device)),
        report,
        folder=path,
        split=files.split(),
        skipped=files.skipped(),
        plain=files.plain(schema),
        decisions=files.decisions(),
        held_out=files.held_out(report.baselines),
        strict=strict,
    )
