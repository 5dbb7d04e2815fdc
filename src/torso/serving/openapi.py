"""OpenAPI of a run: its routes, with the run's own columns, and examples that it has answered."""

from __future__ import annotations

from torso._version import __version__
from torso.serving.refusals import STATUS
from torso.serving.values import Json

__all__ = ["openapi"]

_TABLES = (
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.file",
    "application/vnd.apache.arrow.stream",
)


def openapi(about: Json, row: Json, answer: Json, *, base: str = "", token: bool = False) -> Json:
    """Return the description of a run's routes in OpenAPI 3.1.

    Args:
        about: what `GET /schema` says.
        row: an example, as a request sends it.
        answer: the answer to it.
        base: of the run's routes.
        token: requests must bear a token.
    """
    schema = {name: own for name, own in about["json_schema"].items() if name[0] != "$"}
    request = {"oneOf": [_with_row(each) for each in schema["oneOf"]]}
    policy = _parameter("unreadable", "Fate of a cell that cannot be read.", ["refuse", "missing"])
    tasks = {**_parameter("tasks", "Tasks to explain, separated by commas; all by default.")}
    keep = _parameter("keep", "A column to carry over. Repeatable.")
    paths = {
        f"{base}/predict": _post("Answer rows.", _json(request, row), [policy], _of_rows(answer)),
        f"{base}/explain": _post(
            "Explain the answers to a row.", _json(request, row), [tasks], _plain("Shares by task.")
        ),
        f"{base}/predict/table": _post(
            "Answer a table, in its format or that of Accept.",
            {media: {"schema": {"type": "string", "format": "binary"}} for media in _TABLES},
            [keep, policy],
            {
                "200": {
                    "description": "The answers, a row for each.",
                    "content": {media: {} for media in _TABLES},
                }
            },
        ),
        f"{base}/schema": _get("Inputs, tasks, certificates and limits."),
        f"{base}/examples": _get("Rows to try."),
        "/runs": _get("The runs of this server."),
        "/health": _get("The process lives.", free=True),
        "/ready": _get("New requests are welcome.", free=True),
        "/metrics": _get("Figures for Prometheus."),
    }
    whole: Json = {
        "openapi": "3.1.0",
        "info": {"title": about["run"]["name"], "version": about["run"]["version"]},
        "paths": paths,
        "components": {"schemas": {"row": about["json_schema"]["$defs"]["row"], "error": _ERROR}},
        "x-torso": __version__,
    }
    if token:
        whole["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        whole["security"] = [{"token": []}]
    return whole


_ERROR: Json = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "enum": list(STATUS)},
        "message": {"type": "string"},
        "cure": {"type": "string"},
        "row": {"type": "integer"},
        "column": {"type": "string"},
        "request_id": {"type": "string"},
    },
    "required": ["code", "message", "request_id"],
}
_REFUSED = {
    str(status): {
        "description": ", ".join(code for code, own in STATUS.items() if own == status),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}},
    }
    for status in sorted(set(STATUS.values()))
}


def _with_row(form: Json) -> Json:
    """Return a form of the body whose rows are the component of that name."""
    component = {"$ref": "#/components/schemas/row"}
    (name,) = form["required"]
    own = component if name == "row" else {**form["properties"][name], "items": component}
    return {**form, "properties": {name: own}}


def _json(request: Json, row: Json) -> Json:
    example = {"one row": {"value": {"row": row}}, "two rows": {"value": {"rows": [row, {}]}}}
    form = {"type": "object", "description": "A part per column; files as files."}
    return {
        "application/json": {"schema": request, "examples": example},
        "multipart/form-data": {"schema": form},
    }


def _parameter(name: str, about: str, values: list[str] | None = None) -> Json:
    schema: Json = {"type": "string"} if values is None else {"type": "string", "enum": values}
    return {"name": name, "in": "query", "description": about, "schema": schema}


def _post(summary: str, content: Json, parameters: list[Json], answered: Json) -> Json:
    return {
        "post": {
            "summary": summary,
            "parameters": parameters,
            "requestBody": {"required": True, "content": content},
            "responses": {**answered, **_REFUSED},
        }
    }


def _of_rows(answer: Json) -> Json:
    example = {"request_id": "1", "answers": [answer], "notes": []}
    return {
        "200": {
            "description": "An answer for each row.",
            "content": {"application/json": {"example": example}},
        }
    }


def _plain(about: str) -> Json:
    return {"200": {"description": about, "content": {"application/json": {}}}}


def _get(summary: str, *, free: bool = False) -> Json:
    own: Json = {"summary": summary, "responses": _plain(summary)}
    return {"get": {**own, "security": []} if free else own}
