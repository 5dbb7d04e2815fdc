"""The files of the page to try a run, as they lie in `page`; nothing else of the disk is ever sent."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from torso.serving.front import json_bytes
from torso.serving.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["page_file"]

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ROUTES = ["/runs", "/schema", "/predict", "/predict/table", "/explain", "/health", "/metrics"]


async def page_file(request: Request) -> Response:
    """Send a file of the page; `index.html` at the root."""
    from starlette.responses import Response as Sent

    name = request.path_params.get("file", "index.html")
    if request.url.path == "/favicon.ico":
        return Sent(status_code=204)
    known = {file.name: file for file in _FOLDER.iterdir()} if _FOLDER.is_dir() else {}
    file = known.get(name)
    if file is None or file.suffix not in _TYPES:
        if name == "index.html":
            return Sent(json_bytes({"routes": _ROUTES}), media_type="application/json")
        raise Refusal("not_found", f"The page has no file {name[:80]!r}.")
    content = file.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {
        "Content-Security-Policy": _POLICY,
        "Permissions-Policy": "microphone=(self), camera=()",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "ETag": tag,
    }
    if request.headers.get("if-none-match") == tag:
        return Sent(status_code=304, headers=headers)
    return Sent(content, media_type=_TYPES[file.suffix], headers=headers)
