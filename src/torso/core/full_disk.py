"""A full disk as one sentence: the file, the bytes that it takes, the bytes that are free, and how to go on."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from torso.core.errors import DataError

__all__ = ["disk_full", "room_for"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def disk_full(error: BaseException) -> int | None:
    """Return the number of the system's error if the disk took no more; else None."""
    number = getattr(error, "errno", None)
    if number is None:  # safetensors tells it in words
        told = re.search(r"os error (\d+)", str(error))
        number = int(told[1]) if told else None
    return number if number in _FULL else None


@contextmanager
def room_for(path: Path, num_bytes: int | None = None, draft: Path | None = None) -> Iterator[None]:
    """Turn the error of a full disk within the block into one sentence, and remove the draft.

    Args:
        path: that is written.
        num_bytes: of the whole file; None if they are not known.
        draft: beside it; None for none.

    Raises:
        DataError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        number = disk_full(error)
        if number is None:
            raise
        written, free = 0, "an unknown number of"
        if draft is not None:
            with suppress(OSError):
                written = draft.stat().st_size
                draft.unlink()
        with suppress(OSError):
            free = f"{shutil.disk_usage(path.parent).free:,}"
        wanted = f"{num_bytes:,}" if num_bytes else f"more than {written:,}"
        raise DataError(
            f"{path} could not be written: {wanted} bytes are needed, {free} bytes are free ({os.strerror(number)}). "
            "Files that were whole before are kept. Free some space and repeat the command, a training with --resume."
        ) from error
