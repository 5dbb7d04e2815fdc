"""One model for whatever is missing, against a model trained for each subset of the modalities.

    OMP_NUM_THREADS=1 python benchmarks/missing.py                     # about 20 minutes
    OMP_NUM_THREADS=1 python benchmarks/missing.py --only mosi --ways "dropout 0.3"
    python benchmarks/missing.py --draw                                # the verdict and the picture again

The one model is trained on all modalities while some are hidden, in one of several `WAYS`; it is asked with
each subset of the modalities present and the rest masked. One token per modality, as Torso's encoders hand it
over by default, and the fusion that is Torso's default. Against it stands, for each subset, a model that reads
that subset alone, trained on the same rows with the same settings, nothing hidden, for as many epochs or four times
as many, whichever is better on the validation rows. Bar: no task at any subset
more than 2 points (hundredths of the headline score) below. Differences are paired by seed: same split and
same test rows; intervals are 95 % t-intervals over the seeds. What is done
stays in results/missing.json.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from features import Dataset
from fusion_race import COURSES, DEFAULT, DIM
from race_pictures import differences
from reports import read_report, write_report
from small_training import Inputs, Plan, build, circumstances, interval, score, train

from torso.core.spec import SpecLike
from torso.core.types import Features
from torso.model.model import Model

HERE = Path(__file__).resolve().parent
BAR = -2.0
"""Points that the one model may be behind."""
LONGER = (1, 4)
"""Factors on the number of epochs of the models of one subset."""


@dataclass(frozen=True)
class Way:
    """How modalities are hidden in training.

    Attributes:
        share: `modality_dropout` of the model.
        uniform: whether each row instead keeps a subset drawn from all of them alike.
        longer: factor on the number of epochs.
        fusion: a spec; default Torso's default.
    """

    share: float = 0.0
    uniform: bool = False
    longer: int = 1
    fusion: SpecLike = DEFAULT


WAYS = {
    "nothing hidden": Way(),
    "dropout 0.3": Way(share=0.3),
    "dropout 0.5": Way(share=0.5),
    "uniform subsets": Way(uniform=True),
    "uniform subsets, 2 x epochs": Way(uniform=True, longer=2),
    "dropout 0.5, 4 x epochs": Way(share=0.5, longer=4),
    "dropout 0.5, 12 x epochs": Way(share=0.5, longer=12),
    "uniform subsets, 12 x epochs": Way(uniform=True, longer=12),
    "dropout 0.5, 12 x epochs, experts multiplied": Way(
        share=0.5, longer=12, fusion={"type": "late", "rule": "product"}
    ),
    "uniform subsets, 12 x epochs, late": Way(uniform=True, longer=12, fusion="late"),
    "uniform subsets, 12 x epochs, experts multiplied": Way(
        uniform=True, longer=12, fusion={"type": "late", "rule": "product"}
    ),
}


def subsets(names: list[str]) -> list[tuple[str, ...]]:
    """Return every non-empty subset, the smallest first."""
    return [one for size in range(1, len(names) + 1) for one in combinations(names, size)]


def hide(inputs: Inputs) -> Inputs:
    """Return inputs of which each row keeps a subset, drawn from all the non-empty ones alike."""
    rows = len(next(iter(inputs.values())))
    kept = torch.tensor(
        [[name in one for name in inputs] for one in subsets(list(inputs))], dtype=torch.bool
    )[torch.randint(0, 2 ** len(inputs) - 1, (rows,))]
    return {
        name: Features(one.values, one.mask & kept[:, place, None])
        for place, (name, one) in enumerate(inputs.items())
    }


def at_subsets(model: Model, dataset: Dataset, rows: torch.Tensor) -> dict[str, dict[str, float]]:
    """Return subset -> task -> score, where every row has that subset at most."""
    names = list(dataset.inputs)
    return {
        " + ".join(one): score(model, dataset, rows, gone=[n for n in names if n not in one])
        for one in subsets(names)
    }


def validated(model: Model, dataset: Dataset) -> dict[str, float]:
    """Return the scores that choose the epoch of the one model: those of all subsets."""
    found = at_subsets(model, dataset, dataset.validation)
    return {
        f"{subset}: {task}": one for subset, many in found.items() for task, one in many.items()
    }


def one_model(dataset: Dataset, plan: Plan, way: Way, seed: int) -> dict[str, Any]:
    torch.manual_seed(seed)
    model = build(dataset, fusion=way.fusion, dim=DIM, modality_dropout=way.share, pooled=True)
    trained = train(
        model,
        dataset,
        replace(plan, epochs=plan.epochs * way.longer),
        seed,
        change=hide if way.uniform else dict,
        judge=partial(validated, dataset=dataset),
    )
    return {"test": at_subsets(model, dataset, dataset.test), **_how(trained)}


def alone(dataset: Dataset, plan: Plan, seed: int) -> dict[str, Any]:
    """Return what the models trained on one subset each reach at it."""
    found: dict[str, Any] = {"test": {}, "epoch": {}, "longer": {}, "cpu_s": 0.0}
    for subset in subsets(list(dataset.inputs)):
        name = " + ".join(subset)
        best = -math.inf
        for longer in LONGER:
            torch.manual_seed(seed)
            model = build(dataset, fusion=DEFAULT, dim=DIM, modalities=subset, pooled=True)
            trained = train(model, dataset, replace(plan, epochs=plan.epochs * longer), seed)
            found["cpu_s"] += trained.cpu_s
            if trained.mean > best:
                best = trained.mean
                found["test"][name] = score(model, dataset, dataset.test)
                found["epoch"][name], found["longer"][name] = trained.epoch, longer
    return found


def _how(trained: Any) -> dict[str, Any]:
    return {"epoch": trained.epoch, "validation": trained.mean, "cpu_s": trained.cpu_s}


def judged(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return way -> subset -> task -> the difference in points, and what misses the bar."""
    apart = block["alone"]
    verdict: dict[str, Any] = {}
    for way, runs in block["ways"].items():
        cells = {
            subset: {
                task: interval(
                    [
                        100.0
                        * (runs[seed]["test"][subset][task] - apart[seed]["test"][subset][task])
                        for seed in runs
                    ]
                )
                for task in tasks
            }
            for subset, tasks in next(iter(apart.values()))["test"].items()
        }
        every = [
            (f"{subset}: {task}", one)
            for subset, many in cells.items()
            for task, one in many.items()
        ]
        verdict[way] = {
            "points": cells,
            "mean": statistics.fmean(one["mean"] for _, one in every),
            "cells": len(every),
            "missed": [name for name, one in every if one["mean"] < BAR],
            "missed for sure": [name for name, one in every if one["high"] < BAR],
        }
    return verdict


