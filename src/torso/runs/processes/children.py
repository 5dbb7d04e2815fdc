"""The processes beside the first one: started, watched, and ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from torch._C._distributed_c10d import FileStore

from torso.core.errors import RunError
from torso.runs.processes.group import MEETING

__all__ = ["Children"]

_LAST_WORDS = 200  # characters of a dead process's last line
_LOOK_SECONDS = 0.05
_DYING_SECONDS = 5.0  # from a broken connection to the end of the process that broke it
_ENDING_SECONDS = 20.0


class Children:
    """Processes with the ranks 1, 2 ... of a training.

    They are started anew instead of forked, since torch and OpenMP may be loaded, in sessions of their own, so that Ctrl-C is
    the first process's to handle. They end with it: when the pipe on their standard input closes.

    Args:
        world: number of processes, with this one.
        scratch: folder in which they meet, and for what they say on standard error.
    """

    def __init__(self, world: int, scratch: Path) -> None:
        self.world, self.scratch = world, scratch
        meeting = scratch / "meeting"
        self.store = FileStore(str(meeting), world)
        self._running = {rank: self._started(rank, meeting) for rank in range(1, world)}

    def _started(self, rank: int, meeting: Path) -> subprocess.Popen[bytes]:
        paths = [path for path in sys.path if path]
        with self._said(rank).open("wb") as errors:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "torso.runs.helping",
                    str(meeting),
                    str(rank),
                    str(self.world),
                ],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )

    def _said(self, rank: int) -> Path:
        return self.scratch / f"rank-{rank}.err"

    @property
    def pids(self) -> list[int]:
        """Their process ids, in the order of ranks."""
        return [process.pid for process in self._running.values()]

    def wait_until_ready(self) -> None:
        """Wait until all have imported their modules.

        Raises:
            RunError: one of them died.
        """
        self.store.set_timeout(MEETING)
        keys = [f"ready/{rank}" for rank in self._running]
        while not self.store.check(keys):
            if (error := self.death()) is not None:
                raise error
            sleep(_LOOK_SECONDS)

    def death(self, within: float = 0.0) -> RunError | None:
        """Return an error that names the process that died, and its last words; None if all live.

        Args:
            within: seconds to wait for one that is about to die.
        """
        until = monotonic() + within
        while True:
            for rank, process in self._running.items():
                if process.poll() is not None:
                    return RunError(self._told(rank, process))
            if monotonic() >= until:
                return None
            sleep(_LOOK_SECONDS)

    def broken(self) -> RunError | None:
        """Return the error behind a broken connection; None if no process has died."""
        return self.death(_DYING_SECONDS)

    def _told(self, rank: int, process: subprocess.Popen[bytes]) -> str:
        text = self._said(rank).read_text(encoding="utf-8", errors="replace")
        said = (text.strip().splitlines() or ["it said nothing"])[-1][:_LAST_WORDS]
        status = process.returncode
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        memory = " Perhaps memory was short: fewer processes need less." if status == -9 else ""
        return (
            f"Process {rank} of {self.world} (counted from 0) {how} ({said}), so the others were ended, too.{memory} A run "
            "in a folder goes on from its last epoch: --resume, resume=True."
        )

    def end(self, *, at_once: bool) -> None:
        """Wait for all to end, or end them."""
        until = monotonic() + (0.0 if at_once else _ENDING_SECONDS)
        for process in self._running.values():
            if not at_once:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, until - monotonic()))
            with suppress(OSError):
                process.kill()
            process.wait()
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
