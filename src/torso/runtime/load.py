"""`torso.load`: from a run's folder, or from the file of an exported model, to answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from os import PathLike
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeVar, cast

from torso.core.errors import ConfigError, RunError, TorsoError
from torso.core.optional import require_training
from torso.core.registry import no_imports
from torso.core.whole_files import Json
from torso.runs.folder.json_files import read_json
from torso.runtime.container import Exported, opened, run_digest

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor
    from torso.runs.report.answer_references import AnswerReference
    from torso.runs.schema.schema import Schema
    from torso.runtime.predictor import OnnxPredictor

__all__ = ["check_run", "is_export", "load"]

Part = TypeVar("Part")

ENDING = ".onnx"
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""Errors for a description that is JSON, but not of the form."""


def is_export(path: str | Path) -> bool:
    """Return whether a path is meant as that of an exported model: by its ending."""
    return Path(path).suffix.lower() == ENDING


def load(
    folder: str | Path, *, device: str = "auto", trust_code: bool = False, strict: bool = False
) -> Predictor:
    """Open a saved run, or an exported model.

    >>> import tempfile
    >>> import numpy as np, torso
    >>> draw = np.random.default_rng(0)
    >>> size = draw.normal(size=80)
    >>> table = {"size": size, "price": size + draw.normal(size=80)}
    >>> folder, small = tempfile.mkdtemp(), {"training.epochs": 1, "dim": 8}
    >>> run = torso.fit(table, ["price"], quality="fast", settings=small, out=folder)
    >>> torso.load(folder).predict(table).equals(run.predict(table))
    True

    Args:
        folder: what `fit` or `Predictor.save` wrote, here or elsewhere; or the file, `.onnx`, that `torso export` wrote,
            which needs no torch.
        device: `auto`, `cpu`, `cuda`, ...; an exported model computes on the CPU.
        trust_code: import parts that the run names by an import path. Nothing else in a run can make code run.
        strict: refuse tables that lack an input, and cells that cannot be read, instead of counting them as missing.

    Raises:
        RunError: the folder is no run, the file no export, either is damaged, or was written by a newer version.
        MissingDependency: torch, which a run needs, or ONNX Runtime, which an export needs, is absent.
    """
    if isinstance(folder, str | PathLike) and is_export(path := Path(folder).expanduser()):
        if device not in ("auto", "cpu"):
            raise ConfigError(
                f"`device` of an exported model should be auto or cpu. Found {device!r}."
            )
        exported = _predictor(opened(path), path, trust_code=trust_code, strict=strict)
        # Typed as a run, which nearly everyone opens: all that an export lacks says so when asked.
        return cast("Predictor", exported)
    require_training("A run (an export of it, model.onnx, does not)")
    from torso.runs.predicting.load import load as load_run

    return load_run(folder, device=device, trust_code=trust_code, strict=strict)


def check_run(path: Path, folder: Path | None) -> None:
    """Refuse an export of another run than that in a folder; None: any is right.

    Args:
        path: of the exported model.
        folder: of the run.

    Raises:
        RunError: it is of another, or of the same before it was trained again.
    """
    if folder is None:
        return
    read_json(folder.expanduser() / "schema.json")  # there is a run
    run = _read(opened(path.expanduser()), "run", _run)
    if run_digest(folder.expanduser()) != run["digest"]:
        raise RunError(
            f"{str(path)!r} is no export of {str(folder)!r}, but of a run named {run['name']!r}, or of this one before it was "
            f"trained again. Export it: torso export {quote(str(folder))} -o {quote(str(path))} --overwrite"
        )


def _run(saved: Json) -> dict[str, str]:
    return {key: str(saved[key]) for key in ("name", "digest")}


def _predictor(exported: Exported, path: Path, *, trust_code: bool, strict: bool) -> OnnxPredictor:
    """Return the predictor of an exported model, whose description may be of any form."""
    from torso.runs.report.report import RunReport
    from torso.runs.settings.config import RunConfig
    from torso.runtime.flat_inputs import FlatInputs
    from torso.runtime.graph import Graph
    from torso.runtime.ports import Ports
    from torso.runtime.predictor import OnnxPredictor
    from torso.tasks import Decision

    told = exported.description
    with nullcontext() if trust_code else no_imports():
        schema = _read(exported, "schema", _schema)
        config = _read(exported, "config", lambda values: RunConfig.parse(values, exported.name))
    flat = None
    if told.get("plain") is not None:
        arrays = exported.arrays
        flat = _read(exported, "plain", lambda state: FlatInputs.restore(schema, state, arrays))
    answers = {}
    if told.get("answers") is not None:  # absent in files of earlier versions
        answers = _read(exported, "answers", _answer_references)
    outputs = _read(exported, "outputs", dict)
    ports = _read(exported, "inputs", lambda inputs: Ports.of(inputs, outputs, schema))
    graph = Graph(exported)
    known = {name for name, port in ports.inputs.items() if port.modality}
    graph.check(known | {*(FlatInputs.NAMES if flat else ())}, ports.outputs)
    return OnnxPredictor(
        config,
        schema,
        _read(exported, "report", RunReport.from_dict),
        graph,
        ports,
        flat=flat,
        run=_read(exported, "run", _run),
        folder=path,
        strict=strict,
        decisions=_read(
            exported,
            "decisions",
            lambda all_tasks: {task: Decision(**own) for task, own in all_tasks.items()},
        ),
        answer_references=answers,
    )


def _answer_references(saved: Json) -> dict[str, AnswerReference]:
    from torso.runs.report.answer_references import AnswerReference

    return {task: AnswerReference.from_dict(own) for task, own in saved.items()}


def _schema(saved: Json) -> Schema:
    from torso.runs.schema.schema import Schema

    schema = Schema(saved["inputs"], saved["targets"])
    schema.restore({"vocabulary": saved["vocabulary"], "statistics": saved["statistics"]})
    return schema


def _read(exported: Exported, key: str, read: Callable[[Json], Part]) -> Part:
    """Return a part of the description as its class reads it.

    Raises:
        RunError: it is not of the form.
    """
    try:
        return read(exported.description[key])
    except TorsoError:
        raise
    except _WRONG as error:
        raise RunError(
            f"{exported.name!r} is damaged: {key!r} in its description: {error!r:.120}. Export the run again: "
            "torso export RUN -o model.onnx"
        ) from None
