"""Worker processes beside this one, each with a thread here that hands it variants."""

from __future__ import annotations

import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from torso.core.errors import TorsoError
from torso.runs.preparing.prepared import Prepared
from torso.studies.variants.kept import Kept
from torso.studies.variants.training import Until
from torso.studies.variants.variant import Variant

__all__ = ["Crew"]

_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_LAST_WORDS = 200  # characters of a dead process's last line


@dataclass(eq=False)
class Crew:
    """Processes that train variants until none is left.

    Attributes:
        prepared: that all share.
        kept: their runs.
        scratch: a folder for the preparation, and for what the processes say on standard error.
        take: returns the next variant; None where there is none.
        hear: is told each variant, why there is no run of it (an empty text if there is), and if its process died.
        until: when trainings are given up.
        alone: why the preparation cannot be handed to a process; empty where it can.
    """

    prepared: Prepared
    kept: Kept
    scratch: Path
    take: Callable[[], Variant | None]
    hear: Callable[[Variant, str, bool], None]
    until: Until
    alone: str = ""
    _threads: list[Thread] = field(default_factory=list)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)
    _over: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def start(self, count: int) -> None:
        """Start so many processes, if none were started before."""
        with self._lock:
            if count < 1 or self._threads or self.alone or self._over.is_set():
                return
            try:
                with self._file.open("wb") as stream:
                    pickle.dump(self.prepared, stream, protocol=pickle.HIGHEST_PROTOCOL)
            except (pickle.PicklingError, TypeError, AttributeError, OSError, TorsoError) as error:
                self.alone = f"{error!r:.150}"
                return
            self._threads += [
                Thread(target=self._lead, args=(number,), daemon=True) for number in range(count)
            ]
            for thread in self._threads:
                thread.start()

    @property
    def _file(self) -> Path:
        return self.scratch / "prepared.pickle"

    def wait(self) -> None:
        """Wait until all variants are done."""
        for thread in [*self._threads]:
            thread.join()

    def stop(self) -> None:
        """End the processes, at once."""
        with self._lock:
            self._over.set()
        for process in self._running:
            with suppress(OSError):
                process.kill()
        self.wait()

    def _lead(self, number: int) -> None:
        """Hand variants to a process, and to another one where it dies."""
        process = None
        while not self._over.is_set() and (variant := self.take()) is not None:
            if process is None or process.poll() is not None:
                process = self._process(number)
            answer = self._ask(process, variant)
            if answer is None and self._over.is_set():
                break
            if answer is None:
                self.hear(variant, self._last_words(process, number), True)
                _close(process)
            else:
                self.hear(variant, answer, False)
        if process is not None:
            _close(process)

    def _process(self, number: int) -> subprocess.Popen[str]:
        paths = [path for path in sys.path if path]
        with (self.scratch / f"{number}.err").open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "torso.studies.variants.worker",
                    self._file,
                    self.kept.folder,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                env={
                    **os.environ,
                    **dict.fromkeys(_ONE_THREAD, "1"),
                    "PYTHONPATH": os.pathsep.join(paths),
                },
                start_new_session=True,  # Ctrl-C is this process's to handle
            )
        self._running.append(process)
        if self._over.is_set():  # `stop` may have come before
            process.kill()
        return process

    def _ask(self, process: subprocess.Popen[str], variant: Variant) -> str | None:
        """Return a process's answer; None where it died."""
        assert process.stdin is not None and process.stdout is not None
        seconds = None if math.isinf(self.until.left) else self.until.left
        job = {"variant": variant.to_dict(), "seconds": seconds}
        try:
            print(json.dumps(job), file=process.stdin, flush=True)
            answer = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            return None
        return str(answer or "")

    def _last_words(self, process: subprocess.Popen[str], number: int) -> str:
        """Return how a process died."""
        status = process.wait()
        text = (self.scratch / f"{number}.err").read_text(encoding="utf-8", errors="replace")
        said = text.strip().splitlines()[-1:] or ["it said nothing"]
        short = " Perhaps memory was short: workers=1 needs less." if status < 0 else ""
        return f"its process ended with status {status} ({said[0][:_LAST_WORDS]}).{short}"


def _close(process: subprocess.Popen[str]) -> None:
    """Close the pipes, at which a process ends, and wait for it."""
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # one that is dead does not read the rest
            assert pipe is not None
            pipe.close()
    process.wait()
