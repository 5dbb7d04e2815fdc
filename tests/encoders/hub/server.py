"""A small hub on this machine: what the client of the Hugging Face hub asks for, answered from folders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serving(models: Mapping[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a hub with these models, and the list of what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.split("?")[0].strip("/")
            asked.append(path)
            for name, folder in models.items():
                if path in (f"api/models/{name}", *_revisions(f"api/models/{name}/revision")):
                    files = [{"rfilename": one.name} for one in sorted(folder.iterdir())]
                    found = {"id": name, "sha": COMMIT, "siblings": files, "private": False}
                    return self.send(json.dumps(found).encode(), body)
                for start in _revisions(f"{name}/resolve"):
                    file = folder / path.removeprefix(f"{start}/")
                    if path.startswith(f"{start}/") and file.is_file():
                        return self.send(file.read_bytes(), body, file.name)
                for start in _revisions(f"api/models/{name}/tree"):
                    if path == start:
                        tree = [
                            {
                                "type": "file",
                                "path": one.name,
                                "size": one.stat().st_size,
                                "oid": "0" * 40,
                            }
                            for one in sorted(folder.iterdir())
                        ]
                        return self.send(json.dumps(tree).encode(), body)
                if name in path:
                    return self.refuse("RevisionNotFound")
            return self.refuse("RepoNotFound")

        def send(self, data: bytes, body: bool, tag: str = "none") -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{tag}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def refuse(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _revisions(start: str) -> list[str]:
    return [f"{start}/main", f"{start}/{COMMIT}"]
