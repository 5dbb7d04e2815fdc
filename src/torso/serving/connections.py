"""Connections that wait for no one: slow heads, clients that do not read, and too many of them are closed.

uvicorn bounds the idle time between requests; this adds bounds on the head of a request and on unread answers.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from torso.serving.front import json_bytes
from torso.serving.refusals import Refusal
from torso.serving.settings import ServeSettings, Times

__all__ = ["Connection", "connection_of"]


class Connection(H11Protocol):
    """A connection whose client has to be in time.

    Attributes:
        times: bounds.
        most: connections that are open at once.
    """

    times: ClassVar[Times]
    most: ClassVar[int]

    _head: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one connection too many, and wait for a head."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._end("stopping", f"More than {self.most} connections.")
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Go on reading, under the bound on heads."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._clear_head()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._clear_head()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget all bounds."""
        self._clear_head()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give a client that does not read some time."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.times.body, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, at once where an answer lies unread."""
        if self.transport.get_write_buffer_size():  # an answer that nobody reads
            self.transport.abort()
            return
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP."""
        self._end("bad_request", msg)

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.times.header, self._too_slow)

    def _clear_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _too_slow(self) -> None:
        self._head = None
        self._end("slow_client", f"No whole request within {self.times.header:g} seconds.")

    def _end(self, code: str, message: str) -> None:
        """Answer without a request, and close."""
        refusal = Refusal(code, message)
        body = json_bytes(refusal.body(""))
        head = (
            f"HTTP/1.1 {refusal.status} {code}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)
            self.transport.close()


def connection_of(settings: ServeSettings) -> type[Connection]:
    """Return the protocol of connections with the bounds of a server."""
    bounds = {"times": settings.times, "most": settings.limits.connections}
    return type("BoundedConnection", (Connection,), bounds)
