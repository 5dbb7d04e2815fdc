"""`/metrics`: figures of requests, batches, rows and drift, by Prometheus's own client."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from torso.serving.drift import Drift
from torso.serving.version import Version

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from prometheus_client import Counter, Gauge

    from torso.serving.served import Served

__all__ = ["Metrics"]

_log = logging.getLogger("torso.serving")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Figures of a server.

    Args:
        served: the runs.
        waiting: gives the rows that wait for an answer.
        held: gives the bytes of bodies in memory.
    """

    def __init__(
        self, served: Served, waiting: Callable[[], float], held: Callable[[], float]
    ) -> None:
        from prometheus_client import (
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
            PlatformCollector,
            ProcessCollector,
        )

        self._served = served
        self.registry = own = CollectorRegistry()
        ProcessCollector(registry=own)
        PlatformCollector(registry=own)
        self._requests = Counter(
            "torso_requests",
            "Requests by route, status and error code.",
            ["route", "status", "code"],
            registry=own,
        )
        self._seconds = Histogram(
            "torso_request_seconds",
            "Seconds of a request.",
            ["route"],
            buckets=_SECONDS,
            registry=own,
        )
        self._batch_rows = Histogram(
            "torso_batch_rows", "Rows answered at once.", buckets=_ROWS, registry=own
        )
        self._batch_requests = Histogram(
            "torso_batch_requests", "Requests answered at once.", buckets=_ROWS, registry=own
        )
        self._batch_seconds = Histogram(
            "torso_batch_seconds", "Seconds of a batch.", buckets=_SECONDS, registry=own
        )
        Gauge("torso_queue_rows", "Rows that wait.", registry=own).set_function(waiting)
        Gauge("torso_body_bytes", "Bytes of bodies in memory.", registry=own).set_function(held)
        self._of_runs(Counter, Gauge)
        self._drift: dict[str, Drift] = {}

    def _of_runs(self, counter: type[Counter], gauge: type[Gauge]) -> None:
        """Make the figures of each run."""
        own = self.registry
        self._rows = counter("torso_rows", "Rows answered.", ["run"], registry=own)
        words = "Rows that lack a modality."
        self._missing = counter("torso_missing_modality", words, ["run", "modality"], registry=own)
        words = "Rows with gaps that no held-out row had."
        self._unjudged = counter("torso_unjudged_rows", words, ["run"], registry=own)
        words = "1 for the version that answers."
        self._versions = gauge("torso_run_info", words, ["run", "version"], registry=own)
        words = "1 where a newer version is not served."
        self._problems = gauge("torso_run_problem", words, ["run"], registry=own)
        words = "Population stability index of the last rows against training."
        self._psi = gauge("torso_drift_psi", words, ["run", "of", "name"], registry=own)
        words = "Rows that the drift is of."
        self._psi_rows = gauge("torso_drift_rows", words, ["run"], registry=own)

    def request(self, route: str, status: int, code: str, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, str(status), code).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """Count a batch."""
        self._batch_rows.observe(rows)
        self._batch_requests.observe(requests)
        self._batch_seconds.observe(seconds)

    def answered(
        self,
        version: Version,
        rows: pa.Table,
        answers: pa.Table,
        present: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        """Count rows that were answered; called in worker threads."""
        name, count = version.name, rows.num_rows
        self._rows.labels(name).inc(count)
        for modality, there in present.items():
            if absent := count - int(np.count_nonzero(there)):
                self._missing.labels(name, modality).inc(absent)
        if unjudged := version.certificates.unjudged(present):
            self._unjudged.labels(name).inc(unjudged)
        drift = self._drift.get(version.digest)
        if drift is not None:
            drift.seen(rows, answers)

    def refresh(self) -> None:
        """Count the rows that wait to be counted, and follow the versions of runs."""
        runs = dict(self._served.runs)
        kept = {}
        for name, run in runs.items():
            version = run.version
            drift = self._drift.get(version.digest)
            if drift is None:
                self._versions.labels(name, version.digest).set(1)
                drift = Drift(version)
            kept[version.digest] = drift
            self._problems.labels(name).set(1 if run.problem else 0)
            try:
                drift.count()
            except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
                _log.warning("drift not counted", extra={"facts": {"run": name, "why": str(error)}})
                continue
            self._psi_rows.labels(name).set(drift.rows)
            for (of, column), figure in drift.figures().items():
                self._psi.labels(name, of, column).set(figure)
        for digest, drift in self._drift.items():
            if digest not in kept:
                self._versions.remove(drift.name, digest)
        self._drift = kept

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        from prometheus_client import generate_latest

        self.refresh()
        content: bytes = generate_latest(self.registry)
        return content
