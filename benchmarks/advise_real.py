"""Advice on real tables beside a wide search: Mulan's sets, the exam, school, MOSI, Talking Stamps.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/advise_real.py        # what is not there yet; resumes
    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/advise_real.py --only "mulan jura" --most 200
    python benchmarks/advise_real.py --again                               # choices anew, from kept trainings
    python benchmarks/advise_real.py --draw                                # the picture again

One recipe for every training: `RECIPE`, in batches of about a twelfth of the rows. Advice and search learn from the same
rows and choose by the same validation rows. Test rows, which neither saw, say what the choices are worth: Δm over all
together, more is better, with 95 % intervals of the paired bootstrap over rows and of the spread over seeds. The search
trains every partition of up to four tasks, and random ones beyond until it has spent ten times the advice's CPU seconds, or
`--most`; its best four get as many seeds as the advice has, and the best of these on the validation rows is its choice.
What the advice trained counts for the search, too, at its cost. Trainings lie in $TORSO_BENCHMARK_CACHE, by default among
the system's temporary files.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import tempfile
import warnings
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import numpy as np
from picture_style import COLOURS, WIDTH, legend, pyplot, save
from real_tables import MOST_ROWS, NAMES, PART, RealTable, real_table
from reports import read_report, write_report
from wide_search import Groups, WideSearch

import torso
from torso.evaluation.estimate import Estimate
from torso.runs.folder.folder import RunFolder
from torso.runs.prepare import prepare
from torso.studies.advise import Answer
from torso.studies.advise.plan import SINGLES, TOGETHER, Candidate
from torso.studies.advise.race import Race, to_choose_on
from torso.studies.variants import Means

__all__ = ["main"]

HERE = Path(__file__).resolve().parent
RECIPE = {
    "dim": 32, "training.epochs": 8, "training.lr": 3e-3, "folds": 0, "blend": "off", "sharing": "hard",
    "pretrained": "off", "data.split.column": PART,
}  # fmt: skip
BATCHES, SMALLEST = 12, 8
TEXTS = {"type": "ngrams", "buckets": 20000}
WIDER = 10
"""The search may spend so many times the CPU seconds of the advice."""
NAMED = 20
"""Tasks up to which groups are written by name, and beyond by size."""

Json = dict[str, Any]


def fitted(table: RealTable, folder: Path) -> None:
    """Train the run that advice is asked about, unless it is there."""
    if (folder / "studies").exists() or (folder / "run.yaml").exists():
        return
    rows = int((table.frame[PART] == "train").sum())
    settings: Json = {
        **RECIPE,
        "training.batch_size": max(SMALLEST, 2 ** round(np.log2(rows / BATCHES))),
    }
    inputs = {name: kind or {} for name, kind in table.inputs.items()}
    targets = {name: kind or {} for name, kind in table.targets.items()}
    prepared = torso.prepare(table.frame, targets, inputs=inputs, settings=settings)
    texts = {
        name: TEXTS
        for name, spec in prepared.config.encoders.items()
        if isinstance(spec, dict) and spec["type"] == "transformer"
    }
    encoders = {**prepared.config.encoders, **texts}
    torso.train(prepared, {"encoders": encoders}, out=folder, progress=False)


def advised(table: RealTable, folder: Path, seeds: int) -> tuple[Answer, float]:
    """Return the advice, and its CPU seconds beside its trainings."""
    before, began = _trained(folder), process_time()
    advice = torso.advise(folder, table.frame, about="groups", seeds=seeds)["groups"]
    seconds = process_time() - began
    new = {name: own for name, own in _trained(folder).items() if name not in before}
    return advice, max(0.0, seconds - sum(new.values()))


def _trained(folder: Path) -> dict[str, float]:
    """Return the CPU seconds of each training of the advice that lies in a run's folder."""
    runs = [path.parent.parent for path in folder.glob("advise/*/studies/variant.json")]
    return {
        run.name: float(RunFolder(run).studies()["variant"]["result"]["cpu_seconds"])
        for run in runs
    }


