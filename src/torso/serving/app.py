"""The routes of a server, as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from torso.core.errors import unknown
from torso.core.optional import require
from torso.serving.answering import Asked
from torso.serving.bodies import Bodies
from torso.serving.dispatch import Dispatcher
from torso.serving.explaining import Explainer
from torso.serving.forms import only_file, rows_of_form
from torso.serving.front import Front, json_bytes
from torso.serving.languages import translated
from torso.serving.metrics import Metrics
from torso.serving.openapi import openapi
from torso.serving.page_files import page_file
from torso.serving.refusals import Refusal
from torso.serving.rows import Rows, parsed, rows_of, table_of
from torso.serving.sending import sent_file
from torso.serving.served import Opened, Served, ServedRun, check_answer
from torso.serving.settings import ServeSettings
from torso.serving.table_formats import TableFormat, format_of
from torso.serving.tables import TableAsked, Tables
from torso.serving.values import Kind, Message

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Application", "build_app"]

_log = logging.getLogger("torso.serving")
_LARGE = 1 << 16
"""Bytes of a body from which on it is parsed in a thread, so that other requests go on."""

Handler = Callable[..., Awaitable[object]]


class Application:
    """The parts of a server that requests share.

    Args:
        served: the runs.
        settings: of the server.
    """

    def __init__(self, served: Served, settings: ServeSettings) -> None:
        self.served, self.settings = served, settings
        self.bodies = Bodies(settings.limits, settings.times)
        self.metrics = metrics = Metrics(
            served, lambda: self.dispatcher.rows_waiting, lambda: self.bodies.held
        )
        self.dispatcher = Dispatcher(settings, metrics.batch, metrics.answered)
        self.explainer = Explainer(settings.times.explain)
        self.tables = Tables(settings, metrics.answered)
        self.stopping = False
        metrics.refresh()  # so that the first rows are compared with training, too

    # --- answers

    async def predict(self, request: Request) -> Response:
        """Answer rows."""
        run = self.run(request)
        refuse = _policy(request, "refuse") == "refuse"
        self.dispatcher.check()
        with self.dispatcher.coming():
            async with self.bodies.whole(request, self.settings.limits.body_bytes) as body:
                rows = await self.rows(request, body, run.version.inputs)
        version = run.version
        request.scope["facts"] = {"run": run.name, "version": version.digest, "rows": rows.count}
        answered = await self.dispatcher.ask(version, Asked(rows, refuse))
        return _json(
            {
                "request_id": request.scope["request_id"],
                "run": version.said(),
                "answers": answered.answers,
                "notes": [translated(note, request.scope["language"]) for note in answered.notes],
            }
        )

    async def explain(self, request: Request) -> Response:
        """Explain the answers to a row."""
        run = self.run(request)
        version = run.version
        async with self.bodies.whole(request, self.settings.limits.body_bytes) as body:
            rows = await self.rows(request, body, version.inputs)
        request.scope["facts"] = {"run": run.name, "version": version.digest, "rows": rows.count}
        tasks = [task for task in request.query_params.get("tasks", "").split(",") if task]
        for task in tasks:
            if task not in version.kinds:
                raise Refusal("bad_request", f"`tasks`: {unknown('task', task, version.kinds)}")
        explanation = await self.explainer.explain(version, rows, tasks)
        said = {"request_id": request.scope["request_id"], "run": version.said()}
        return _json({**said, **explanation})

    async def predict_table(self, request: Request) -> Response:
        """Answer a table."""
        run = self.run(request)
        refuse = _policy(request, "missing") == "refuse"
        with ExitStack() as stack:
            name = stack.enter_context(TemporaryDirectory(prefix="torso-serve-"))
            with self.tables.turn():
                path, read = await self._received(request, Path(name))
                accepted = request.headers.get("accept", "").partition(",")[0].strip()
                written = format_of(accepted) if accepted not in ("", "*/*") else read
                keep = tuple(request.query_params.getlist("keep"))
                asked = TableAsked(run.version, read, written, keep, refuse)
                answered = await self.tables.answer(path, asked)
            facts = {"run": run.name, "version": run.version.digest, "rows": answered.rows}
            request.scope["facts"] = facts
            return sent_file(
                answered.path, written.media, answered.headers(written), stack.pop_all()
            )

    async def _received(self, request: Request, folder: Path) -> tuple[Path, TableFormat]:
        """Write the table of a request to a folder; return its path and format."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        most = self.settings.limits.table_bytes
        if kind == "multipart/form-data":
            async with self.bodies.whole(request, self.settings.limits.body_bytes) as body:
                name, content = await only_file(request, body)
            read = format_of("", name)
            path = folder / f"table{read.suffix}"
            await asyncio.to_thread(path.write_bytes, content)
            return path, read
        read = format_of(kind)
        path = folder / f"table{read.suffix}"
        async with self.bodies.pieces(request, most, on_disk=True) as pieces:
            with path.open("wb") as file:
                async for piece in pieces:
                    file.write(piece)
        return path, read

    async def rows(self, request: Request, body: bytes, inputs: Mapping[str, Kind]) -> Rows:
        """Return the rows of a body of JSON or of a form."""
        limits = self.settings.limits
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
        if kind == "multipart/form-data":
            sent = await rows_of_form(request, body, inputs, limits)
            return await asyncio.to_thread(table_of, sent, inputs, limits)
        if kind.lower() not in ("application/json", "text/json"):
            raise Refusal(
                "unsupported_media_type",
                f"Content-Type {kind[:80]!r} is not read here.",
                cure="Send application/json or multipart/form-data; tables go to /predict/table.",
            )

        def laid_out() -> Rows:
            return table_of(rows_of(parsed(body), limits), inputs, limits)

        return laid_out() if len(body) < _LARGE else await asyncio.to_thread(laid_out)

    # --- facts

    def run(self, request: Request) -> ServedRun:
        """Return the run that a request is about."""
        return self.served.find(request.path_params.get("name"))

    async def schema(self, request: Request) -> Response:
        """Describe the run and its requests."""
        opened = _opened(self.run(request))
        return _json({**opened.about, "request_id": request.scope["request_id"]})

    async def examples(self, request: Request) -> Response:
        """Give rows to try the run with."""
        shown = [
            {"name": each.name, "made": each.made, "row": each.row}
            for each in _opened(self.run(request)).examples
        ]
        return _json({"examples": shown, "request_id": request.scope["request_id"]})

    async def runs(self, request: Request) -> Response:
        """List the runs."""
        runs = [
            {
                "name": name,
                "base": f"/runs/{name}",
                "version": run.version.digest,
                "title": name,
                "tasks": list(run.version.kinds),
                "ready": not self.stopping,
            }
            for name, run in self.served.runs.items()
        ]
        return _json({"runs": runs, "request_id": request.scope["request_id"]})

    async def health(self, request: Request) -> Response:
        """Say that the process lives, and why a newer version of a run is not served."""
        runs = {
            name: {
                "version": run.version.digest,
                "loaded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_opened(run).loaded)),
                # It names places on the server's disk, which strangers need not know.
                "problem": (run.problem or None) if request.scope["known"] else bool(run.problem),
            }
            for name, run in self.served.runs.items()
        }
        return _json({"status": "ok", "runs": runs, "request_id": request.scope["request_id"]})

    async def ready(self, request: Request) -> Response:
        """Say whether new requests are welcome."""
        if self.stopping:
            raise Refusal("stopping", "The server is about to stop.", cure="Ask another one.")
        return _json({"ready": True, "request_id": request.scope["request_id"]})

    async def figures(self, request: Request) -> Response:
        """Give all figures."""
        from prometheus_client import CONTENT_TYPE_LATEST
        from starlette.responses import Response as Sent

        del request
        content = await asyncio.to_thread(self.metrics.text)
        return Sent(content, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def openapi(self, request: Request) -> Response:
        """Describe the run's routes in OpenAPI, with an example and its answer."""
        run = self.run(request)
        opened = _opened(run)
        example = opened.examples[0]
        answered = await asyncio.to_thread(check_answer, opened.version, example, self.settings)
        name = request.path_params.get("name")
        said = openapi(
            opened.about,
            dict(example.row),
            answered.answers[0],
            base="" if name is None else f"/runs/{name}",
            token=bool(self.settings.token),
        )
        return _json(said)

    # --- life

    async def watch(self) -> None:
        """Look at the runs' folders from time to time, and swap in newer versions."""
        while True:
            await asyncio.sleep(self.settings.times.watch)
            await asyncio.to_thread(self.served.refresh)
            await asyncio.to_thread(self.metrics.refresh)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        """Watch the runs while requests are served."""
        del app
        watching = asyncio.create_task(self.watch())
        try:
            yield
        finally:
            watching.cancel()
            self.dispatcher.close()
            self.explainer.close()
            self.tables.close()


def build_app(application: Application) -> Front:
    """Return the ASGI application.

    Raises:
        MissingDependency: FastAPI is not installed.
    """
    fastapi = require("fastapi", why="A server", extra="serve")
    app = fastapi.FastAPI(
        title="Torso",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=application.lifespan,
    )
    of_run: list[tuple[str, str, Handler]] = [
        ("POST", "/predict", application.predict),
        ("POST", "/predict/table", application.predict_table),
        ("POST", "/explain", application.explain),
        ("GET", "/schema", application.schema),
        ("GET", "/examples", application.examples),
        ("GET", "/openapi.json", application.openapi),
    ]
    of_server: list[tuple[str, str, Handler]] = [
        ("GET", "/", page_file),
        ("GET", "/page/{file}", page_file),
        ("GET", "/favicon.ico", page_file),
        ("GET", "/runs", application.runs),
        ("GET", "/metrics", application.figures),
        ("GET", "/health", application.health),
        ("GET", "/ready", application.ready),
    ]
    named = [(method, f"/runs/{{name}}{path}", handler) for method, path, handler in of_run]
    for method, path, handler in (*of_server, *of_run, *named):
        app.add_route(path, handler, methods=[method])
    return Front(_refusing(app), application.settings.token, application.metrics.request)


def _refusing(app: FastAPI) -> Handler:
    """Return the application as its routes alone: errors leave it as refusals, which the front answers."""
    from starlette.exceptions import HTTPException as Status

    async def inner(scope: Message, receive: Message, send: Message) -> None:
        scope["app"] = app
        try:
            await app.router(scope, receive, send)
        except Status as error:
            raise _of_status(scope, error) from None

    return inner


def _of_status(scope: Message, error: HTTPException) -> Refusal:
    path = scope["path"][:200]
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return Refusal("wrong_method", f"{scope['method']} {path!r}: allowed is {allowed}.")
    if error.status_code == 404:
        return Refusal("not_found", f"No route {path!r}.", cure="GET /runs lists the runs.")
    return Refusal("bad_request", str(error.detail))


def _opened(run: ServedRun) -> Opened:
    assert run.opened is not None
    return run.opened


def _policy(request: Request, default: str) -> str:
    """Return the fate of cells that cannot be read: `refuse` or `missing`."""
    said = request.query_params.get("unreadable", default)
    if said not in ("refuse", "missing"):
        raise Refusal(
            "bad_request", f"`unreadable` should be refuse or missing. Found {said[:40]!r}."
        )
    return str(said)


def _json(content: object) -> Response:
    from starlette.responses import Response as Sent

    return Sent(json_bytes(content), media_type="application/json")
