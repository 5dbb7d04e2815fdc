"""What a balanced training step costs beside a plain one, and the memory it takes.

    OMP_NUM_THREADS=1 python benchmarks/balancing.py                      # everything: about an hour
    OMP_NUM_THREADS=1 python benchmarks/balancing.py --models mlp --tasks 2 8

Three bodies (an MLP, a small ResNet, a transformer encoder), K tasks with a linear head and a cross-entropy
each, random inputs and labels. A step is forward, backward and one Adam step, the same for all candidates.
Every candidate trains its own copy of the model; their steps are interleaved in random order, so that a noisy
machine hits all alike. Figures are process CPU time (wall time on a GPU), the median over the rounds of each
candidate's step divided by the plain step of the same round. A `sketch` looks at the gradients every now and
then, so its figure is the mean over whole intervals after the first, beside the mean of the plain steps
between them. Memory is each candidate's peak over the state after building, a process each: resident memory, with
an allocator that gives freed blocks back at once (so that it is what is held, not how the heap is fragmented), or
what torch allocates on a GPU. The floor is K backward passes that simply add up in `.grad`.
In the part `few_labels` every row has labels for 2 of the tasks only. Writes results/balancing.json; parts that are
not asked for stay as they were.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from reports import read_report, write_report
from rivals.balancing_steps import Skip, torchjd_autogram, torchjd_autojac
from torch import Tensor, nn
from torch.nn import functional as F

from torso.balancing import Balancer, GramBalancer

HERE = Path(__file__).resolve().parent
CLASSES = 10
PARTS = ["rows", "few_labels", "weights"]
LABELS = 2
"""Labels that a row has in the part where each row belongs to few tasks."""


class Block(nn.Module):
    """Two 3 x 3 convolutions with batch norm around a shortcut."""

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(inside, width, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(2))
        same = inside == width and stride == 1
        self.short = nn.Identity() if same else nn.Conv2d(inside, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norms[0](self.one(x)).relu()
        return (self.norms[1](self.two(inner)) + self.short(x)).relu()


class Pooled(nn.Module):
    """An encoder and the mean over its steps."""

    def __init__(self, dim: int, layers: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(dim, 4, 4 * dim, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x).mean(1)


def mlp() -> tuple[nn.Module, Tensor]:
    sizes = [512, 1024, 1024, 512]
    layers = [
        part for one, two in itertools.pairwise(sizes) for part in (nn.Linear(one, two), nn.ReLU())
    ]
    return nn.Sequential(*layers), torch.randn(256, 512)


def cnn() -> tuple[nn.Module, Tensor]:
    body = nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        *(Block(16, 16, 1), Block(16, 16, 1), Block(16, 32, 2), Block(32, 32, 1)),
        *(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return body, torch.randn(64, 3, 32, 32)


def transformer() -> tuple[nn.Module, Tensor]:
    return Pooled(256, 4), torch.randn(16, 64, 256)


MODELS = {"mlp": mlp, "cnn": cnn, "transformer": transformer}


class Training:
    """A body with K heads and the way one candidate gets its gradients."""

    def __init__(
        self, model: str, tasks: int, candidate: str, device: str, labels: int | None = None
    ) -> None:
        torch.manual_seed(0)
        self.body, x = MODELS[model]()
        width = self.body(x[:2]).shape[1]
        self.heads = nn.ModuleList(nn.Linear(width, CLASSES) for _ in range(tasks))
        self.x = x.to(device)
        self.targets = torch.randint(0, CLASSES, (tasks, len(x)), device=device)
        if labels is not None:
            order = torch.rand(tasks, len(x), device=device).argsort(0).argsort(0)
            self.targets[order >= labels] = -100  # what cross_entropy leaves out
        self.counts = (self.targets >= 0).sum(1).tolist()
        self.present = torch.tensor([count > 0 for count in self.counts], device=device)
        self.balancer: Balancer | None = None
        self.body.to(device)
        self.heads.to(device)
        self.backward = self._backward(candidate, tasks)
        self.parameters = [*self.body.parameters(), *self.heads.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-4)

    def _backward(self, candidate: str, tasks: int) -> Callable[[Tensor, list[Tensor]], None]:
        if candidate == "plain":
            return lambda _, losses: sum(losses).backward()
        if candidate == "floor":
            return self._passes
        if candidate == "torchjd upgrad, autojac":
            return torchjd_autojac(self.body, None)
        if candidate == "torchjd upgrad, autojac, one by one":
            return torchjd_autojac(self.body, 1)
        if candidate == "torchjd upgrad, autogram":
            return torchjd_autogram(self.body)
        name, _, gram = candidate.partition(" ")
        if name not in Balancer.registry:
            raise Skip(f"{name} is not there yet")
        settings = {"gram": gram} if gram else {}
        self.balancer = balancer = Balancer.registry.build(name, tasks=tasks, **settings)
        shared = list(self.body.parameters())
        return lambda _, losses: balancer.backward(torch.stack(losses), shared, self.present)

    def _passes(self, features: Tensor, losses: list[Tensor]) -> None:
        del features
        *first, last = [one for one, count in zip(losses, self.counts, strict=True) if count]
        for one in first:
            one.backward(retain_graph=True)
        last.backward()

    def forward(self) -> tuple[Tensor, list[Tensor]]:
        features = self.body(self.x)
        tasks = zip(self.heads, self.targets, self.counts, strict=True)
        return features, [
            F.cross_entropy(head(features), y, reduction="sum") / max(count, 1)
            for head, y, count in tasks
        ]

    def step(self) -> None:
        self.optimizer.zero_grad()
        self.backward(*self.forward())
        self.optimizer.step()
        if self.balancer is not None:
            self.balancer.after_step(self._again)

    def _again(self) -> Tensor:
        with torch.no_grad():
            return torch.stack(self.forward()[1])

    def seconds(self) -> float:
        """Return what one step takes: CPU time, or wall time where the work is on a GPU."""
        clock = time.process_time
        if self.x.is_cuda:
            clock = time.perf_counter
            torch.cuda.synchronize()
        began = clock()
        self.step()
        if self.x.is_cuda:
            torch.cuda.synchronize()
        return clock() - began


def candidates(method: str) -> list[str]:
    rivals = ["autojac", "autojac, one by one", "autogram"]
    ours = [f"{method} exact", f"{method} sketch", "famo"]
    return ["plain", "floor", *ours, *(f"torchjd upgrad, {one}" for one in rivals)]


def build(
    model: str, tasks: int, names: list[str], device: str, labels: int | None = None
) -> tuple[dict, dict]:
    """Return the candidates that run on this model, and why the others do not."""
    running, skipped = {}, {}
    for name in names:
        try:
            one = Training(model, tasks, name, device, labels)
            one.step()
            running[name] = one
        except (Skip, RuntimeError, ValueError) as error:
            skipped[name] = str(error).splitlines()[0][:200]
    return running, skipped


def times(
    model: str,
    tasks: int,
    names: list[str],
    rounds: int,
    device: str,
    labels: int | None = None,
) -> dict:
    """Interleave the candidates' steps and compare each with the plain step of its round."""
    running, skipped = build(model, tasks, names, device, labels)
    sketches = {name: running.pop(name) for name in list(running) if name.endswith(" sketch")}
    draw = random.Random(0)
    seconds: dict[str, list[float]] = {name: [] for name in running}
    for number in range(rounds + 1):
        order = list(running)
        draw.shuffle(order)
        for name in order:
            took = running[name].seconds()
            if number:  # the first round warms up
                seconds[name].append(took)
    rows: dict[str, dict[str, float]] = {}
    for name, ours in seconds.items():
        ratios = sorted(a / b for a, b in zip(ours, seconds["plain"], strict=True))
        low, _, high = statistics.quantiles(ratios, n=4)
        rows[name] = {"ms": 1e3 * statistics.median(ours), "ratio": statistics.median(ratios)}
        rows[name] |= {"quartiles": [low, high]}
    for name, one in sketches.items():
        rows[name] = averaged(one, running["plain"])
    return {"candidates": rows, "skipped": skipped}


