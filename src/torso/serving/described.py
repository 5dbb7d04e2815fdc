"""A run described to clients: its inputs and tasks, JSON Schema of a request, and OpenAPI with examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torso._version import __version__
from torso.serving.cells import cell_of
from torso.serving.certificates import headline
from torso.serving.settings import ServeSettings
from torso.serving.values import Json, Kind
from torso.serving.version import Version

__all__ = ["described", "input_of", "request_schema"]


_VALUES = 200  # of a category that are listed
_MEDIA = {
    "image": ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"],
    "audio": ["audio/wav", "audio/flac", "audio/ogg", "audio/mpeg", "audio/aiff"],
    "video": ["video/mp4", "video/webm", "video/quicktime"],
}


def described(version: Version, settings: ServeSettings, examples: int) -> Json:
    """Return the description of a run for its clients.

    Args:
        version: of the run.
        settings: of the server.
        examples: rows that the server has.
    """
    limits = settings.limits
    owners = {column: name for name, own in version.modalities.items() for column in own}
    return {
        "run": {**version.said(), "torso": __version__, "kind": version.format},
        "inputs": [input_of(name, kind, owners[name]) for name, kind in version.inputs.items()],
        "tasks": [_task(version, name) for name in version.kinds],
        "modalities": version.modalities,
        "certificates": version.certificates.all(),
        "limits": {
            "body_bytes": limits.body_bytes,
            "table_bytes": limits.table_bytes,
            "rows": limits.rows,
            "file_bytes": limits.file_bytes,
            "pixels": limits.pixels,
            "seconds_of_sound": limits.seconds_of_sound,
            "seconds_of_video": limits.seconds_of_video,
            "explain_seconds": settings.times.explain,
        },
        "explain": version.explains,
        "json_schema": request_schema(version.inputs, limits.rows),
        "examples": examples,
    }


def input_of(name: str, kind: Kind, modality: str) -> Json:
    """Return an input as a client should fill it."""
    cell = cell_of(kind)
    about: Json = {"name": name, "kind": kind.name, "modality": modality, "send": cell.send}
    if cell.send == "file":
        about["media"] = _MEDIA.get(kind.name, [])
    elif kind.name == "number" and kind.mean:
        low, middle, high = (_in_units(kind, share) for share in (0.0, 0.5, 1.0))
        about |= {"low": low, "middle": middle, "high": high}
    elif kind.name in ("category", "binary", "set", "name"):
        values = list(kind.values)
        about |= {"values": values[:_VALUES], "more": max(0, len(values) - _VALUES)}
    elif kind.name == "vector":
        about["length"] = len(kind.mean)
    elif kind.name == "sequence":
        about["width"] = len(kind.mean)
    elif kind.name == "text":
        about["length"] = kind.length
    return about


def _in_units(kind: Kind, share: float) -> float:
    """Return an end or the middle of the training rows' numbers."""
    edges = kind.quantiles[0]
    return float(kind.mean[0] + kind.std[0] * edges[round(share * (len(edges) - 1))])


def _task(version: Version, name: str) -> Json:
    target, report = version.predictor.schema.targets[name], version.predictor.report.tasks
    about: Json = {"name": name, "kind": target.kind}
    for own in ("classes", "labels"):
        values = getattr(target, own, None)
        if isinstance(values, Sequence) and not isinstance(values, str):
            about["classes"] = [str(value) for value in values]
    of = getattr(target, "of", None)
    if of is not None:
        about["of"] = str(of)
    for own in ("picture", "values"):
        numbers = getattr(target, own, None)
        if isinstance(numbers, Sequence) and all(isinstance(each, int | float) for each in numbers):
            about[own] = list(numbers)
    period = getattr(target, "period", None)
    if isinstance(period, float):
        about["period"] = period
    if name in report:
        about["headline"] = headline(report[name])
        if "coverage" in report[name].promised:
            about["promised"] = report[name].promised["coverage"][0]
    return about


def request_schema(inputs: Mapping[str, Kind], most: int) -> Json:
    """Return JSON Schema of the body of `POST /predict`.

    Args:
        inputs: column -> its kind.
        most: rows of a request.
    """
    row = {
        "type": "object",
        "description": "Column -> cell. A column that is left out, or null, counts as missing.",
        "properties": {name: cell_of(kind).schema for name, kind in inputs.items()},
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "oneOf": [
            {
                "type": "object",
                "properties": {"row": {"$ref": "#/$defs/row"}},
                "required": ["row"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {
                    "rows": {
                        "type": "array",
                        "items": {"$ref": "#/$defs/row"},
                        "minItems": 1,
                        "maxItems": most,
                    }
                },
                "required": ["rows"],
                "additionalProperties": False,
            },
        ],
        "$defs": {"row": row},
    }
