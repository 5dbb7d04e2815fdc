"""Every fusion on the same tokens with the same budget: who wins, and is the default among them?

    OMP_NUM_THREADS=1 python benchmarks/fusion_race.py                       # all: about 40 minutes of one core
    OMP_NUM_THREADS=1 python benchmarks/fusion_race.py --only mosi --entries transformer concat
    python benchmarks/fusion_race.py --draw                                  # the verdict and the picture again

Three data sets (`features.py`, `av_digits.py`), every registered fusion with its default settings, some made of
others, and one modality alone under the two fusions that a judgement is against. A fusion that makes more of a
modality's tokens than their mean runs twice: with all of them, and with their mean, one token, as Torso's encoders
hand it over by default; the verdict is for both. Equal for all: features, width, steps, optimiser, hard sharing,
heads, no modality dropout. The learning rate is the one of a set's `rates` with the
better validation scores at the first seed. A seed draws the split or pairs, the weights and the order of rows, the
same for all entries, so differences are paired. Intervals are 95 % t-intervals over the seeds.
Entries that are done stay in results/fusion_race.json; delete an entry, or the file, to run it again.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from av_digits import av_digits
from features import Dataset, mosi, stamps
from race_pictures import ALONE, intervals
from reports import read_report, write_report
from small_training import Plan, build, circumstances, interval, score, train

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion import Fusion

HERE = Path(__file__).resolve().parent
DEFAULT, PLAIN = "concat", "transformer"
DIM = 64
COMPOSED: dict[str, Any] = {
    "sequential of transformer": {"type": "sequential", "inner": "transformer"},
    "hierarchical of gated": {"type": "hierarchical", "inner": "gated"},
    "late, product": {"type": "late", "rule": "product"},
}
ONE = ", one token"
SETTINGS = ("all tokens", "one token")
Entry = dict[str, Any]


class Course(NamedTuple):
    """A data set of the race: how it is made of a seed, and how long a training lasts."""

    load: Callable[[int], Dataset]
    seeds: int
    plan: Plan
    rates: tuple[float, ...] = (1e-3, 3e-3)


COURSES = {
    "talking_stamps": Course(stamps, 3, Plan(epochs=12, batch=256)),
    "mosi": Course(mosi, 5, Plan(epochs=10, batch=64), (1e-4, 3e-4)),
    "av_digits": Course(av_digits, 3, Plan(epochs=5, batch=128)),
}


def entries(dataset: Dataset) -> dict[str, Entry]:
    """Return name -> what `build` is told; the default and the plain one come first."""
    names = [DEFAULT, PLAIN, *(one for one in Fusion.registry if one not in (DEFAULT, PLAIN))]
    specs: Entry = {name: name for name in names} | COMPOSED
    found: dict[str, Entry] = {}
    for name, spec in specs.items():
        found[name] = {"fusion": spec}
        if looks_at_tokens(spec, dataset):
            found[name + ONE] = {"fusion": spec, "pooled": True}
    for modality in dataset.inputs:
        for fusion in (DEFAULT, PLAIN):
            found[f"{modality}{ALONE}{fusion}"] = {"fusion": fusion, "modalities": [modality]}
    return found


@torch.no_grad()
def looks_at_tokens(spec: Any, dataset: Dataset) -> bool:
    """Whether a fusion makes more of a modality's tokens than their mean."""
    torch.manual_seed(0)
    fusion = Fusion.registry.build(spec, modalities=list(dataset.inputs), dim=DIM).eval()
    tokens = {
        name: Tokens(torch.randn(4, *one.mask.shape[1:], DIM), torch.ones_like(one.mask[:4]))
        for name, one in dataset.inputs.items()
    }
    means = {name: Tokens.vector(masked_mean(one)) for name, one in tokens.items()}
    one, other = (masked_mean(fusion(given)) for given in (tokens, means))
    return not torch.allclose(one, other, atol=1e-4)


def run(dataset: Dataset, spec: dict[str, Any], plan: Plan, rate: float, seed: int) -> Entry:
    torch.manual_seed(seed)
    model = build(dataset, dim=DIM, **spec)
    trained = train(model, dataset, replace(plan, lr=rate), seed)
    return {
        "seed": seed,
        "rate": rate,
        "epoch": trained.epoch,
        "validation": trained.mean,
        "test": score(model, dataset, dataset.test),
        "parameters": sum(one.numel() for one in model.parameters()),
        "cpu_s": round(trained.cpu_s, 2),
    }


def raced(course: Course, spec: dict[str, Any], load: Callable[[int], Dataset]) -> Entry:
    """Return an entry's runs: all rates at the first seed, the best of them at the others."""
    tried = [run(load(0), spec, course.plan, rate, 0) for rate in course.rates]
    first = max(tried, key=lambda one: one["validation"])
    others = [
        run(load(seed), spec, course.plan, first["rate"], seed) for seed in range(1, course.seeds)
    ]
    return {
        "parameters": first["parameters"],
        "rate": first["rate"],
        "cpu_s": round(sum(one["cpu_s"] for one in [*tried, *others]), 1),
        "tried": {str(one["rate"]): one["validation"] for one in tried},
        "runs": [
            {key: one[key] for key in ("seed", "epoch", "validation", "test")}
            for one in [first, *others]
        ],
    }


