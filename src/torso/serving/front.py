"""The layer around all routes: request ids, the token, refusals as JSON, one log line for each request."""

from __future__ import annotations

import hmac
import json
import logging
import re
import time
import uuid
from collections.abc import Callable

from torso.serving.bodies import linger
from torso.serving.languages import TAGS, language_of
from torso.serving.refusals import Refusal, refusal_of
from torso.serving.values import Json, Message

__all__ = ["Front", "json_bytes"]

_log = logging.getLogger("torso.serving")
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_OPEN = ("/", "/favicon.ico", "/health", "/ready")


def json_bytes(content: object) -> bytes:
    """Return JSON in UTF-8."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")  # half a character stays an escape


class Front:
    """An ASGI application around another.

    Args:
        inner: that answers.
        token: that requests must bear; empty for none.
        told: is told route, status, code and seconds of each request.
    """

    def __init__(
        self, inner: Message, token: str, told: Callable[[str, int, str, float], None] | None = None
    ) -> None:
        self._inner, self._told = inner, told
        self._token = token.encode()

    async def __call__(self, scope: Json, receive: Message, send: Message) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            self._check_token(scope)
            await self._inner(scope, receive, exchange.send)
        except Exception as error:
            await self._refuse(exchange, receive, error)
        finally:
            self._tell(scope, exchange)

    def _check_token(self, scope: Json) -> None:
        path = scope["path"]
        given = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        same = hmac.compare_digest(token.strip(), self._token)
        scope["known"] = not self._token or (scheme.lower() == b"bearer" and same)
        if path in _OPEN or path.startswith("/page/"):
            return
        if not scope["known"]:
            raise Refusal(
                "unauthorized",
                "A wrong token." if given else "No token.",
                cure="Send the header Authorization: Bearer TOKEN.",
            )

    async def _refuse(self, exchange: _Exchange, receive: Message, error: Exception) -> None:
        refusal = refusal_of(error)
        exchange.code = refusal.code
        if refusal.code == "internal":
            _log.error("failed", exc_info=error, extra={"facts": {"request_id": exchange.id}})
        if exchange.status:  # an answer was under way: its end is missing, which the client sees
            raise error
        body = json_bytes(refusal.body(exchange.id, exchange.language))
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Content-Language": TAGS[exchange.language],
            "Vary": "Accept-Language",
        }
        headers |= refusal.headers()
        unread = refusal.code in ("body_too_large", "unauthorized", "busy", "table_too_large")
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await exchange.send(
            {"type": "http.response.start", "status": refusal.status, "headers": raw}
        )
        await exchange.send({"type": "http.response.body", "body": body, "more_body": unread})
        if unread:
            await linger(receive)
            await exchange.send({"type": "http.response.body", "body": b"", "more_body": False})

    def _tell(self, scope: Json, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.began
        route = _route(scope)
        if self._told is not None:
            self._told(route, exchange.status, exchange.code, seconds)
        facts = {
            "request_id": exchange.id,
            "method": scope["method"],
            "path": scope["path"][:200],
            "status": exchange.status,
            "code": exchange.code,
            "milliseconds": round(1000 * seconds, 2),
            "client": (scope.get("client") or ("",))[0],
            **scope.get("facts", {}),
        }
        _log.info("request", extra={"facts": {k: v for k, v in facts.items() if v != ""}})


def _route(scope: Json) -> str:
    """Return the route of a request without names of runs and files, so that there are few."""
    if "endpoint" not in scope:
        return "unknown"
    path = str(scope["path"])
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path


class _Exchange:
    """A request and its answer."""

    def __init__(self, scope: Json, send: Message) -> None:
        given = dict(scope["headers"])
        own = given.get(b"x-request-id", b"")
        self.id = own.decode() if _ID.fullmatch(own) else uuid.uuid4().hex
        scope["request_id"] = self.id
        # Latin-1 holds any byte; the tags of languages are ASCII.
        self.language = language_of(given.get(b"accept-language", b"").decode("latin-1"))
        scope["language"] = self.language
        self.began = time.perf_counter()
        self.status, self.code = 0, ""
        self._send = send

    async def send(self, message: Message) -> None:
        """Send a message, the first one with the request's id."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [
                (b"x-request-id", self.id.encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
            given = message.get("headers", ())
            if all(name.lower() != b"cache-control" for name, _ in given):
                own.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*given, *own]}
        await self._send(message)
