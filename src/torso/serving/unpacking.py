"""Parquet and Arrow files of strangers are unpacked in a process of their own, whose memory and time are bounded.

A small file may claim, or unpack to, any size, and its head may lie about it. So the file is read in small pieces by a child
that may only use so much memory; it writes plain Arrow, which the server maps. `python -m torso.serving.unpacking IN OUT ROWS BYTES`
is the child.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from torso.serving.refusals import Refusal

__all__ = ["unpacked"]

_TOO_LARGE, _DAMAGED = 3, 4
_BESIDE = 1 << 30  # bytes of address space for Python and Arrow themselves
_SECONDS = 60
_AT_ONCE = 512  # rows


async def unpacked(path: Path, rows: int, size: int) -> Path:
    """Return a plain Arrow file with the content of a Parquet or Arrow file.

    Args:
        path: of the file.
        rows: at most.
        size: bytes of its cells at most.

    Raises:
        Refusal: it is damaged, or holds more.
    """
    plain = path.with_name("unpacked.arrow")
    words = [sys.executable, "-m", "torso.serving.unpacking", str(path), str(plain)]
    child = await asyncio.create_subprocess_exec(
        *words,
        str(rows),
        str(size),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"},
    )
    try:
        _, said = await asyncio.wait_for(child.communicate(), _SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()
        raise _too_large(rows, size) from None
    if child.returncode == 0:
        return plain
    if child.returncode == _DAMAGED:
        reason = said.decode(errors="replace").strip().splitlines()[-1:]
        raise Refusal(
            "unusable", f"{path.name} is damaged or no {path.suffix} file: {''.join(reason)[:200]}"
        )
    raise _too_large(rows, size)  # by its own count, or because memory ended


def _too_large(rows: int, size: int) -> Refusal:
    return Refusal(
        "table_too_large",
        f"The table holds more than {rows:,} rows or {size:,} bytes once it is unpacked.",
        cure="Send it in parts.",
    )


def _bound_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows; the count of bytes remains
        return
    most = 4 * size + _BESIDE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


def _unpack(source: str, target: str, rows: int, size: int) -> int:
    import pyarrow as pa

    _bound_memory(size)
    written = [0, 0]
    try:
        schema, batches = _batches(source)
        with pa.OSFile(target, "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                batch.validate(full=True)  # Arrow reads wherever an offset points
                written = [written[0] + batch.num_rows, written[1] + batch.nbytes]
                if written[0] > rows or written[1] > size:
                    return _TOO_LARGE
                writer.write_batch(batch)
    except (MemoryError, pa.ArrowMemoryError):
        return _TOO_LARGE
    except (pa.ArrowException, OSError, ValueError) as error:
        sys.stderr.write(str(error).splitlines()[0] if str(error) else "unreadable")
        return _DAMAGED
    return 0


def _batches(source: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - pyarrow has no types
    """Return the schema and an iterator over small batches."""
    import pyarrow as pa
    from pyarrow import parquet

    if source.endswith(".parquet"):
        file = parquet.ParquetFile(source)
        return file.schema_arrow, file.iter_batches(batch_size=_AT_ONCE, use_threads=False)
    opened = pa.OSFile(source)
    try:
        reader = pa.ipc.open_file(opened)
    except pa.ArrowInvalid:
        opened.seek(0)
        stream = pa.ipc.open_stream(opened)
        return stream.schema, iter(stream)
    return reader.schema, (reader.get_batch(k) for k in range(reader.num_record_batches))


if __name__ == "__main__":
    sys.exit(_unpack(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
