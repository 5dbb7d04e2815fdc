"""What the default run is worth on small tables of numbers, and what its parts are worth there.

    OMP_NUM_THREADS=1 python benchmarks/small_tables.py --seeds 0 1 2 [--sets oes97 jura]     # resumes
    python benchmarks/small_tables.py --draw       # the verdict and the picture again

Mulan's sets whose inputs are all numbers, as `multi_target.py` reads, splits and scores them (aRRMSE on held-out
rows, 1 is the mean, less is better; Torso learns from 70 % of the rows and stops by 10 %, the others learn from both).
`torso` is a default run. `as before` lacks the two things that were added for such tables: a line from the numbers past
their token's LayerNorm (`linear`), and the running mean of the weights (`training.average`), which `weights not averaged`
lacks alone. Both were chosen on sets of `CHOSEN_ON`, on the splits 10 to 17, which are not among the seeds here; the other
sets had no part in it. `ridge` chooses
a strength per target by leaving one row out. Intervals are 95 % t-intervals over the seeds, differences are paired.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from multi_target import Problem, answered, mulan, rivals, said
from picture_style import COLOURS, MARKERS, WIDTH, legend, pyplot, save
from reports import read_report, write_report
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from small_training import circumstances, interval, paired_interval

import torso

HERE = Path(__file__).resolve().parent
CHOSEN_ON = ("oes97", "jura", "slump", "atp1d", "enb", "wq")
OTHERS = ("oes10", "atp7d", "edm", "andro", "osales")
TORSO = "torso"
BEFORE, PLAIN = "as before", "weights not averaged"
WAYS: dict[str, dict[str, Any]] = {
    TORSO: {},
    BEFORE: {"encoders.numbers.linear": False, "training.average": 0},
    PLAIN: {"training.average": 0},
}
RIDGES = np.logspace(-2, 4, 13)


def one_run(problem: Problem, seed: int, settings: Mapping[str, Any]) -> np.ndarray:
    """Return the answers of a run to the test rows."""
    run = torso.fit(
        problem.table.assign(part_of_row=problem.parts),
        dict(problem.targets),
        inputs=problem.inputs,
        settings={"seed": seed, "data.split.column": "part_of_row", **settings},
    )
    return run.predict(problem.table.iloc[problem.test])[[*problem.targets]].to_numpy(float)


def ridge(problem: Problem) -> np.ndarray:
    """Return ridge regression's answers to the test rows."""
    rows, labels = problem.table[problem.inputs], problem.table[[*problem.targets]].to_numpy(float)
    numbers = [one for one in problem.inputs if pd.api.types.is_numeric_dtype(rows[one])]
    words = [one for one in problem.inputs if one not in numbers]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
    )
    seen = np.setdiff1d(problem.seen, np.flatnonzero(np.isnan(labels).any(axis=1)))
    model = make_pipeline(columns, MultiOutputRegressor(RidgeCV(RIDGES)))
    model.fit(rows.iloc[seen], labels[seen])
    return np.asarray(model.predict(rows.iloc[problem.test]))


def ways(problem: Problem, seed: int) -> dict[str, Callable[[], np.ndarray]]:
    """Return what answers the test rows, by name."""
    own = {
        name: lambda settings=settings: one_run(problem, seed, settings)
        for name, settings in WAYS.items()
    }
    forest = {"random forest": rivals(problem, seed)["random forest"]}
    return {**own, "ridge": lambda: ridge(problem), **forest}


def verdict(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return each way's interval, and by how much torso's error is less than another way's."""
    values: dict[str, dict[str, float]] = {}
    for seed, done in runs.items():
        for way, found in done.items():
            values.setdefault(way, {})[seed] = found["score"]
    own = values.get(TORSO, {})
    return {
        "scores": {way: interval([*found.values()]) for way, found in values.items()},
        "torso is better by": {
            way: paired
            for way, found in values.items()
            if way != TORSO and (paired := paired_interval(found, own))
        },
    }


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Draw a line per set: each way's error on held-out rows."""
    drawing = pyplot()
    names = [name for name in report["sets"] if TORSO in report["sets"][name]["verdict"]["scores"]]
    if drawing is None or not names:
        return
    figure, axis = drawing.subplots(figsize=(WIDTH, 0.45 * len(names) + 1.2))
    shown = (TORSO, BEFORE, "ridge", "random forest")
    legend(figure, zip(shown, COLOURS, MARKERS, strict=False))
    for place, name in enumerate(reversed(names)):
        scores = report["sets"][name]["verdict"]["scores"]
        for number, way in enumerate(shown):
            if way not in scores:
                continue
            one, height = scores[way], place + 0.15 * (1.5 - number)
            ends = [max(one["low"], 0.0), min(one["high"], 1.3)]
            axis.plot(ends, [height, height], color=COLOURS[number], linewidth=1)
            axis.plot(one["mean"], height, MARKERS[number], color=COLOURS[number], markersize=5)
    marked = [f"{name} *" if name in CHOSEN_ON else name for name in reversed(names)]
    axis.set_yticks(range(len(names)), marked)
    axis.set_xlim(0, 1.3)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.axvline(1.0, color="0.6", linewidth=0.6)
    axis.set_xlabel(
        "aRRMSE on held-out rows (1: the mean), 95 % over seeds; * sets that choices saw"
    )
    axis.grid(axis="x")
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / figure.get_figheight()))
    save(figure, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sets = (*CHOSEN_ON, *OTHERS)
    parser.add_argument("--sets", nargs="+", choices=sets, default=[*sets])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", help="only these")
    parser.add_argument("--draw", action="store_true", help="no runs: judge and draw what is there")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "small_tables.json")
    options = parser.parse_args()
    report = read_report(options.out, {"sets": {}})
    report |= circumstances(Path(__file__)) | {"chosen on": CHOSEN_ON}
    for name in [] if options.draw else options.sets:
        for seed in options.seeds:
            problem = mulan(name, seed)
            size = {"rows": len(problem.table), "inputs": len(problem.inputs)}
            block = report["sets"].setdefault(name, {**size, "runs": {}})
            done = block["runs"].setdefault(str(seed), {})
            wanted = {
                way: answer
                for way, answer in ways(problem, seed).items()
                if not options.ways or way in options.ways
            }
            answered(problem, wanted, done, partial(write_report, options.out, report))
            print(f"{name} {seed}: {said(done)}", flush=True)
    for block in report["sets"].values():
        block["verdict"] = verdict(block["runs"])
    write_report(options.out, report)
    draw(report, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
