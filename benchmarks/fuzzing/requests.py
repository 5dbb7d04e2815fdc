"""Bodies of requests to a server, as ASGI hands them over: JSON, forms and tables."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests import small_tables as tables
from torso.serving.app import Application, build_app
from torso.serving.served import Served
from torso.serving.settings import ServeSettings

from .border import Border
from .changes import bytes_changed, mostly, tree_changed, tree_text
from .runs import small_run

__all__ = ["REQUESTS"]

_SEPARATOR = b"\n\n"
"""Between path, type and body."""
_MARK = "fuzz"


class _Log(logging.Handler):
    """Keeps the last error that the server could not explain."""

    error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.error = record.exc_info[1]


def _rows() -> list[dict[str, Any]]:
    columns = tables.plain(3)
    return [{name: columns[name][row] for name in ("note", "size", "shop")} for row in range(3)]


def _corpus() -> list[bytes]:
    rows = _rows()
    csv = "note,size,shop\n" + "".join(f"{r['note']},{r['size']},{r['shop']}\n" for r in rows)
    form = "".join(
        f'--{_MARK}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{cell}\r\n'
        for name, cell in rows[0].items()
    )
    lines = "\n".join(map(json.dumps, rows))
    bodies = [
        ("/predict", "application/json", json.dumps({"rows": rows})),
        ("/predict", "application/json", json.dumps({"row": rows[0]})),
        ("/predict", f"multipart/form-data; boundary={_MARK}", f"{form}--{_MARK}--\r\n"),
        ("/predict/table", "text/csv", csv),
        ("/predict/table", "application/jsonl", lines),
        ("/explain", "application/json", json.dumps({"row": rows[0]})),
    ]
    return [_SEPARATOR.join(part.encode() for part in body) for body in bodies]


def _tree(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    del corpus
    body = {"rows": _rows()} if draw.random() < 0.5 else {"row": _rows()[0]}
    path = b"/explain" if draw.random() < 0.02 else b"/predict"
    return _SEPARATOR.join([path, b"application/json", tree_text(tree_changed(draw, body))])


def _bytes(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    path, kind, body = draw.choice(corpus[: 6 if draw.random() < 0.05 else 5]).split(_SEPARATOR, 2)
    tokens = (
        b"NaN",
        b"1e999",
        b"[" * 3000,
        rb'"\ud800"',
        b"9" * 5000,
        b"null",
        b"--fuzz\r\n",
        b"\r\n\r\n",
        b"\0",
        b"\xff",
    )
    return _SEPARATOR.join([path, kind, bytes_changed(*tokens)(draw, [body])])


class _Client:
    """Asks an application in this process; it is started with the first request, after a fork."""

    def __init__(self, run: Path) -> None:
        settings = ServeSettings(workers=1)
        self.application = Application(Served(run, settings, device="cpu"), settings)
        self.app = build_app(self.application)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.log = _Log()

    def call(self, case: bytes) -> None:
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            logging.getLogger("torso").addHandler(self.log)
            self.lifespan = self.application.lifespan(self.app)
            self.loop.run_until_complete(self.lifespan.__aenter__())
        self.log.error = None
        status, content = self.loop.run_until_complete(self._asked(*case.split(_SEPARATOR, 2)))
        if self.log.error is not None:
            raise self.log.error
        if status >= 500:
            raise AssertionError(f"status {status}: {content[:300]!r}")
        if status >= 400:
            json.loads(content)["code"]

    async def _asked(self, path: bytes, kind: bytes, body: bytes) -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []
        coming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return coming.pop(0) if coming else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "query_string": b"",
            "path": path.decode(),
            "raw_path": path,
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "app": None,
        }
        await self.app(scope, receive, send)
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        return sent[0]["status"], content


def _requests(folder: Path) -> Border:
    client = _Client(small_run(folder))
    return Border(client.call, _corpus(), mostly(_tree, _bytes, 0.5), 4.0, guided=False)


REQUESTS: dict[str, Callable[[Path], Border]] = {"requests": _requests}
