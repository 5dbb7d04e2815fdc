"""The two-task toy of CAGrad, Nash-MTL and FAMO from its five starts: which methods reach the Pareto front?

    python benchmarks/published/toy.py --processes 2
    python benchmarks/published/toy.py --processes 2 --clip 0 --out benchmarks/results/published_toy_unclipped.json

Two losses of two numbers (Liu et al., NeurIPS 2021, "Conflict-Averse Gradient Descent", figure 1), the first one
times 0.1 (Navon et al., ICML 2022; Liu et al., NeurIPS 2023, "FAMO", which gives 50,000 steps of Adam at a rate of
1e-3). In the upper half each loss has a narrow valley, and where they meet the gradients conflict and differ much
in length; the way down leads through the valley to the front, which lies at `x2 = -8.3552, -7 <= x1 <= 7`.
Published: "ADAM fails in 1 out of 5 runs to reach the Pareto front" (FAMO's README), while CAGrad, Nash-MTL and
FAMO get there from all five in the figures.

The gradient grows without bound towards the valleys, and Adam remembers one large step for a thousand. The authors
clip the gradient of CAGrad, Nash-MTL and FAMO to length one and leave that of the plain sum alone; here, as in Torso's
training, all are clipped, and `--clip 0` clips none. It matters as much as the method: from (9, 9), CAGrad, PCGrad and
UPGrad get to the front in time with clipping only, and the plain sum misses it from (-8.5, 7.5) too with clipping only. To stand
beside the papers, take the sum from the run without clipping and the others from the one with it.

Judged at the end: how much both losses could still fall at once, as a share of their span along the front (1.96 and
19.6). A method has reached the front where that is at most `TOLERANCE`. The papers judge by eye.

The gradient at (0, 0), one of the starts, needs care: the formula joins its halves by `max(tanh(+-x2 / 2), 0)`, both
of whose sides count at zero in PyTorch's `clamp` (slope one at the bound). With slope zero there, nothing moves.

Methods that need losses above zero (logarithms, ratios) get them above the bounds that FAMO's authors use, -2.1 and
-21; gradients are the same. FAMO also has their gamma for this toy, zero. All else is Torso's default, with
`gram: exact`. The tasks' gradients are known in closed form, so a step does what `balancer.backward` does after the
backward passes, without autograd; for every method both ways are first compared, step by step.
Writes results/published_toy.json and, with matplotlib, results/published_toy.png.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from picture_style import COLOURS, WIDTH, legend, pyplot, save  # noqa: E402

from torso.balancing import Balancer, GradientBalancer, GramBalancer, LossBalancer  # noqa: E402

TASKS = ["one", "two"]
STARTS = [(-8.5, 7.5), (0.0, 0.0), (9.0, 9.0), (-7.5, -0.5), (9.0, -1.0)]
SCALES, LOWER = (0.1, 1.0), 5e-6
BOUNDS = (-2.1, -21.0)
SPANS = (1.96, 19.6)  # of the losses along the front
TOLERANCE = 0.01
EPOCH = 250  # steps, for methods that compare epochs
CHECKED = 300  # steps in which a method is compared with `balancer.backward`
SETTINGS: dict[str, dict[str, Any]] = {"ema": {"method": "mgda"}, "famo": {"gamma": 0.0}}
ABOVE_ZERO = ["dbmtl", "dwa", "famo", "gls", "go4align", "gradnorm", "imtl_l", "ldc_mtl", "stch"]
ABOVE_ZERO += ["uncertainty", "uwso"]
LEFT_OUT = {
    "fixed": "the plain sum again",
    "mmpareto": "without pairs of unimodal and multimodal losses, the plain sum again",
}
SHORTENED = {
    "fairgrad": "about 3 ms per step where gradients oppose each other, as they do on the front: each way ends "
    "5,000 steps after it came to the front, if it is still there"
}
STAY = 5000  # steps on the front after which a shortened way ends
FIRST = ["equal", "famo", "cagrad", "nash_mtl", "mgda", "pcgrad", "upgrad", "imtlg", "aligned_mtl"]
FIRST += ["fairgrad"]
PAPER = {"equal": 4, "cagrad": 5, "nash_mtl": 5, "famo": 5}
PRESENT = torch.ones(2, dtype=torch.bool)
END = {False: (COLOURS[2], "*"), True: (COLOURS[1], "X")}
"""Is a way short of the front: colour and marker of its end."""

Pair = tuple[float, float]


def formula(x: Tensor) -> Tensor:
    """Return both losses `[2]` at `x` `[2]`, as the papers write them."""
    x1, x2 = x
    valleys = torch.stack(
        [0.5 * (-x1 - 7) - torch.tanh(-x2), 0.5 * (-x1 + 3) + torch.tanh(-x2) + 2]
    )
    upper = valleys.abs().clamp(min=LOWER).log() + 6
    centres = torch.stack([-x1 + 7, -x1 - 7])
    lower = (centres**2 + 0.1 * (-x2 - 8) ** 2) / 10 - 20
    parts = (x2 / 2).tanh().clamp(min=0) * upper + (-x2 / 2).tanh().clamp(min=0) * lower
    return parts * x.new_tensor(SCALES)


def losses(x1: float, x2: float) -> tuple[Pair, tuple[Pair, Pair]]:
    """Return both losses at a point and their gradients; the same as autograd on `formula`, faster."""
    tanh, half = math.tanh(x2), math.tanh(x2 / 2)
    slope, half_slope = 1 - tanh**2, (1 - half**2) / 2
    c1, c2 = max(half, 0.0), max(-half, 0.0)
    c1_slope, c2_slope = half_slope * (half >= 0), -half_slope * (half <= 0)
    values, slopes = [], []
    for valley, along_x2, centre, scale in (
        (-0.5 * x1 - 3.5 + tanh, slope, 7.0, SCALES[0]),
        (-0.5 * x1 + 3.5 - tanh, -slope, -7.0, SCALES[1]),
    ):
        upper = math.log(max(abs(valley), LOWER)) + 6
        steep = c1 / valley if abs(valley) >= LOWER else 0.0
        lower = ((x1 - centre) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
        values.append(scale * (upper * c1 + lower * c2))
        along_x1 = -0.5 * steep + 0.2 * (x1 - centre) * c2
        along = along_x2 * steep + upper * c1_slope + 0.02 * (x2 + 8) * c2 + lower * c2_slope
        slopes.append((scale * along_x1, scale * along))
    return (values[0], values[1]), (slopes[0], slopes[1])


class Direction:
    """A balancer, asked for its direction in closed form or through `balancer.backward`."""

    def __init__(self, name: str) -> None:
        torch.manual_seed(0)
        kind = Balancer.registry.find(name)
        spec = {"type": name, **SETTINGS.get(name, {})}
        if issubclass(kind, GramBalancer):
            spec["gram"] = "exact"
        self.balancer: Any = Balancer.registry.build(spec, tasks=TASKS).double()
        self.kinds = {
            GramBalancer: self._gram,
            GradientBalancer: self._rows,
            LossBalancer: self._loss,
        }
        self.ask = next(ask for base, ask in self.kinds.items() if issubclass(kind, base))
        self.bounds = BOUNDS if name in ABOVE_ZERO else (0.0, 0.0)
        learned = list(self.balancer.parameters())
        self.learned = torch.optim.Adam(learned, lr=0.025) if learned else None
        self.steps = 0

    def above(self, values: Pair) -> Pair:
        """Return the losses that the method is shown."""
        return values[0] - self.bounds[0], values[1] - self.bounds[1]

    def fast(self, values: Pair, slopes: tuple[Pair, Pair]) -> Pair:
        """Return the balanced gradient from the losses and their gradients."""
        one, two = self.ask(self.above(values), slopes)
        self._learn()
        return one, two

    def slow(self, values: Pair, slopes: tuple[Pair, Pair]) -> Pair:
        """Return the same by `balancer.backward` through a graph with these losses and gradients."""
        x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        rows = torch.tensor(slopes, dtype=torch.float64)
        self.balancer.backward(
            torch.tensor(self.above(values), dtype=torch.float64) + rows @ x, [x], own=[]
        )
        self._learn()
        assert x.grad is not None
        one, two = x.grad.tolist()
        return one, two

    def after(self, x1: float, x2: float) -> None:
        """Tell the balancer of the step taken to this point."""
        values = self.above(losses(x1, x2)[0])
        self.balancer.after_step(lambda: torch.tensor(values, dtype=torch.float64))
        self.steps += 1
        if self.steps % EPOCH == 0:
            self.balancer.end_epoch()

    def _gram(self, values: Pair, slopes: tuple[Pair, Pair]) -> Pair:
        (a, b), (c, d) = slopes
        across = a * c + b * d
        with torch.inference_mode():
            gram = torch.tensor(
                [[a * a + b * b, across], [across, c * c + d * d]], dtype=torch.float64
            )
            self.balancer.losses = torch.tensor(values, dtype=torch.float64)
            rows, tasks, scale = self.balancer._scaled(gram)
            weights = [0.0, 0.0]
            if len(tasks):
                found = self.balancer.solve(rows, tasks) * scale**self.balancer.degree
                for task, weight in zip(tasks.tolist(), found.tolist(), strict=True):
                    weights[task] = weight
                self.balancer.update(rows, tasks)
        return _weighted(weights, slopes)

    def _rows(self, values: Pair, slopes: tuple[Pair, Pair]) -> Pair:
        shown = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        self.balancer.transform(
            shown
        ).sum().backward()  # its slope, one unless logarithms are taken
        with torch.inference_mode():
            factors = torch.ones(2) if shown.grad is None else shown.grad
            rows, tasks = self.balancer._rows(
                factors[:, None] * torch.tensor(slopes, dtype=torch.float64)
            )
            if not len(tasks):
                return 0.0, 0.0
            one, two = self.balancer.combine(rows, tasks).tolist()
            self.balancer.update(rows, tasks, shown.detach()[tasks])
        return one, two

    def _loss(self, values: Pair, slopes: tuple[Pair, Pair]) -> Pair:
        shown = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        self.balancer(shown, PRESENT).backward()
        assert shown.grad is not None
        if hasattr(self.balancer, "update"):
            with torch.no_grad():
                self.balancer.update(shown.detach(), torch.arange(2))
        return _weighted(shown.grad.tolist(), slopes)

    def _learn(self) -> None:
        if self.learned is not None:
            self.learned.step()
            self.learned.zero_grad()


def _weighted(weights: list[float], slopes: tuple[Pair, Pair]) -> Pair:
    (a, b), (c, d) = slopes
    return weights[0] * a + weights[1] * c, weights[0] * b + weights[1] * d


def descend(
    name: str,
    start: Pair,
    steps: int,
    *,
    check: bool = False,
    edge: np.ndarray | None = None,
    clip: float = 0.0,
) -> tuple[list[Pair], list[tuple[Pair, Pair]]]:
    """Return the places on the way by Adam, every `EPOCH` steps, and, to `check`, both directions of every step.

    With an `edge`, the front, the way ends once it has stayed there for `STAY` steps.
    """
    stayed = 0
    direction = Direction(name)
    twin = Direction(name) if check else None
    (x1, x2), pairs = start, []
    path, mean, square = [start], [0.0, 0.0], [0.0, 0.0]
    for step in range(1, steps + 1):
        values, slopes = losses(x1, x2)
        gradient = direction.fast(values, slopes)
        if twin is not None:
            pairs.append((gradient, twin.slow(values, slopes)))
        if clip:
            factor = min(1.0, clip / (math.hypot(*gradient) + 1e-6))
            gradient = factor * gradient[0], factor * gradient[1]
        move = [0.0, 0.0]
        for axis in (0, 1):
            mean[axis] = 0.9 * mean[axis] + 0.1 * gradient[axis]
            square[axis] = 0.999 * square[axis] + 0.001 * gradient[axis] ** 2
            size = math.sqrt(square[axis] / (1 - 0.999**step)) + 1e-8
            move[axis] = 1e-3 * mean[axis] / (1 - 0.9**step) / size
        x1, x2 = x1 - move[0], x2 - move[1]
        direction.after(x1, x2)
        if twin is not None:
            twin.after(x1, x2)
        if step % EPOCH == 0:
            path.append((x1, x2))
            if edge is not None:
                on_front = excess(losses(x1, x2)[0], edge) <= TOLERANCE
                stayed = stayed + EPOCH if on_front else 0
                if stayed > STAY:
                    break
    return path, pairs


def check_formula() -> None:
    """Compare `losses` with autograd on `formula`, at the starts and at random places."""
    random = np.random.default_rng(0)
    for place in [*STARTS, *random.uniform(-10, 10, (1000, 2)).tolist()]:
        x = torch.tensor(place, dtype=torch.float64)
        values, slopes = losses(*place)
        wanted = torch.autograd.functional.jacobian(formula, x)
        assert torch.allclose(formula(x), x.new_tensor(values), rtol=1e-10, atol=1e-12), place
        assert torch.allclose(wanted, x.new_tensor(slopes), rtol=1e-9, atol=1e-12), place


def check_direction(name: str) -> None:
    """Compare `fast` with `slow` along the first steps from every start."""
    for start in STARTS:
        _, pairs = descend(name, start, CHECKED, check=True)
        fast, slow = np.array(pairs).transpose(1, 0, 2)
        assert np.allclose(fast, slow, rtol=1e-7, atol=1e-12), (name, start, abs(fast - slow).max())


def front() -> np.ndarray:
    """Return the losses `[2, points]` of a fine grid's points that no other one is better than."""
    grid = np.meshgrid(np.linspace(-8, 8, 1601), np.linspace(-10, 10, 2001))
    x1, x2 = (one.ravel() for one in grid)
    tanh, half = np.tanh(x2), np.tanh(x2 / 2)
    c1, c2 = np.maximum(half, 0), np.maximum(-half, 0)
    found = []
    for valley, centre, scale in (
        (-0.5 * x1 - 3.5 + tanh, 7, SCALES[0]),
        (-0.5 * x1 + 3.5 - tanh, -7, SCALES[1]),
    ):
        upper = np.log(np.maximum(np.abs(valley), LOWER)) + 6
        lower = ((x1 - centre) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
        found.append(scale * (upper * c1 + lower * c2))
    values = np.stack(found)[:, np.lexsort(found[::-1])]
    best = np.minimum.accumulate(values[1])
    return values[:, np.r_[True, best[1:] < best[:-1]]]


def excess(point: Pair, edge: np.ndarray) -> float:
    """Return how much both losses could fall at once, as a share of their spans."""
    gaps = (np.array(point)[:, None] - edge) / np.array(SPANS)[:, None]
    return max(float(gaps.min(axis=0).max()), 0.0)


def measure(job: tuple[str, int, float]) -> tuple[str, dict[str, Any]]:
    """Return a method's name, and where it came to from the five starts."""
    name, steps, clip = job
    torch.set_num_threads(1)
    kind = Balancer.registry.find(name)
    kinds = {"gram": GramBalancer, "gradient": GradientBalancer, "loss": LossBalancer}
    report: dict[str, Any] = {
        "kind": next(word for word, base in kinds.items() if issubclass(kind, base)),
        "settings": SETTINGS.get(name, {}),
        "paper_reached": PAPER.get(name),
    }
    edge = front()
    try:
        check_direction(name)
        began = time.process_time()
        ending = edge if name in SHORTENED else None
        paths = [descend(name, start, steps, edge=ending, clip=clip)[0] for start in STARTS]
    except (ValueError, RuntimeError) as error:
        return name, {**report, "failed": str(error)[:300]}
    report["cpu_s"] = round(time.process_time() - began, 1)
    ends = [path[-1] for path in paths]
    report["steps"] = [EPOCH * (len(path) - 1) for path in paths]
    gaps = [excess(losses(*end)[0], edge) for end in ends]
    report["reached"] = sum(gap <= TOLERANCE for gap in gaps)
    report["excess"] = [round(gap, 4) for gap in gaps]
    report["ends"] = [[round(one, 4) for one in end] for end in ends]
    report["losses"] = [[round(one, 4) for one in losses(*end)[0]] for end in ends]
    report["paths"] = [
        [[round(one, 3) for one in place] for place in path[:-1:2] + path[-1:]] for path in paths
    ]
    return name, report


def write(report: dict[str, Any], file: Path) -> None:
    """Write the report, one line per method."""
    others = {key: value for key, value in report.items() if key != "methods"}
    head = json.dumps({**others, "methods": {}}, indent=1).removesuffix("{}\n}")
    lines = [f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in report["methods"].items()]
    file.write_text(head + "{\n" + ",\n".join(lines) + "\n }\n}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--clip", type=float, default=1.0, help="length of a gradient; 0: any")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--methods", nargs="+", help="default: all; others in the file are kept")
    parser.add_argument("--draw", action="store_true", help="only the picture, from the file")
    parser.add_argument("--out", type=Path, default=HERE.parent / "results" / "published_toy.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    known = [one for one in Balancer.registry if one not in LEFT_OUT]
    names = options.methods or [*FIRST, *(one for one in known if one not in FIRST)]
    report: dict[str, Any] = {
        "command": f"python benchmarks/published/toy.py --processes 2 --clip {options.clip:g}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "steps": options.steps,
        "rate": 1e-3,
        "clip": options.clip,
        "gram": "exact",
        "starts": STARTS,
        "tolerance": TOLERANCE,
        "excess_means": "how much both losses could fall at once, as a share of their span along the front",
        "paper": "Adam on the sum misses the front from 1 of 5 starts (FAMO's README); CAGrad, Nash-MTL, FAMO from 0",
        "above_zero": {"bounds": BOUNDS, "methods": ABOVE_ZERO},
        "left_out": LEFT_OUT,
        "shortened": SHORTENED,
        "learned_rate": 0.025,
        "methods": {},
    }
    if (options.methods or options.draw) and options.out.exists():
        old = json.loads(options.out.read_text())
        if (old["steps"], old["clip"]) == (options.steps, options.clip):
            report["methods"] = old["methods"]
    if not options.draw:
        check_formula()
        began = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            jobs = [(name, options.steps, options.clip) for name in names]
            for name, one in pool.imap_unordered(measure, jobs, chunksize=1):
                report["methods"][name] = one
                seconds = [each.get("cpu_s", 0.0) for each in report["methods"].values()]
                report["cpu_s"] = round(sum(seconds), 1)
                write(report, options.out)
                found = (
                    one.get("failed") or f"{one['reached']}/5  {one['excess']}  {one['cpu_s']} s"
                )
                print(f"{name:12s} {time.perf_counter() - began:5.0f} s  {found}", flush=True)
    draw(report["methods"], options.out.with_suffix(".png"))


def draw(methods: dict[str, Any], file: Path) -> None:
    """Draw the ways in the plane of the losses, one small picture per method."""
    drawing = pyplot()
    if drawing is None:
        return
    done = [name for name in FIRST if "paths" in methods.get(name, {})]
    done += sorted(name for name, one in methods.items() if "paths" in one and name not in FIRST)
    edge = front()
    edge = edge[:, (edge[0] <= -SCALES[0] * 0.3)]
    columns = 5
    rows = -(-len(done) // columns)
    figure, axes = drawing.subplots(
        rows, columns, figsize=(WIDTH, 1.6 * rows + 0.6), squeeze=False, sharex=True, sharey=True
    )
    for axis in axes.flat[len(done) :]:
        axis.axis("off")
    for axis, name in zip(axes.flat, done, strict=False):
        one = methods[name]
        axis.plot(*edge, color="0.72", linewidth=5, zorder=0, solid_capstyle="round")
        for path, gap in zip(one["paths"], one["excess"], strict=True):
            points = np.array([losses(*place)[0] for place in path]).T
            axis.plot(*points, linewidth=1)
            axis.plot(*points[:, 0], "o", color="black", markersize=3)
            axis.plot(*points[:, -1], END[gap > TOLERANCE][1], color=END[gap > TOLERANCE][0], ms=8)
        axis.set_title(f"{name}  {one['reached']}/5")
        axis.tick_params(labelbottom=True)
    signs = [("a start", "black", "o"), ("on the front", *END[False]), ("short of it", *END[True])]
    legend(figure, [*signs, ("the front", "0.72", "")])
    figure.supxlabel("first loss")
    figure.supylabel("second loss")
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / figure.get_figheight()))
    save(figure, file)


if __name__ == "__main__":
    main()