def averaged(one: Training, plain: Training, least: int = 100) -> dict[str, float]:
    """Return the mean step over whole intervals, `least` steps or more, interleaved with plain steps."""
    sketch = one.balancer.sketch
    interval = sketch.interval
    sketch.step.fill_(interval)  # past the first interval, which looks more often
    sketch.saved.fill_(len(one.balancer.tasks))  # the last step of each interval looks
    ours, others = [], []
    for _ in range(-(-least // interval) * interval):
        ours.append(one.seconds())
        others.append(plain.seconds())
    calm = sorted(a / b for a, b in zip(ours, others, strict=True))
    return {
        "ms": 1e3 * statistics.mean(ours),
        "ratio": sum(ours) / sum(others),
        "ratio_between_looks": statistics.median(calm),
        "interval": interval,
        "steps": len(ours),
    }


def peak(model: str, tasks: int, candidate: str, device: str) -> float:
    """Return the peak of three steps over the state after building, in MB. Runs in a process of its own."""
    one = Training(model, tasks, candidate, device)
    if isinstance(one.balancer, GramBalancer):
        one.balancer.weights(torch.eye(tasks))  # loads the solver: a library is not a step's memory
    gc.collect()
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    else:
        before = _resident("VmRSS")
    for _ in range(3):
        one.step()
    if device == "cuda":
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    return (_resident("VmHWM") - before) / 1e6


def _resident(which: str) -> int:
    """Return bytes of this process's memory, now (`VmRSS`) or at its peak (`VmHWM`)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(which):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {which} on this system")


def memory(model: str, tasks: int, candidate: str, device: str) -> float:
    command = [sys.executable, __file__, "--peak", model, str(tasks), candidate, "--device", device]
    back_at_once = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    environment = {**os.environ, **back_at_once}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def weights_alone(calls: int = 21) -> dict[str, float]:
    """Median ms of `weights` at K = 64, on the Gram matrix of gradients with a common part."""
    draw = torch.Generator().manual_seed(0)
    rows = torch.randn(64, 500, generator=draw, dtype=torch.float64)
    rows += 0.3 * torch.randn(500, generator=draw, dtype=torch.float64)
    gram, found = rows @ rows.T, {}
    for name, method in Balancer.registry.items():
        if not issubclass(method, GramBalancer):
            continue
        balancer, took = method(64), []
        for _ in range(calls):
            began = time.process_time()
            balancer.weights(gram)
            took.append(1e3 * (time.process_time() - began))
        found[name] = statistics.median(took[1:])
    return found


def table(rows: list[dict]) -> str:
    lines = ["| model | K | candidate | step, ms | ratio | over the floor | peak, MB |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        floor = row["candidates"]["floor"]["ratio"]
        for name, one in row["candidates"].items():
            peak_mb = f"{one['peak_mb']:.0f}" if "peak_mb" in one else ""
            lines.append(
                f"| {row['model']} | {row['tasks']} | {name} | {one['ms']:.1f} | {one['ratio']:.2f} "
                f"| {one['ratio'] / floor:.2f} | {peak_mb} |"
            )
        lines += [f"| {row['model']} | {row['tasks']} | {n} | skipped: {why} | | | |"
                  for n, why in row["skipped"].items()]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--tasks", nargs="+", type=int, default=[2, 8, 32])
    parser.add_argument("--method", default="upgrad", help="our Gram method")
    parser.add_argument("--only", nargs="+", help="these candidates beside plain and floor")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "balancing.json")
    options = parser.parse_args()
    if options.peak:
        model, tasks, candidate = options.peak
        print(peak(model, int(tasks), candidate, options.device))
        return
    names = candidates(options.method)
    if options.only:
        names = ["plain", "floor", *options.only]
    report = read_report(options.out)
    report |= {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "seed": 0,
        "rounds": options.rounds,
    }
    command = f"OMP_NUM_THREADS={torch.get_num_threads()} python benchmarks/balancing.py "
    command += " ".join(sys.argv[1:])
    for part in options.parts:
        report.setdefault("commands", {})[part] = command
        report.setdefault("load_before", {})[part] = os.getloadavg()[0]
        if part == "weights":
            report["weights_alone_64_tasks_ms"] = weights_alone()
            print(json.dumps(report["weights_alone_64_tasks_ms"], indent=1))
            continue
        labels = LABELS if part == "few_labels" else None
        report[part] = []
        for model, tasks in itertools.product(options.models, options.tasks):
            row = times(model, tasks, names, options.rounds, options.device, labels)
            if labels is None and not options.no_memory:
                for name, one in row["candidates"].items():
                    one["peak_mb"] = memory(model, tasks, name, options.device)
            report[part].append({"model": model, "tasks": tasks, "labels_per_row": labels, **row})
            print(table(report[part][-1:]), flush=True)
    write_report(options.out, report)


if __name__ == "__main__":
    main()
