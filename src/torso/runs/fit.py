"""`torso.fit`: from a table to a run. Prepares, trains, saves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Literal

from torso.core.errors import ConfigError
from torso.core.listed import check_listed
from torso.progress.watching import Progress, watched
from torso.runs.folder.folder import RunFolder
from torso.runs.identity import check_columns
from torso.runs.predicting.predictor import Predictor
from torso.runs.prepare import prepare_values
from torso.runs.preparing.gather import Gathered, gather_values, trusting
from torso.runs.preparing.keywords import telling_keywords
from torso.runs.processes.several import several
from torso.runs.train import train_run
from torso.training import Listener

__all__ = ["fit"]


@telling_keywords
def fit(
    table: object = None,
    targets: Sequence[str] | Mapping[str, object] = (),
    *,
    inputs: Sequence[str] | Mapping[str, object] | None = None,
    validation: object = None,
    test: object = None,
    out: str | Path | None = None,
    config: str | Path | Mapping[str, object] | None = None,
    settings: Sequence[str] | Mapping[str, object] = (),
    start_from: object = None,
    resume: bool = False,
    overwrite: bool = False,
    trust_code: bool = False,
    quality: Literal["fast", "balanced", "best"] | None = None,
    budget: str | float | None = None,
    processes: int = 1,
    listener: Listener | None = None,
    progress: Progress = "auto",
) -> Predictor:
    """Train one model on a table and return it with its evaluation: `prepare`, `train`, save.

    >>> table = {"size": [k % 17 / 3 for k in range(90)], "price": [k % 17 + k * 7 % 13 / 2 for k in range(90)]}
    >>> list(fit(table, ["price"], quality="fast", settings={"training.epochs": 1}).predict({"size": [0.5]}))
    ['price', 'price_spread', 'price_low', 'price_high']

    Args:
        table: path, pandas or polars frame, anything with the Arrow C stream; None takes that of the config.
        targets: columns to predict; a mapping may say their kinds, `{"age": "number"}`.
        inputs: columns to learn from, likewise; default: all sensible ones.
        validation: a table of its own that decides when to stop; default: that of the config, else a share of the rows.
        test: a table of its own for the verdict in `reports`, likewise; without test rows the validation rows judge.
        out: folder of the run; None keeps the run in memory.
        config: a `run.yaml` or such a mapping, which the other arguments override.
        settings: changes like `["training.epochs=5"]` or `{"training.epochs": 5}`, which win over all.
        start_from: a finished run, or its folder, whose columns, parts and weights the fit goes on from: see docs/runs.md.
        resume: go on with the interrupted training in `out`; tables in memory are given again.
        overwrite: replace a finished run in `out`.
        trust_code: import parts that a config's file, or an earlier run's, names by an import path.
        quality: `fast`, `balanced` or `best`; default: that of the config, else `balanced`.
        budget: time that the run may take, `"10m"` or seconds; default: that of the config, else any.
        processes: that train each network together, with the result of one: see docs/scale.md.
        listener: is told what happens; without one that shows notes, they are warnings (`torso.TorsoWarning`).
        progress: show a bar: `"auto"` in a terminal and in a notebook, True always, False never.

    Raises:
        ConfigError: settings that are unknown or contradictory.
        DataError: the table or its files cannot be used.
        RunError: `out` cannot be used or resumed, or it was interrupted before anything was learnt.
    """
    began, folder = perf_counter(), _free_folder(out, resume=resume, overwrite=overwrite)
    origin, config = _origin(resumed := folder if resume else None, config)
    given = {"table": table, "validation": validation, "test": test}
    said = _with_dial(settings, quality, budget, start_from)
    with trusting(origin, trust_code, said, targets, inputs), watched(listener, progress) as told:
        gathered = _same(resumed, gather_values(given, targets, inputs, config, said))
        with _made(folder), several(processes):  # an unwritable folder fails first
            prepared = prepare_values(gathered, given, origin, told)
            return train_run(prepared, prepared.config, folder, told, resume=resume, began=began)


def _made(folder: RunFolder | None) -> AbstractContextManager[None]:
    return nullcontext() if folder is None else folder.made()


def _origin(
    resumed: RunFolder | None, config: str | Path | Mapping[str, object] | None
) -> tuple[str | Path | Mapping[str, object] | None, str | Path | Mapping[str, object] | None]:
    """Return where the config comes from, and the config: without any, that of the resumed run."""
    if config is not None or resumed is None:
        return config, config
    return resumed.path / "run.yaml", resumed.begun_config()


def _same(resumed: RunFolder | None, gathered: Gathered) -> Gathered:
    """Return the values; a ConfigError if a resumed run began with other columns."""
    if resumed is not None:
        check_columns(resumed.begun_config(), gathered.values, str(resumed.path))
    return gathered


def _with_dial(
    settings: Sequence[str] | Mapping[str, object],
    quality: str | None,
    budget: str | float | None,
    start_from: object,
) -> Sequence[str] | Mapping[str, object]:
    """Return the settings with dial, budget and the run to start from before them."""
    dial = {"quality": quality, "budget": budget, "start.run": _folder_of(start_from)}
    check_listed("settings", settings)
    said = {key: value for key, value in dial.items() if value is not None}
    if isinstance(settings, Mapping):
        return {**said, **settings}
    return [*(f"{key}={json.dumps(value)}" for key, value in said.items()), *settings]


def _folder_of(run: object) -> str | None:
    """Return the folder of a run, or of a run's object."""
    folder = run.folder if isinstance(run, Predictor) else run
    if isinstance(run, Predictor) and folder is None:
        raise ConfigError(
            "`start_from` should be a run that lies in a folder, so that the new one can be repeated. Found one in memory. "
            "Save it first: run.save('runs/first')."
        )
    if not isinstance(folder, str | Path | None):
        raise ConfigError(
            f"`start_from` should be the folder of a finished run, or a run. Found {type(folder).__name__}."
        )
    return None if folder is None else str(folder)


def _free_folder(out: str | Path | None, *, resume: bool, overwrite: bool) -> RunFolder | None:
    if out is None:
        if resume:
            raise ConfigError("`resume` needs `out`, the folder of the interrupted run.")
        return None
    folder = RunFolder(Path(out).expanduser())
    folder.check_free(resume=resume, overwrite=overwrite)
    return folder
