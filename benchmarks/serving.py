"""`torso serve` under load: latency of single rows, throughput, and minutes of overload with bad requests; loopback only.

    OMP_NUM_THREADS=1 python benchmarks/serving.py                    # fits the demo's run; ten minutes of overload
    OMP_NUM_THREADS=1 python benchmarks/serving.py --run DIR/run --table DIR/data/table.csv --minutes 1

Rows of the demo hold a picture, a recording, a note and three cells, with gaps. The server is a process of its own, with
one worker; the client is this one, an event loop that opens at most 400 connections. Each answer is compared with that of
the run in this process. Overload is open: requests come at twice the measured capacity, whatever the server does; one in
twenty is bad. Writes results/serving.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from picture_style import COLOURS, WIDTH, pyplot, save
from reports import read_report, write_report

HERE = Path(__file__).resolve().parent
CONNECTIONS = 400
ASKED = 300  # rows
BAD = {
    "unknown_column": b'{"row": {"sise": 1}}',
    "bad_json": b'{"row": {"pressure": NaN}}',
    "not_bytes": b'{"row": {"image": "/etc/passwd"}}',
    "unreadable_cell": b'{"row": {"pressure": "much"}}',
    "bad_base64": b'{"row": {"image": {"base64": "?"}}}',
}
SHARE_BAD = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--run", type=Path, help="folder of a run, or model.onnx; else the demo's is fitted"
    )
    parser.add_argument("--table", type=Path, help="its table")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--part", choices=["latency", "throughput", "overload"], action="append")
    parser.add_argument("--name", default="eager", help="key of the results")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "serving.json")
    parser.add_argument("--draw", action="store_true", help="draw the kept figures anew, and end")
    options = parser.parse_args()
    if options.draw:
        draw(read_report(options.out)[options.name]["overload"], options.out.with_suffix(".png"))
        return
    with tempfile.TemporaryDirectory() as name:
        run, table = options.run, options.table
        if run is None:
            run, table = fit_demo(Path(name))
        report = read_report(options.out)
        own = report.setdefault(options.name, {})
        subject = Subject.of(run, table)
        parts = options.part or ["latency", "throughput", "overload"]
        own |= {
            "command": "OMP_NUM_THREADS=1 python benchmarks/serving.py "
            + " ".join(
                [f"--run DIR/{run.name} --table DIR/data/table.csv --name {options.name}"]
                + [f"--part {part}" for part in options.part or ()]
            ),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        }
        with Server(run) as server:
            for part in parts:
                load = os.getloadavg()[0]
                if part == "overload":
                    figures = asyncio.run(overload(server, subject, 60 * options.minutes))
                else:
                    measure = latency if part == "latency" else throughput
                    figures = asyncio.run(measure(server, subject))
                own[part] = {"load_before": load, **figures, "load_after": os.getloadavg()[0]}
            own["drained"] = server.end()
        for part in ("latency", "throughput"):
            print(part, json.dumps(own.get(part)), flush=True)
        print(json.dumps({k: v for k, v in own.get("overload", {}).items() if k != "by_second"}))
        write_report(options.out, report)
        if "overload" in own:
            draw(own["overload"], options.out.with_suffix(".png"))


def draw(figures: dict[str, Any], file: Path) -> None:
    """Draw answers a second, their latency, and memory over the time of the overload."""
    drawing = pyplot()
    if drawing is None:
        return
    points = figures["by_second"][:-1]  # the last is no whole ten seconds
    minutes = [each["second"] / 60 for each in points]
    panels = (
        ("answers a second", [("answers_per_second", COLOURS[0])], None),
        ("milliseconds", [("p50_ms", COLOURS[0]), ("p99_ms", COLOURS[1])], figures["bound_ms"]),
        ("memory of the server, MiB", [("mib", COLOURS[2])], None),
    )
    figure, axes = drawing.subplots(1, 3, figsize=(WIDTH, 2.4))
    for axis, (title, lines, bound) in zip(axes, panels, strict=True):
        for name, colour in lines:
            axis.plot(minutes, [each[name] for each in points], color=colour, label=name[:3])
        if bound is not None:
            axis.axhline(bound, color=COLOURS[6], linestyle=":", label="bound")
            axis.legend(ncols=3, handlelength=0.9, columnspacing=0.8, handletextpad=0.4)
            axis.set_ylim(top=1.8 * bound)
        axis.set(title=title, xlabel="minutes")
        axis.set_ylim(bottom=0)
        axis.grid(visible=True)
    figure.tight_layout()
    save(figure, file)


def fit_demo(folder: Path) -> tuple[Path, Path]:
    """Return the run that `torso demo` trains, and its table."""
    import torso
    from torso.app.demo import SETTINGS
    from torso.app.demo.digits import TARGETS, make

    table = make(folder / "data", 1797, missing_labels=0.2, missing_inputs=0.1)
    torso.fit(table, TARGETS, out=folder / "run", settings=SETTINGS)
    return folder / "run", table


@dataclass(frozen=True)
class Subject:
    """Requests with the answers of the run in this process.

    Attributes:
        bodies: a request per row.
        expected: the answer to each.
        rows: their cells.
        predictor: the run.
    """

    bodies: list[bytes]
    expected: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    predictor: Any

    @classmethod
    def of(cls, run: Path, table: Path) -> Subject:
        import torch

        import torso

        torch.set_num_threads(1)
        predictor = torso.load(run)
        kinds = predictor.schema.inputs
        cells = pd.read_csv(table)[list(kinds)].head(ASKED).to_dict("records")
        rows = []
        for each in cells:
            row = {name: cell for name, cell in each.items() if cell == cell}
            for name, kind in kinds.items():
                if kind.in_files and name in row:
                    row[name] = (table.parent / row[name]).read_bytes()
            rows.append(row)
        full = [{name: row.get(name) for name in kinds} for row in rows]
        expected = predictor.predict(full, as_arrow=True).to_pylist()
        bodies = [json.dumps({"row": as_json(row)}).encode() for row in rows]
        return cls(bodies, expected, rows, predictor)

    def right(self, number: int, content: bytes) -> bool:
        """Return whether an answer is the run's."""
        answer, expected = json.loads(content)["answers"][0]["tasks"], self.expected[number]
        for task, said in answer.items():
            own, other = said["answer"], expected[task]
            if isinstance(other, float):
                if abs(own - other) > 1e-3 * max(1.0, abs(other)):
                    return False
            elif own != other:
                return False
            for name, share in said.get("probabilities", {}).items():
                if abs(share - expected[f"{task}_probability_{name}"]) > 1e-3:
                    return False
        return True


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"base64": b64encode(cell).decode()} if isinstance(cell, bytes) else cell
        for name, cell in row.items()
    }


