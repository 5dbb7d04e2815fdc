"""What a fusion or a sharing costs beside the same arithmetic written by hand in plain PyTorch.

    OMP_NUM_THREADS=1 python benchmarks/part_speed.py                    # everything: some minutes
    OMP_NUM_THREADS=1 python benchmarks/part_speed.py --rooms fusion --parts concat gated

A step is a forward and a backward pass in training, dropout set to 0. The hand version (by_hand/) computes with plain
tensors, copies of the same weights, and honours masks too; before anything is timed, its outputs and its gradients to
all inputs are compared with the part's, in float64, to 1e-5 of the largest. Two kinds of rows: `full`, every token
present, and `gaps`, 30 % of the tokens and 20 % of whole modalities masked, garbage under the masks, and a row with
nothing. Steps of the two alternate, in random order; a round's ratio is that of their process CPU times, and the
figure is the median over the rounds, with the 95 % interval of a bootstrap. The bar is 1.15, at 256 rows; at 64, where
a step of most parts takes about a millisecond, the graph's nodes weigh more than the arithmetic, and a sharing that
has a parameter for each task has more of them than the hand version, which puts all tasks into one.

Growth: the median time of a step of 64 rows at 8 to 64 tasks, or 2 to 8 modalities. `slope` is that of log time on log
number. `bend` is what one more costs in the upper half of the range, in parts of the same in the lower half: 1 where
the cost is linear, with or without a constant, 2 to 3 where it is square. Writes results/part_speed.json; rooms that are not asked for stay as they were.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from by_hand import fusion as fusion_by_hand
from by_hand import sharing as sharing_by_hand
from reports import read_report, write_report
from torch import Tensor, nn

from torso.core.types import Tokens
from torso.fusion import Fusion
from torso.sharing import Sharing

HERE = Path(__file__).resolve().parent
BAR, DIM = 1.15, 128
BATCHES = (256, 64)
LENGTHS = (1, 8, 24)
TASKS = 4
SMALLEST_SECONDS = 0.02
"""Of a round: as many steps as fill it."""
MODALITIES = (2, 4, 8)
TASK_NUMBERS = (8, 16, 32, 64)
SQUARE = {
    "gated": "gates of all modalities by all",
    "mmtm": "the squeeze of all modalities to a width that grows with them",
    "mult": "all directed pairs",
    "transformer": "attention of all tokens to all",
}
"""Fusions whose formula is no linear one in the number of modalities."""


@dataclass
class Way:
    """One of the two: what it computes, from what, and into whose `.grad`.

    Attributes:
        forward: returns what comes out, in order.
        inputs: leaf tensors that it is given.
        parameters: the other leaves.
        there: which of what comes out counts; None for all.
    """

    forward: Callable[[], list[Tensor]]
    inputs: list[Tensor]
    parameters: list[Tensor]
    there: Tensor | None = None

    def step(self, gradients: Sequence[Tensor]) -> float:
        """Return the CPU seconds of a forward and a backward pass."""
        for leaf in [*self.inputs, *self.parameters]:
            leaf.grad = None
        began = process_time()
        torch.autograd.backward(self.forward(), gradients)
        return process_time() - began

    def gradients(self) -> list[Tensor]:
        """Return what comes back from above: random, nothing where nothing counts."""
        generator = torch.Generator().manual_seed(1)
        found = []
        for one in self.forward():
            drawn = torch.randn(one.shape, generator=generator, dtype=torch.float64).to(one)
            found.append(drawn if self.there is None else drawn * self.there.unsqueeze(-1))
        return found


def rows(
    batch: int, lengths: Mapping[str, int], kind: str, dtype: torch.dtype
) -> dict[str, Tokens]:
    """Return modality -> leaf tokens of `full` rows or of rows with `gaps`."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name, length in lengths.items():
        values = torch.randn(batch, length, DIM, generator=generator, dtype=torch.float64)
        mask = torch.ones(batch, length, dtype=torch.bool)
        if kind == "gaps":
            mask = torch.rand(batch, length, generator=generator) >= 0.3
            mask &= torch.rand(batch, 1, generator=generator) >= 0.2
            mask[0] = False
            values = values.masked_fill(~mask.unsqueeze(2), torch.nan)
        found[name] = Tokens(values.to(dtype).requires_grad_(), mask)
    return found


