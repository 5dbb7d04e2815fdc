"""A server in this process, and a client that shows all of each answer."""

from __future__ import annotations

import contextlib
import http.client
import json
import uuid
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torso.serving.served import Served
from torso.serving.server import Server
from torso.serving.settings import Address, ServeSettings, changed


@dataclass(frozen=True)
class Answer:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Client:
    """Asks one server."""

    server: Server
    address: str

    @property
    def host(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.port

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        if not isinstance(body, bytes | None):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self.host, timeout=60)
        with contextlib.closing(connection):
            connection.request(
                method, path, body, {k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())

    def form(self, path: str, **parts: str | bytes) -> Answer:
        """Send a form: bytes as files, texts as texts."""
        mark = uuid.uuid4().hex
        lines = []
        for name, part in parts.items():
            file = '; filename="f"' if isinstance(part, bytes) else ""
            content = part if isinstance(part, bytes) else part.encode()
            head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
            lines += [head.encode(), content, b"\r\n"]
        body = b"".join([*lines, f"--{mark}--\r\n".encode()])
        return self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={mark}")


@contextlib.contextmanager
def live(path: Path, *said: str, **settings: Any) -> Iterator[Client]:
    """Serve what lies at a path on a free port; `said` as `torso serve --set` takes it."""
    chosen = changed(ServeSettings(address=Address(port=0), workers=1, **settings), said)
    server = Server(Served(path, chosen, device="cpu"), chosen)
    with server.running() as address:
        yield Client(server, address)


def sent(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with bytes as JSON has them."""
    return {
        name: {"base64": b64encode(cell).decode()} if isinstance(cell, bytes) else cell
        for name, cell in row.items()
        if cell is not None
    }
