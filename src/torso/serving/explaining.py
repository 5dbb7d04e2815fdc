"""`POST /explain`: why a row is answered so, within a bound on time.

An explanation asks the run many times. It has a thread of its own, so answers go on beside it; and it looks at the clock
whenever it asks the run, so one that takes too long ends instead of going on unseen.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from torso.serving.answers import json_value
from torso.serving.refusals import Refusal
from torso.serving.rows import Rows
from torso.serving.values import Json
from torso.serving.version import Version

if TYPE_CHECKING:
    import pyarrow as pa

    from torso.runs.predicting.predictor import Predictor
    from torso.studies.explain.answer import Share, TaskExplanation

__all__ = ["Explainer"]

_WAITING = 4
"""Explanations that wait or are made at once."""


class Explainer:
    """Explains rows, one at a time.

    Args:
        seconds: of an explanation, and of the wait for its turn.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(1, "torso-explain")
        self._waiting = 0

    async def explain(self, version: Version, rows: Rows, tasks: list[str]) -> Json:
        """Return the explanation of a row.

        Args:
            version: of the run.
            rows: the row alone.
            tasks: to explain; empty for all.

        Raises:
            Refusal: an exported run, several rows, an unknown task, too many at once, or too slow.
        """
        if not version.explains:
            raise Refusal(
                "not_offered",
                f"{version.name!r} is an exported run, which answers and cannot explain.",
                cure="Serve the run's folder.",
            )
        if rows.count != 1:
            raise Refusal("bad_request", f"One row is explained at a time. Found {rows.count}.")
        if self._waiting >= _WAITING:
            raise Refusal(
                "busy",
                f"{self._waiting} explanations are under way.",
                cure="Try again after the seconds in Retry-After.",
                wait=max(1, round(self._seconds / 2)),
            )
        self._waiting += 1
        deadline = time.monotonic() + self._seconds
        work = asyncio.get_running_loop().run_in_executor(
            self._pool, _explained, version, rows.table, tasks, deadline
        )
        work.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(work), self._seconds + 1)
        except TimeoutError:
            message = f"No explanation within {self._seconds:g} seconds."
            cure = "Explain fewer tasks: ?tasks=NAME, or raise times.explain."
            raise Refusal("too_slow", message, cure=cure) from None

    def _done(self, work: asyncio.Future[Json]) -> None:
        self._waiting -= 1
        if not work.cancelled():
            work.exception()  # seen, also where the client is gone

    def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _explained(version: Version, table: pa.Table, tasks: list[str], deadline: float) -> Json:
    from torso.studies.explain import explain

    explanation = explain(_hurried(version.predictor, deadline), table, tasks=tasks or None)
    return {
        "row": explanation.row,
        "method": explanation.method,
        "missing": sorted(explanation.missing),
        "notes": list(explanation.notes),
        "tasks": {task: _of_task(own) for task, own in explanation.tasks.items()},
        "media": {
            column: {"kind": version.inputs[column].name, "size": list(seen.shape[:2])}
            for column, seen in explanation.media.items()
            if hasattr(seen, "shape")
        },
    }


def _of_task(own: TaskExplanation) -> Json:
    return {
        "answer": own.answer,
        "unit": own.unit,
        "is_probability": own.is_probability,
        "value": json_value(own.value),
        "without": json_value(own.without),
        "passed": own.passed,
        "verdict": own.verdict(),
        "modalities": [_of_share(share) for share in own.modalities],
        "parts": [_of_share(share) for share in own.parts],
    }


def _of_share(share: Share) -> Json:
    return {
        "modality": share.modality,
        "column": share.column,
        "piece": share.piece,
        "name": share.name,
        "share": json_value(asdict(share.share)),
        "span": list(share.span),
    }


def _hurried(predictor: Predictor, deadline: float) -> Predictor:
    """Return a run that refuses to answer after a moment of the monotonic clock."""
    from torso.columns.dataset import Dataset
    from torso.runs.predicting.predictor import Predictor
    from torso.tables.table import Table
    from torso.training import Answers

    class Hurried(Predictor):
        def answers(self, table: Table, dataset: Dataset, batch_size: int = 256) -> Answers:
            if time.monotonic() > deadline:
                raise TimeoutError
            return super().answers(table, dataset, batch_size)

    return Hurried(
        **{own.name: getattr(predictor, own.name) for own in fields(predictor) if own.init}
    )