class Server:
    """`torso serve` as a process."""

    def __init__(self, run: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run = run

    def __enter__(self) -> Self:
        words = [sys.executable, "-m", "torso", "serve", str(self._run), "--port", str(self.port)]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(words, stderr=self._log, stdout=subprocess.DEVNULL)
        while self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._log.close()

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def cpu(self) -> float:
        """Return the seconds of processor that the server has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> dict[str, Any]:
        """End the server by SIGTERM; return its status and seconds."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return {"status": self._process.wait(60), "seconds": time.monotonic() - began}


class Connection:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: Any = None

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """Return status and content."""
        if self._streams is None or self._streams[0].at_eof():  # closed while it was idle
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(
            b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            content = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            self._streams = None
            raise
        if b"connection: close" in head:
            writer.close()
            self._streams = None
        return int(head.split()[1]), content


async def latency(server: Server, subject: Subject) -> dict[str, Any]:
    """Return milliseconds of single rows, one after the other, then at half of the capacity."""
    connection = Connection(server.port)
    alone: list[float] = []
    before = server.cpu()
    for number in range(600):
        began = time.perf_counter()
        await connection.ask(subject.bodies[number % len(subject.bodies)])
        alone.append(time.perf_counter() - began)
    used = (server.cpu() - before) / 600
    rate = await capacity(server, subject, 5)
    half = Load(server, subject, rate / 2, bad=0.0)
    await half.run(15)
    in_process = []
    for number in range(200):
        began = time.perf_counter()
        subject.predictor.predict(
            subject.rows[number % len(subject.rows)], as_arrow=True, details=True
        )
        in_process.append(time.perf_counter() - began)
    return {
        "alone": milliseconds(alone[100:]),
        "server_cpu_ms": 1e3 * used,
        "in_process": milliseconds(in_process[50:]),
        "half_load_per_second": rate / 2,
        "half_load": milliseconds([seconds for _, seconds in half.accepted]),
        "half_load_counts": dict(half.counts),
    }


async def capacity(server: Server, subject: Subject, seconds: float) -> float:
    """Return requests per second with 32 clients that wait for each answer."""
    done, end = 0, time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal done
        connection = Connection(server.port)
        while time.perf_counter() < end:
            status, _ = await connection.ask(subject.bodies[(number + done) % len(subject.bodies)])
            done += status == 200

    began = time.perf_counter()
    await asyncio.gather(*(client(7 * number) for number in range(32)))
    return done / (time.perf_counter() - began)


async def throughput(server: Server, subject: Subject) -> dict[str, Any]:
    """Return rows per second of requests of 256 rows, beside the same rows in this process."""
    rows = subject.rows[:256]
    body = json.dumps({"rows": [as_json(row) for row in rows]}).encode()
    connection = Connection(server.port)
    figures: dict[str, list[float]] = {"http": [], "in_process": []}
    full = [{name: row.get(name) for name in subject.predictor.schema.inputs} for row in rows]
    for _ in range(12):
        began = time.perf_counter()
        status, content = await connection.ask(body)
        figures["http"].append(len(rows) / (time.perf_counter() - began))
        assert status == 200, content[:300]
        began = time.perf_counter()
        subject.predictor.predict(full, as_arrow=True, details=True)
        figures["in_process"].append(len(rows) / (time.perf_counter() - began))
    http, own = (statistics.median(figures[name][2:]) for name in ("http", "in_process"))
    return {"rows": len(rows), "http_rows_per_second": http, "in_process": own, "share": http / own}


@dataclass
class Load:
    """Requests at a rate, whatever becomes of them.

    Attributes:
        server: that is asked.
        subject: requests and answers.
        rate: requests a second.
        bad: share of bad requests.
        accepted: moment and seconds of each answer.
        counts: of outcomes.
    """

    server: Server
    subject: Subject
    rate: float
    bad: float = SHARE_BAD
    accepted: list[tuple[float, float]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    async def run(self, seconds: float) -> None:
        """Send until the time is over, and wait for all answers."""
        free: asyncio.Queue[Connection] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            free.put_nowait(Connection(self.server.port))
        draw = np.random.default_rng(0)
        self.began = began = time.perf_counter()
        under_way: set[asyncio.Task[None]] = set()
        due = 0.0
        while due < seconds:
            due += float(draw.exponential(1 / self.rate))
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            if free.empty():
                self.counts["held back by the client"] += 1
                continue
            bad = draw.random() < self.bad
            task = asyncio.create_task(
                self._ask(free, int(draw.integers(len(self.subject.bodies))), bad)
            )
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def _ask(self, free: asyncio.Queue[Connection], number: int, bad: bool) -> None:
        connection = free.get_nowait()
        code = list(BAD)[number % len(BAD)] if bad else ""
        body = BAD[code] if bad else self.subject.bodies[number]
        began = time.perf_counter()
        try:
            status, content = await connection.ask(body)
        except (OSError, asyncio.IncompleteReadError):
            self.counts["lost"] += 1
            return
        finally:
            free.put_nowait(connection)
        if status == 429:
            self.counts["refused as busy"] += 1
        elif bad:
            right = json.loads(content).get("code") == code
            self.counts["bad, refused as such" if right else "bad, answered wrongly"] += 1
        elif status != 200:
            self.counts[f"failed with {status}"] += 1
        else:
            self.accepted.append((began - self.began, time.perf_counter() - began))
            self.counts["answered" if self.subject.right(number, content) else "wrong"] += 1


async def overload(server: Server, subject: Subject, seconds: float) -> dict[str, Any]:
    """Return counts, latency and memory at twice the capacity."""
    rate = await capacity(server, subject, 10)
    load = Load(server, subject, 2 * rate)
    memory: list[tuple[float, float]] = []

    async def watch() -> None:
        while True:
            memory.append((time.perf_counter() - began, server.memory()))
            await asyncio.sleep(1)

    began = time.perf_counter()
    watching = asyncio.create_task(watch())
    await load.run(seconds)
    watching.cancel()
    taken = [each for _, each in load.accepted]
    settled = min(60.0, seconds / 3)
    first = statistics.median([size for at, size in memory if settled <= at < settled + 10])
    last = [size for at, size in memory if at >= settled + 10]
    return {
        "seconds": seconds,
        "capacity_per_second": rate,
        "sent_per_second": 2 * rate,
        "counts": dict(load.counts),
        "wrong": load.counts["wrong"] + load.counts["bad, answered wrongly"],
        "lost": load.counts["lost"]
        + sum(count for name, count in load.counts.items() if name.startswith("failed")),
        "accepted": milliseconds(taken),
        "bound_ms": 1000.0,
        "memory_mib_after_first_minute": first,
        "memory_mib_highest_later": max(last, default=first),
        "memory_growth": max(last, default=first) / first - 1,
        "by_second": by_second(load.accepted, memory),
    }


def by_second(accepted: list[tuple[float, float]], memory: list[tuple[float, float]]) -> Any:
    """Return per ten seconds: answers a second, median and 99th percentile in milliseconds, and MiB."""
    frame = pd.DataFrame(accepted, columns=["at", "seconds"])
    sizes = pd.DataFrame(memory, columns=["at", "mib"])
    grouped = frame.groupby((frame["at"] // 10).astype(int))["seconds"]
    mib = sizes.groupby((sizes["at"] // 10).astype(int))["mib"].max()
    return [
        {
            "second": 10 * int(at),
            "answers_per_second": len(each) / 10,
            "p50_ms": 1e3 * float(each.quantile(0.5)),
            "p99_ms": 1e3 * float(each.quantile(0.99)),
            "mib": float(mib.get(at, float("nan"))),
        }
        for at, each in grouped
    ]


def milliseconds(seconds: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: 1e3 * float(np.quantile(seconds, at)) for name, at in shares.items()} | {
        "count": len(seconds)
    }


if __name__ == "__main__":
    main()
