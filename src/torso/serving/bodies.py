"""Bodies of requests: read up to a limit, within a time, and never more of all requests at once than fits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from torso.serving.refusals import Refusal
from torso.serving.settings import Limits, Times
from torso.serving.values import Message

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["Bodies", "linger"]

_LINGER = 2.0  # seconds
_DISCARDED = 8 << 20  # bytes


class Bodies:
    """Reads bodies, and knows how much of them is in memory.

    Args:
        limits: of bodies.
        times: of clients.
    """

    def __init__(self, limits: Limits, times: Times) -> None:
        self._limits, self._times = limits, times
        self.held = 0

    @asynccontextmanager
    async def pieces(
        self, request: Request, most: int, *, on_disk: bool = False
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield the pieces of a request's body; their bytes count as held until the block ends.

        Args:
            request: of Starlette.
            most: bytes of a body.
            on_disk: the pieces go to disk, and are not held.

        Raises:
            Refusal: too large, too slow, compressed, or too much is held already.
        """
        _check_head(request.headers, most)
        taken, held = 0, 0

        async def read() -> AsyncIterator[bytes]:
            nonlocal taken, held
            stream = aiter(request.stream())
            deadline = asyncio.get_running_loop().time() + self._times.body
            while (piece := await _next(stream, deadline, self._times.body)) is not None:
                taken += len(piece)
                if not on_disk:
                    held += len(piece)
                    self.held += len(piece)
                if taken > most:
                    raise _too_large(taken, most)
                if self.held > self._limits.waiting_bytes:
                    raise Refusal(
                        "busy", "Too many large requests at once.", cure="Try again.", wait=1
                    )
                yield piece

        try:
            yield read()
        finally:
            self.held -= held

    @asynccontextmanager
    async def whole(self, request: Request, most: int) -> AsyncIterator[bytes]:
        """Yield a request's whole body."""
        async with self.pieces(request, most) as pieces:
            yield b"".join([piece async for piece in pieces])


def _check_head(headers: Mapping[str, str], most: int) -> None:
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > most:
        raise _too_large(int(length), most)
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Refusal(
            "unsupported_media_type",
            f"Content-Encoding {encoding[:40]!r} is not read: a small body may unpack to any size.",
            cure="Send the body as it is.",
        )


def _too_large(size: int, most: int) -> Refusal:
    return Refusal(
        "body_too_large",
        f"The body has {size:,} bytes or more, above the limit of {most:,}.",
        cure="Send fewer rows, smaller files, or a table to /predict/table.",
    )


async def _next(stream: AsyncIterator[bytes], deadline: float, allowed: float) -> bytes | None:
    """Return the next piece of a body, or None at its end."""
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(stream, None)
    except TimeoutError:
        message = f"The body did not arrive within {allowed:g} seconds."
        raise Refusal("slow_client", message) from None


async def linger(receive: Message) -> None:
    """Read on for a moment, so that a client in the middle of sending sees the answer instead of a reset."""
    discarded = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while discarded < _DISCARDED:
                message = await receive()
                discarded += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
