"""The queue between requests and worker threads: bounded, and emptied in batches.

A free worker takes what waits; while it answers, the next batch gathers. Only when other requests are just being read
does it wait for them, at most `Times.batch`. All bookkeeping is done in the event loop, so nothing is locked.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from torso.serving.answering import Asked, Observe, answer_together
from torso.serving.answers import Answered
from torso.serving.pace import Pace
from torso.serving.refusals import Refusal, refusal_of
from torso.serving.settings import ServeSettings
from torso.serving.version import Version

__all__ = ["Dispatcher"]

_FORESEEN = 0.4
"""Share of the bound that may be foreseen: batches differ, and other work takes the processor now and then."""

Told = Callable[[int, int, float], None]
"""Is told of each batch: requests, rows, seconds."""


@dataclass(eq=False)
class _Job:
    """A request that waits."""

    version: Version
    asked: Asked
    future: asyncio.Future[Answered]
    since: float = field(default_factory=time.monotonic)

    @property
    def rows(self) -> int:
        return self.asked.rows.count

    def goes_with(self, other: _Job) -> bool:
        return self.version is other.version and self.asked.rows.form == other.asked.rows.form


class Dispatcher:
    """Hands rows to worker threads.

    Args:
        settings: of the server.
        told: is told of each batch.
        observe: is told of the rows that were answered.
    """

    def __init__(
        self, settings: ServeSettings, told: Told | None = None, observe: Observe | None = None
    ) -> None:
        self._limits, self._times = settings.limits, settings.times
        self._threads = settings.threads
        self._free = settings.threads
        self._pool = ThreadPoolExecutor(settings.threads, "torso-answer")
        self._queue: deque[_Job] = deque()
        self._told, self._observe = told, observe
        self._coming = 0
        self._answering = 0
        self._later: asyncio.TimerHandle | None = None
        self.pace = Pace()
        self.rows_waiting = 0

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Count a request that is being read, for which a batch may wait a little."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            if not self._coming and self._queue:
                self._go_on()

    async def ask(self, version: Version, asked: Asked) -> Answered:
        """Return the answers to a request's rows.

        Raises:
            Refusal: the queue is full, the answer takes too long, or the rows cannot be answered.
        """
        self._admit(asked.rows.count)
        job = _Job(version, asked, asyncio.get_running_loop().create_future())
        self._queue.append(job)
        self.rows_waiting += job.rows
        self._go_on()
        try:
            return await asyncio.wait_for(job.future, self._times.answer)
        except TimeoutError:
            raise Refusal(
                "too_slow",
                f"No answer within {self._times.answer:g} seconds.",
                cure="Send fewer rows.",
            ) from None
        finally:
            if job in self._queue:
                self._queue.remove(job)
                self.rows_waiting -= job.rows

    def check(self, rows: int = 1) -> None:
        """Refuse early, before a body is parsed, if the queue has no room for so many rows."""
        self._admit(rows)

    def _admit(self, rows: int) -> None:
        busy = self.rows_waiting + self._answering + rows
        foreseen = self.pace.waiting(busy, self._limits.batch_rows, self._threads)
        full = self.rows_waiting + rows > self._limits.queue_rows and self.rows_waiting > 0
        idle = not self.rows_waiting and not self._answering
        if idle or (not full and foreseen <= _FORESEEN * self._times.wait):
            return
        raise Refusal(
            "busy",
            f"{self.rows_waiting:,} rows wait, which takes about {foreseen:.1f} seconds.",
            cure="Try again after the seconds in Retry-After.",
            wait=max(1, math.ceil(foreseen)),
        )

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- batches

    def _go_on(self) -> None:
        while self._free and self._queue:
            if self._waits_for_more():
                return
            self._start(self._batch())

    def _waits_for_more(self) -> bool:
        """Return whether to wait for requests that are being read; then look again."""
        if not self._coming or self.rows_waiting >= self._limits.batch_rows:
            return False
        left = self._queue[0].since + self._times.batch - time.monotonic()
        if left <= 0:
            return False
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(left, self._again)
        return True

    def _again(self) -> None:
        self._later = None
        self._go_on()

    def _batch(self) -> list[_Job]:
        """Take the longest waiting request and those that can be answered with it, up to the rows of a batch."""
        first = self._queue[0]
        taken, rows = [first], first.rows
        for job in list(self._queue)[1:]:
            if rows + job.rows > self._limits.batch_rows:
                break
            if job.goes_with(first):
                taken.append(job)
                rows += job.rows
        for job in taken:
            self._queue.remove(job)
        self.rows_waiting -= rows
        return taken

    def _start(self, batch: list[_Job]) -> None:
        rows = sum(job.rows for job in batch)
        self._free -= 1
        self._answering += rows
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        asked = [job.asked for job in batch]
        work = loop.run_in_executor(
            self._pool, answer_together, batch[0].version, asked, self._observe
        )

        def done(work: asyncio.Future[list[Answered | Refusal]]) -> None:
            seconds = time.monotonic() - began
            self._free += 1
            self._answering -= rows
            self._hand_out(batch, work)
            self.pace.measured(rows, seconds)
            if self._told is not None:
                self._told(len(batch), rows, seconds)
            self._go_on()

        work.add_done_callback(done)

    def _hand_out(self, batch: list[_Job], work: asyncio.Future[list[Answered | Refusal]]) -> None:
        """Give each request its answer; an error of the whole batch goes to all."""
        error = asyncio.CancelledError() if work.cancelled() else work.exception()
        for number, job in enumerate(batch):
            if job.future.done():  # the client waited too long
                continue
            if error is not None:
                refusal = refusal_of(error) if isinstance(error, Exception) else error
                refusal.__cause__ = error if isinstance(refusal, Refusal) else None
                job.future.set_exception(refusal)
                continue
            outcome = work.result()[number]
            if isinstance(outcome, Refusal):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)