def values(entry: Entry, task: str) -> list[float]:
    """Return the test score of each seed; `mean` is the mean over tasks."""
    if task == "mean":
        return [statistics.fmean(one["test"].values()) for one in entry["runs"]]
    return [one["test"][task] for one in entry["runs"]]


def judged(found: dict[str, Entry]) -> Entry:
    """Fill in intervals and differences; return setting -> task -> where the default stands against the best."""
    tasks = ["mean", *found[DEFAULT]["runs"][0]["test"]]
    for name, entry in found.items():
        entry["scores"] = {task: interval(values(entry, task)) for task in tasks}
        for against in (DEFAULT, PLAIN):
            if name != against:
                entry[f"minus {against}"] = {
                    task: paired(entry, found[against], task) for task in tasks
                }
    alone = [name for name in found if ALONE in name]
    fusions = [name for name in found if name not in alone]
    seen = {name: [one["validation"] for one in found[name]["runs"]] for name in alone}
    single = max(alone, key=lambda name: statistics.fmean(seen[name])) if alone else None
    all_tokens = [name for name in fusions if not name.endswith(ONE)]
    one_token = [name for name in fusions if name + ONE not in found]
    return {
        setting: {task: placed(found, names, task, single) for task in tasks}
        for setting, names in zip(SETTINGS, (all_tokens, one_token), strict=True)
    }


def placed(found: dict[str, Entry], names: list[str], task: str, single: str | None) -> Entry:
    """Return the best of `names` at a task, and the default (the one among them) beside it."""
    best = max(names, key=lambda name: found[name]["scores"][task]["mean"])
    own = DEFAULT if DEFAULT in names else DEFAULT + ONE
    mine, top = found[own]["scores"][task], found[best]["scores"][task]
    behind = paired(found[own], found[best], task)
    return {
        "best": best,
        "score": top,
        "default": mine,
        "within": mine["mean"] >= top["low"],
        "default minus best": behind,
        "no sure difference": best == own or behind["high"] >= 0,
        "best single": single,
        "default minus best single": single and paired(found[own], found[single], task),
    }


def paired(one: Entry, other: Entry, task: str) -> dict[str, float]:
    """Return the mean difference of the seeds that both have, with its interval."""
    differences = [a - b for a, b in zip(values(one, task), values(other, task), strict=True)]
    return interval(differences)


def said(name: str, verdict: Entry) -> str:
    """Return a sentence per setting and task: is the default within the interval of the best?"""
    lines = []
    for setting, tasks in verdict.items():
        for task, one in tasks.items():
            gap = one["default minus best"]
            lines.append(
                f"{name}, {setting}, {task}: best is {one['best']}, {shown(one['score'])}; {DEFAULT}, "
                f"{one['default']['mean']:.3f}, is {'within' if one['within'] else 'BELOW'} that interval; "
                f"paired difference {shown(gap, sign='+')}"
            )
    return "\n".join(lines)


def shown(one: dict[str, float], sign: str = "") -> str:
    """Return a mean with its interval."""
    return "{:{s}.3f} [{:{s}.3f}, {:{s}.3f}]".format(one["mean"], one["low"], one["high"], s=sign)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=COURSES, nargs="+", default=list(COURSES))
    parser.add_argument("--entries", nargs="+", help="these only; default: all")
    parser.add_argument("--draw", action="store_true", help="no runs: judge and draw what is there")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "fusion_race.json")
    options = parser.parse_args()
    report = read_report(options.out)
    report |= circumstances(Path(__file__)) | {
        "default": DEFAULT,
        "plain": PLAIN,
        "dim": DIM,
    }
    for name in options.only:
        course = COURSES[name]
        block = report.setdefault(
            name, {"plan": asdict(course.plan), "rates": course.rates, "entries": {}}
        )
        loaded: dict[int, Dataset] = {}

        def load(
            seed: int, course: Course = course, loaded: dict[int, Dataset] = loaded
        ) -> Dataset:
            if seed not in loaded:
                loaded[seed] = course.load(seed)
            return loaded[seed]

        for label, spec in {} if options.draw else entries(load(0)).items():
            if label in block["entries"] or (options.entries and label not in options.entries):
                continue
            block["entries"][label] = entry = raced(course, spec, load)
            write_report(options.out, report)
            mean = statistics.fmean(values(entry, "mean"))
            print(f"{name:15s} {label:28s} {mean:.4f}  {entry['cpu_s']:6.1f} s", flush=True)
        if DEFAULT in block["entries"] and PLAIN in block["entries"]:
            block["cpu_s"] = round(sum(one["cpu_s"] for one in block["entries"].values()))
            block["verdict"] = judged(block["entries"])
            write_report(options.out, report)
            print(said(name, block["verdict"]), flush=True)
    blocks = {name: report[name] for name in COURSES if "verdict" in report.get(name, {})}
    intervals(blocks, DEFAULT, PLAIN, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
