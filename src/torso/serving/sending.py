"""A file as a streamed answer, after which its folder is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["sent_file"]

_PIECE = 1 << 16


def sent_file(path: Path, media: str, headers: Mapping[str, str], stack: ExitStack) -> Response:
    """Return a file as an answer; the stack is closed once it is sent, or the client is gone."""
    from starlette.responses import StreamingResponse

    async def pieces() -> AsyncIterator[bytes]:
        with stack, path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece

    size = {"Content-Length": str(path.stat().st_size)}
    return StreamingResponse(pieces(), media_type=media, headers={**headers, **size})
