"""A hub on this machine: as much of the Hugging Face hub's protocol as its own client needs to push and to fetch."""

import json
from base64 import b64decode
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

__all__ = ["hub_of"]


class _Handler(BaseHTTPRequestHandler):
    """Answers for the repositories of the server: name -> file -> content."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *said):
        del said

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != "Bearer right":
            return self.answer({"error": "who are you?"}, 401)
        if self.path == "/api/repos/create":
            about = json.loads(body)
            name = f"{about['organization']}/{about['name']}"
            self.server.repositories.setdefault(name, {})
            self.server.told.append(
                (name, about.get("private") or about.get("visibility") == "private")
            )
            return self.answer({"url": f"{self.server.address}/{name}"})
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if "/preupload/" in self.path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            return self.answer({"files": files})
        files = self.repository()
        for line in body.decode().splitlines():
            said = json.loads(line)
            if said["key"] == "file":
                files[said["value"]["path"]] = b64decode(said["value"]["content"])
            elif said["key"] == "deletedFile":
                files.pop(said["value"]["path"])
        oid = self.commit(files)
        url = f"{self.server.address}/{self.name()}/commit/{oid}"
        return self.answer({"commitUrl": url, "commitOid": oid})

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        files = self.repository()
        if files is None:
            return self.answer({"error": "no"}, 404, {"X-Error-Code": "RepoNotFound"})
        if "/tree/" in self.path:
            listed = [
                {"type": "file", "path": path, "size": len(content), "oid": _oid(content)}
                for path, content in files.items()
            ]
            return self.answer(listed)
        if self.path.startswith("/api/"):
            siblings = [{"rfilename": path} for path in files]
            return self.answer({"id": self.name(), "sha": self.commit(files), "siblings": siblings})
        content = files[self.path.split("/resolve/")[1].partition("/")[2].partition("?")[0]]
        about = {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": self.commit(files)}
        return self.answer(content, 200, about)

    def name(self):
        return "/".join(self.path.removeprefix("/api/models").strip("/").split("/")[:2])

    def repository(self):
        return self.server.repositories.get(self.name())

    def commit(self, files):
        return sha1(b"".join(path.encode() + files[path] for path in sorted(files))).hexdigest()

    def answer(self, content, status=200, about=()):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **dict(about)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _oid(content):
    return sha1(content).hexdigest()


@contextmanager
def hub_of(repositories):
    """Yield a server of repositories, name -> file -> content; `address`, and `told`: what was made, and for whom."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.repositories, server.told = repositories, []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