def ready(part: nn.Module, dtype: torch.dtype) -> None:
    """Put a part into training without dropout, away from weights that begin at zero."""
    part.to(dtype).train()
    with torch.no_grad():
        for parameter in part.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    for module in part.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def fusions(name: str, count: int, batch: int, kind: str, dtype: torch.dtype) -> list[Way]:
    """Return a fusion of so many modalities and its hand version."""
    lengths = {
        f"modality {place}": LENGTHS[place % len(LENGTHS)] if count == len(LENGTHS) else 8
        for place in range(count)
    }
    torch.manual_seed(0)
    part = Fusion.registry.build(name, modalities=[*lengths], dim=DIM)
    ready(part, dtype)
    tokens = rows(batch, lengths, kind, dtype)
    plain = {name: (one.values, one.mask) for name, one in tokens.items()}
    hand = fusion_by_hand.BY_HAND[name]
    values, there = [one.values for one in tokens.values()], part(tokens).mask
    return [
        Way(lambda: [part(tokens).values], values, [*part.parameters()], there),
        Way(lambda: [hand(part, plain)], values, [*part.parameters()], there),
    ]


def sharings(name: str, count: int, batch: int, kind: str, dtype: torch.dtype) -> list[Way]:
    """Return a sharing of so many tasks, with its penalties, and its hand version."""
    torch.manual_seed(0)
    tasks = [f"task {place}" for place in range(count)]
    tree = {"tree": [[tasks[: count // 2], *tasks[count // 2 :]]]} if name == "branches" else {}
    part = Sharing.registry.build({"type": name, **tree}, tasks=tasks, dim=DIM)
    ready(part, dtype)
    trunks = {
        trunk: nn.Sequential(nn.Linear(DIM, DIM), nn.ReLU(), nn.Linear(DIM, DIM)).to(dtype)
        for trunk in part.trunks()
    }
    fused = rows(batch, dict.fromkeys(trunks, 1), kind, dtype)
    plain = [(one.values, one.mask) for one in fused.values()]
    hand = sharing_by_hand.BY_HAND[name]
    held = (
        {
            f"{place} {key}": parameter
            for place, trunk in enumerate(trunks.values())
            for key, parameter in trunk.named_parameters()
        }
        if name == "soft"
        else sharing_by_hand.leaves(part)
    )
    leaves = {key: one.detach().clone().requires_grad_() for key, one in held.items()}

    def torso() -> list[Tensor]:
        vectors = part(fused)
        return [*vectors.values(), *part.penalties(trunks).values()]

    def by_hand() -> list[Tensor]:
        found, owed = hand(part, leaves, *(fusion_by_hand.mean(*one) for one in plain))
        return [*found] + ([] if owed is None else [*owed])

    values = [one.values for one in fused.values()]
    own = [one for trunk in trunks.values() for one in trunk.parameters()]
    return [
        Way(torso, values, [*part.parameters(), *own]),
        Way(by_hand, values, [*leaves.values()]),
    ]


ROOMS = {
    "fusion": (Fusion.registry, fusions, len(LENGTHS), MODALITIES),
    "sharing": (Sharing.registry, sharings, TASKS, TASK_NUMBERS),
}


def compare(ways: Sequence[Way], name: str) -> float:
    """Return the largest difference of outputs and inputs' gradients, in parts of the largest; at most 1e-5."""
    outs, back = [], []
    gradients = ways[0].gradients()
    for way in reversed(ways):  # the part last: some count their steps
        torch.manual_seed(2)  # for parts that draw
        found = way.forward()
        there = 1.0 if way.there is None else way.there.unsqueeze(-1)
        outs.append(
            [
                torch.where(one.isfinite(), one, 0.0).detach() * there
                if way.there is not None
                else one.detach()
                for one in found
            ]
        )
        for leaf in way.inputs:
            leaf.grad = None
        torch.autograd.backward(found, gradients)
        back.append(
            [
                torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone()
                for leaf in way.inputs
            ]
        )
    worst = 0.0
    for ours, theirs in (outs, back):
        assert len(ours) == len(theirs), name
        for one, other in zip(ours, theirs, strict=True):
            assert one.isfinite().all() and other.isfinite().all(), name
            worst = max(worst, float((one - other).abs().max() / one.abs().max().clamp(min=1e-12)))
    assert worst <= 1e-5, f"{name}: the hand version differs by {worst:.1e}"
    return worst


def paired(ways: Sequence[Way], rounds: int) -> dict[str, Any]:
    """Return the ratio of the first way's step to the second's, and the milliseconds of both."""
    gradients = ways[0].gradients()
    warm = min(sum(way.step(gradients) for way in ways) / 2 for _ in range(3))
    repeats = max(1, round(SMALLEST_SECONDS / warm))
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        totals = [0.0, 0.0]
        for _ in range(repeats):
            for place in random.sample((0, 1), 2):
                totals[place] += ways[place].step(gradients)
        for place in (0, 1):
            times[place].append(totals[place] / repeats)
    ratios = np.array(times[0]) / np.array(times[1])
    draws = np.random.default_rng(0).choice(ratios, (2000, rounds))
    low, high = np.quantile(np.median(draws, axis=1), [0.025, 0.975])
    return {
        "ratio": float(np.median(ratios)),
        "interval": [float(low), float(high)],
        "ms": 1e3 * statistics.median(times[0]),
        "ms_by_hand": 1e3 * statistics.median(times[1]),
    }


def growth(ways: Mapping[int, Way], rounds: int) -> dict[str, Any]:
    """Return the milliseconds of a step at each number, and the slope of their logarithms."""
    gradients = {number: way.gradients() for number, way in ways.items()}
    times: dict[int, list[float]] = {number: [] for number in ways}
    for _ in range(rounds):
        for number in random.sample([*ways], len(ways)):
            times[number].append(ways[number].step(gradients[number]))
    medians = {number: 1e3 * statistics.median(found) for number, found in times.items()}
    logs = np.log([*medians]), np.log([*medians.values()])
    first, *_, middle, last = medians
    upper = (medians[last] - medians[middle]) / (last - middle)
    lower = (medians[middle] - medians[first]) / (middle - first)
    return {"ms": medians, "slope": float(np.polyfit(*logs, 1)[0]), "bend": upper / lower}


def measured(room: str, name: str, rounds: int) -> dict[str, Any]:
    registry, build, count, numbers = ROOMS[room]
    found: dict[str, Any] = {}
    for batch, kind in product(BATCHES, ("full", "gaps")):
        difference = compare(build(name, count, batch, kind, torch.float64), f"{name}, {kind}")
        ways = build(name, count, batch, kind, torch.float32)
        found[f"{batch} rows, {kind}"] = {**paired(ways, rounds), "difference": difference}
    least = BATCHES[-1]
    grown = {number: build(name, number, least, "gaps", torch.float32)[0] for number in numbers}
    square = (
        SQUARE.get(name, "")
        if room == "fusion"
        else "each pair of tasks" * registry.find(name).pairwise
    )
    found["growth"] = {**growth(grown, rounds), "beyond_linear": square}
    return found


def table(room: str, parts: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    numbers = ROOMS[room][3]
    kinds = [key for key in next(iter(parts.values())) if key != "growth"]
    head = f"{room:18}" + "".join(f"{kind:>15}" for kind in kinds) + "   ms at"
    lines = [head + "".join(f"{number:>8}" for number in numbers) + "   slope    bend"]
    for name, found in parts.items():
        grown = found["growth"]
        line = f"{name:18}" + "".join(f"{found[kind]['ratio']:15.2f}" for kind in kinds) + " " * 8
        line += "".join(f"{ms:8.2f}" for ms in grown["ms"].values())
        line += f"{grown['slope']:8.2f}{grown['bend']:8.2f}  "
        over = max(found[kind]["ratio"] for kind in kinds[:2]) > BAR
        lines.append(f"{line}{'over the bar  ' if over else ''}{grown['beyond_linear']}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=[*ROOMS])
    parser.add_argument("--parts", nargs="+", help="only these, printed and not written")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "part_speed.json")
    options = parser.parse_args()
    random.seed(0)
    for room in options.rooms:
        names = [name for name in ROOMS[room][0] if not options.parts or name in options.parts]
        parts = {name: measured(room, name, options.rounds) for name in names}
        print(table(room, parts), flush=True)
        if options.parts:
            continue
        report = read_report(options.out)
        report[room] = {
            "command": f"OMP_NUM_THREADS={torch.get_num_threads()} python benchmarks/part_speed.py --rooms {room} "
            f"--rounds {options.rounds}",
            "machine": f"{torch.get_num_threads()} thread of {os.cpu_count()} cores, {platform.machine()}, "
            f"Python {platform.python_version()}, shared with other work",
            "torch": torch.__version__,
            "dim": DIM,
            "bar": BAR,
            "parts": parts,
        }
        write_report(options.out, report)


if __name__ == "__main__":
    main()