def said(name: str, verdict: Mapping[str, Any]) -> str:
    """Return a line per way, and one per miss."""
    lines = []
    for way, one in verdict.items():
        lines.append(
            f"{name}, {way}: {one['mean']:+.2f} points on average; {len(one['missed'])} of {one['cells']} more than "
            f"{-BAR:g} points below, {len(one['missed for sure'])} of them with the whole interval"
        )
        for miss in one["missed"]:
            subset, task = miss.rsplit(": ", 1)
            gap = one["points"][subset][task]
            lines.append(f"    {miss} {gap['mean']:+.1f} [{gap['low']:+.1f}, {gap['high']:+.1f}]")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ["talking_stamps", "mosi"]
    parser.add_argument("--only", choices=names, nargs="+", default=names)
    parser.add_argument("--ways", choices=WAYS, nargs="+", default=list(WAYS))
    parser.add_argument("--draw", action="store_true", help="no runs: judge and draw what is there")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "missing.json")
    options = parser.parse_args()
    report = read_report(options.out)
    report |= circumstances(Path(__file__)) | {
        "fusion": DEFAULT,
        "ways": {name: asdict(way) for name, way in WAYS.items()},
    }

    def once(place: dict[str, Any], key: str, make: Callable[[], dict[str, Any]]) -> None:
        if key not in place:
            place[key] = make()
            write_report(options.out, report)

    for name in options.only:
        course = COURSES[name]
        plan = replace(course.plan, lr=max(course.rates))
        block = report.setdefault(name, {"plan": asdict(plan), "alone": {}, "ways": {}})
        for seed in () if options.draw else range(course.seeds):
            dataset = course.load(seed)
            once(block["alone"], str(seed), partial(alone, dataset, plan, seed))
            for way in options.ways:
                runs = block["ways"].setdefault(way, {})
                once(runs, str(seed), partial(one_model, dataset, plan, WAYS[way], seed))
                print(name, seed, way, f"{runs[str(seed)]['cpu_s']:.0f} s", flush=True)
        block["verdict"] = judged(block)
        print(said(name, block["verdict"]), flush=True)
    write_report(options.out, report)
    blocks = {name: report[name] for name in names if name in report}
    differences(blocks, BAR, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
