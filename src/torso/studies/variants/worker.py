"""A process that trains variants, one after another: `python -m torso.studies.variants.worker FILE FOLDER`.

It is started anew instead of forked: a fork of a process that has used OpenMP, CUDA or tokenizers' threads may hang, and
`multiprocessing` would run the user's script again. It reads a variant a line from standard input, as JSON, and answers
each with a line: null once the run lies in its folder, else why there is none. It ends with its parent.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import sys
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TextIO

__all__ = ["main"]


def main(file: str, folder: str) -> None:
    """Train the variants that are asked for on standard input.

    Args:
        file: the preparation, as the parent pickled it for this process.
        folder: of the runs.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not answer
    asked: queue.Queue[str] = queue.Queue()
    Thread(target=_read, args=(sys.stdin, asked), daemon=True).start()

    from torso.studies.variants.kept import Kept
    from torso.studies.variants.training import Until, trained_here
    from torso.studies.variants.variant import Variant

    with Path(file).open("rb") as stream:
        prepared = pickle.load(stream)
    while True:
        job = json.loads(asked.get())
        until = Until(monotonic() + job["seconds"]) if job["seconds"] is not None else Until()
        result = trained_here(prepared, Variant(**job["variant"]), Kept(Path(folder)), until)
        print(json.dumps(result if isinstance(result, str) else None), file=answers, flush=True)


def _read(stream: TextIO, asked: queue.Queue[str]) -> None:
    """Pass the lines on; end the process with the stream, for then the parent is gone or done."""
    for line in stream:
        asked.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