def measured(name: str, folder: Path, seeds: int, most: float) -> Json:
    """Return the figures of a table."""
    table = real_table(name)
    fitted(table, folder)
    advice, beside = advised(table, folder, seeds)
    about: Json = {
        "tasks": len(table.targets),
        "inputs": len(table.inputs),
        "rows": table.frame[PART].value_counts().to_dict(),
        "advice": _groups(advice.groups),
        "words": " ".join(advice.words)[:500],
        "notes": len(advice.notes),
    }
    if len(table.targets) < 2:
        return {**about, "inside": True, "best": about["advice"]}
    given = {"budget": None, "refit": False, "search": False}
    prepared = prepare(table.frame, config=folder / "run.yaml", settings=given)
    race = Race(to_choose_on(prepared), Means(folder=folder / "advise", workers=1))
    search = WideSearch(prepared, race, seeds)
    for own in advice.raced:
        if own.seeds:
            search.train([Candidate(own.name, own.groups, own.settings)], own.seeds)
    cost = beside + sum(search.cost(own.name, own.seeds) for own in advice.raced)
    best = search.run(min(most, WIDER * cost))
    said = advice.recommended
    search.train([search.known[said]], seeds)
    over = {"advice": search.tested(said), "best": search.tested(best)}
    behind = search.tested(said, best)
    return {
        **about,
        "raced": {_groups_text(own.groups): own.seeds for own in advice.raced},
        "looks": advice.origin["affinity"].get("looks"),
        "best": _groups(search.known[best].groups),
        "tried": len(search.known),
        "every_partition": search.whole,
        "cpu_seconds": {"advice": round(cost, 1), "search": round(search.spent, 1)},
        "cost_ratio": round(cost / search.spent, 3),
        "validation": {
            key: _rounded(search.over(own, seeds)) if own != TOGETHER else None
            for key, own in (("advice", said), ("best", best))
        },
        "test": {key: _rounded(own) for key, own in over.items()},
        "test_advice_over_best": _rounded(behind),
        "inside": bool(over["advice"].value >= over["best"].low),
        "surely_worse_than_best": bool(behind.high < 0),
    }


def _rounded(estimate: Estimate) -> list[float | None]:
    values = estimate.value, estimate.low, estimate.high
    return [round(own, 2) if own == own else None for own in values]


def _groups(groups: Groups) -> object:
    """Return groups by name, or by size where there are many tasks."""
    count = sum(map(len, groups))
    if len(groups) in (1, count):
        return TOGETHER if len(groups) == 1 else SINGLES
    if count > NAMED:
        return sorted(map(len, groups), reverse=True)
    return [list(group) for group in groups]


def _groups_text(groups: Groups) -> str:
    said = _groups(groups)
    return said if isinstance(said, str) else f"{len(groups)} groups {sorted(map(len, groups))}"


def summary(tables: Json) -> Json:
    """Return the bars over the tables with several tasks."""
    several = [own for own in tables.values() if own["tasks"] > 1]
    return {
        "tables": len(several),
        "inside_the_interval_of_the_best": sum(own["inside"] for own in several),
        "surely_worse_than_the_best": sum(own["surely_worse_than_best"] for own in several),
        "cost_ratio_at_most_a_tenth": sum(own["cost_ratio"] <= 0.1 for own in several),
        "all_together": sum(own["advice"] == TOGETHER for own in several),
    }


def draw(report: Json, file: Path) -> None:
    """Draw Δm over all together of both choices on the test rows, a line per table."""
    drawing = pyplot()
    tables = {name: own for name, own in report["tables"].items() if own["tasks"] > 1}
    if drawing is None or not tables:
        return
    height = 1.2 + 0.26 * len(tables)
    figure, axes = drawing.subplots(figsize=(WIDTH, height))
    for at, own in enumerate(tables.values()):
        for key, shift, colour, marker in (
            ("advice", -0.14, COLOURS[0], "o"),
            ("best", 0.14, COLOURS[1], "s"),
        ):
            value, low, high = own["test"][key]
            axes.plot([low, high], [at + shift] * 2, color=colour, linewidth=1.2)
            axes.plot(value, at + shift, marker, color=colour, markersize=4)
    axes.axvline(0, color="#333333", linewidth=0.6)
    axes.set_yticks(range(len(tables)), [f"{name}, {own['tasks']}" for name, own in tables.items()])
    axes.invert_yaxis()
    axes.set_xlabel("Δm over all together on test rows, percent (95 % interval)")
    axes.grid(axis="x")
    entries = [("advice", COLOURS[0], "o"), ("best that the search found", COLOURS[1], "s")]
    legend(figure, entries, 2)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.35 / height))
    save(figure, file)


def main() -> None:
    """Measure, and write after each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=NAMES, default=[*NAMES])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=float, default=300, help="CPU seconds of a search")
    parser.add_argument("--again", action="store_true", help="tables that are there, too")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no table after")
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "advise_real.json")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    report = read_report(asked.out, {"about": __doc__.splitlines()[0], "tables": {}})
    kept = Path(os.environ.get("TORSO_BENCHMARK_CACHE") or tempfile.gettempdir()) / "advise-real"
    began = monotonic()
    for name in [] if asked.draw else asked.only:
        if (name in report["tables"]) > asked.again or monotonic() - began > 60 * asked.minutes:
            continue
        own = measured(name, kept / name.replace(" ", "-"), asked.seeds, asked.most)
        report["command"] = shlex.join(["python", "benchmarks/advise_real.py", *sys.argv[1:]])
        report["machine"] = f"{os.cpu_count()} cores, one used, {platform.machine()}, shared"
        report["recipe"] = {**RECIPE, "texts": TEXTS, "rows": MOST_ROWS, "seeds": asked.seeds}
        tables = {**report["tables"], name: own}
        report["tables"] = {each: tables[each] for each in NAMES if each in tables}
        report["summary"] = summary(report["tables"])
        write_report(asked.out, report)
        shown = {key: own.get(key) for key in ("advice", "best", "test", "cpu_seconds", "inside")}
        print(name, shown, flush=True)
    draw(report, asked.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
