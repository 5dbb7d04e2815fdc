"""One model for all numbers of a table, by default settings, beside scikit-learn's: Mulan's sets, school, adult.

    OMP_NUM_THREADS=1 python benchmarks/multi_target.py                    # about 40 minutes; resumes
    OMP_NUM_THREADS=1 python benchmarks/multi_target.py --sets jura wq --seeds 0 1
    python benchmarks/multi_target.py --draw                               # the verdict and the picture again

The fourteen sets of Mulan that are here (2 to 16 number targets), `school` (a student's score; the school is a
category among the inputs) and `adult` (income, hours and workclass, judged by the AUROC of income). Seeds draw the
split, 70 % train, 10 % validation, 20 % test, and everything random; the test rows of adult are given. Torso learns
from the training rows and stops by the validation rows; the others learn from both. `torso` is a default run, one
task per target. `torso, 5 folds` is the mean of five of them, each of which stops by another fifth of the same
rows: what bagging and the use of all rows are worth. `torso, as classes`, on edm, whose targets are -1, 0 or 1, is a
default run that learns them as categories; its answer is the mean of the values by their probabilities. Missing inputs get the mean, but for boosting, which reads gaps.

aRRMSE is the mean over targets of the error relative to that of the mean of the rows learned from; less is better. Intervals
are 95 % t-intervals over the seeds, differences are paired. What is done stays in results/multi_target.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from picture_style import COLOURS, MARKERS, WIDTH, legend, pyplot, save
from reports import read_report, write_report
from scipy.io import arff, loadmat
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, MultiTaskElasticNetCV
from sklearn.metrics import roc_auc_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from small_training import circumstances, interval

import torso
from torso.columns.splits import split_rows
from torso.tables.table import read_table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
import adult as adult_example  # noqa: E402
from _data import data_folder  # noqa: E402

TARGETS = {
    "andro": 6, "slump": 3, "edm": 2, "atp7d": 6, "sf1": 3, "oes97": 16, "atp1d": 6, "jura": 3, "oes10": 16,
    "osales": 12, "enb": 2, "wq": 14, "sf2": 3, "scpf": 3,
}  # fmt: skip
TORSO, FOLDED, CLASSES = "torso", "torso, 5 folds", "torso, as classes"
FOLDS = 5


@dataclass(frozen=True)
class Problem:
    """A table cut in three.

    Attributes:
        table: all rows.
        inputs: columns to learn from.
        targets: target -> kind.
        parts: `train`, `validation` or `test` of each row.
        judged: the target whose AUROC counts; None for aRRMSE over all.
    """

    table: pd.DataFrame
    inputs: list[str]
    targets: Mapping[str, str]
    parts: np.ndarray
    judged: str | None = None

    @property
    def seen(self) -> np.ndarray:
        """Rows that others learn from."""
        return np.flatnonzero(self.parts != "test")

    @property
    def test(self) -> np.ndarray:
        """Rows to answer."""
        return np.flatnonzero(self.parts == "test")

    def score(self, answers: np.ndarray) -> float:
        """Return AUROC of probabilities `[test rows]`, or aRRMSE of numbers `[test rows, targets]`."""
        if self.judged:
            truth = self.table[self.judged].to_numpy()[self.test]
            return float(roc_auc_score(truth == sorted(set(truth))[1], answers))
        truth = self.table[[*self.targets]].to_numpy(float)
        error = (truth[self.test] - answers) ** 2
        blind = (truth[self.test] - np.nanmean(truth[self.seen], axis=0)) ** 2
        return float(np.sqrt(np.nanmean(error, axis=0) / np.nanmean(blind, axis=0)).mean())


def mulan(name: str, seed: int) -> Problem:
    table = pd.DataFrame(arff.loadarff(data_folder("mtr_mulan") / f"{name}.arff")[0])
    for column in table.select_dtypes(object):
        table[column] = table[column].str.decode("utf-8")
    targets = list(table.columns[-TARGETS[name] :])
    inputs = list(table.columns[: -TARGETS[name]])
    return Problem(table, inputs, dict.fromkeys(targets, "number"), _parts(table, seed))


def school(seed: int) -> Problem:
    content = loadmat(data_folder("school") / "school.mat")
    students, scores = content["X"].ravel(), content["Y"].ravel()
    table = pd.DataFrame(np.concatenate(students)).rename(columns=lambda place: f"x{place}")
    table = table.loc[:, table.nunique() > 1]
    inputs = [*table.columns, "school"]
    table["school"] = np.repeat(
        [f"s{place}" for place in range(len(students))], [*map(len, students)]
    )
    table["score"] = np.concatenate(scores).ravel()
    return Problem(table, inputs, {"score": "number"}, _parts(table, seed))


def adult(seed: int) -> Problem:
    folder = data_folder("adult")
    train, test = (
        adult_example.read(folder / f"adult-{part}.csv.gz") for part in ("train", "test")
    )
    table = pd.concat([train, test], ignore_index=True).replace("?", None)
    parts = np.repeat(["train", "test"], [len(train), len(test)]).astype(object)
    parts[np.random.default_rng(seed).permutation(len(train))[: len(train) // 8]] = "validation"
    targets = {"income": "binary", "hours_per_week": "number", "workclass": "category"}
    inputs = [column for column in table if column not in targets]
    return Problem(table, inputs, targets, parts, judged="income")


def _parts(table: pd.DataFrame, seed: int) -> np.ndarray:
    split = split_rows(read_table(table), test=0.2, validation=0.1, seed=seed)
    parts = np.full(len(table), "train", dtype=object)
    parts[split.validation], parts[split.test] = "validation", "test"
    return parts


def one_run(problem: Problem, seed: int, parts: np.ndarray | None = None) -> np.ndarray:
    """Return the answers of a default run to the test rows."""
    table = problem.table.assign(part_of_row=problem.parts if parts is None else parts)
    run = torso.fit(
        table,
        dict(problem.targets),
        inputs=problem.inputs,
        settings={"seed": seed, "data.split.column": "part_of_row"},
    )
    answers = run.predict(table.iloc[problem.test])
    if problem.judged:
        last = sorted(set(table[problem.judged]))[1]
        return answers[f"{problem.judged}_probability_{last}"].to_numpy()
    return answers[[*problem.targets]].to_numpy(float)


def as_classes(problem: Problem, seed: int) -> np.ndarray:
    """Return the same of a run whose targets are the values of the numbers as categories."""
    table = problem.table.assign(part_of_row=problem.parts)
    table[[*problem.targets]] = table[[*problem.targets]].map("value {:g}".format)
    run = torso.fit(
        table,
        dict.fromkeys(problem.targets, "category"),
        inputs=problem.inputs,
        settings={"seed": seed, "data.split.column": "part_of_row"},
    )
    answers = run.predict(table.iloc[problem.test])
    return np.stack(
        [
            sum(
                float(name.removeprefix("value ")) * answers[f"{target}_probability_{name}"]
                for name in run.schema.targets[target].names
            )
            for target in problem.targets
        ],
        axis=1,
    )


def folds(problem: Problem, seed: int) -> np.ndarray:
    """Return the mean of the answers of runs that stop by one fold each."""
    rows = np.random.default_rng(seed).permutation(problem.seen)
    answers = []
    for fold in range(FOLDS):
        parts = np.where(problem.parts == "test", "test", "train").astype(object)
        parts[rows[fold::FOLDS]] = "validation"
        answers.append(one_run(problem, seed + fold, parts))
    return np.mean(answers, axis=0)


def rivals(problem: Problem, seed: int) -> dict[str, Callable[[], np.ndarray]]:
    """Return what answers the test rows, by name."""
    table = problem.table
    numbers = [one for one in problem.inputs if pd.api.types.is_numeric_dtype(table[one])]
    words = [one for one in problem.inputs if one not in numbers]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=250)
    gaps = make_column_transformer((codes, words), ("passthrough", numbers))
    whole = make_column_transformer((codes, words), (SimpleImputer(), numbers))
    lines = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
    )
    known = np.arange(len(table))
    if problem.judged:
        label = table[problem.judged]
        boosting: Any = HistGradientBoostingClassifier(
            random_state=seed, categorical_features=[*range(len(words))]
        )
        forest: Any = RandomForestClassifier(random_state=seed)
        line: Any = LogisticRegression(max_iter=1000)
        last = "logistic regression"
    else:
        label = table[[*problem.targets]].to_numpy(float)
        known = np.flatnonzero(~np.isnan(label).any(axis=1))
        boosting = MultiOutputRegressor(
            HistGradientBoostingRegressor(
                random_state=seed, categorical_features=[*range(len(words))] or None
            )
        )
        forest = RandomForestRegressor(random_state=seed)
        line = MultiTaskElasticNetCV(l1_ratio=[0.5, 1.0], alphas=30, cv=3)
        last = "elastic net"
    seen = np.intersect1d(problem.seen, known)
    rows = table[problem.inputs]

    def answered(columns: Any, model: Any) -> np.ndarray:
        steps = make_pipeline(columns, model)
        if problem.judged:
            steps.fit(rows.iloc[seen], label.iloc[seen])
            return np.asarray(steps.predict_proba(rows.iloc[problem.test])[:, 1])
        middle, width = label[seen].mean(axis=0), label[seen].std(axis=0) + 1e-12
        scaled = (label[seen] - middle) / width
        if scaled.shape[1] == 1 and model is forest:
            scaled = scaled.ravel()
        steps.fit(rows.iloc[seen], scaled)
        return middle + width * np.reshape(
            steps.predict(rows.iloc[problem.test]), (-1, len(middle))
        )

    return {
        last: lambda: answered(lines, line),
        "gradient boosting": lambda: answered(gaps, boosting),
        "random forest": lambda: answered(whole, forest),
    }


def answered(
    problem: Problem,
    ways: Mapping[str, Callable[[], np.ndarray]],
    done: dict[str, Any],
    keep: Callable[[], None],
) -> None:
    """Put score and seconds of the ways that `done` lacks into it, and `keep` them after each."""
    for way, answer in ways.items():
        if way not in done:
            began = time.process_time()
            score = problem.score(answer())
            done[way] = {"score": score, "cpu_s": round(time.process_time() - began, 1)}
            keep()


def said(done: Mapping[str, Any]) -> str:
    """Return the scores in a line."""
    return ", ".join(f"{way} {one['score']:.3f}" for way, one in done.items())


def verdict(block: Mapping[str, Mapping[str, Any]], more: bool) -> dict[str, Any]:
    """Return each method's interval, and torso's paired difference from each; positive where torso is better."""
    seeds = [*block]
    methods = [one for one in block[seeds[0]] if all(one in block[seed] for seed in seeds)]
    values = {one: [block[seed][one]["score"] for seed in seeds] for one in methods}
    sign = 1.0 if more else -1.0
    out: dict[str, Any] = {"scores": {one: interval(found) for one, found in values.items()}}
    for own in (TORSO, FOLDED, CLASSES):
        if own in values:
            out[f"{own} is better by"] = {
                one: interval([sign * (a - b) for a, b in zip(values[own], found, strict=True)])
                for one, found in values.items()
                if one != own
            }
    return out


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Draw a line per set: each method's error, relative to torso's on the same split."""
    drawing = pyplot()
    names = [name for name in report["sets"] if not report["sets"][name]["more is better"]]
    if drawing is None or not names:
        return
    figure, axis = drawing.subplots(figsize=(WIDTH, 0.5 * len(names) + 1.2))
    methods = list(report["sets"][names[0]]["verdict"]["scores"])
    looks = list(zip(methods, COLOURS, MARKERS, strict=False))
    legend(figure, looks, columns=len(looks))
    for place, name in enumerate(names):
        scores = report["sets"][name]["verdict"]["scores"]
        for number, method in enumerate(method for method in methods if method in scores):
            one = scores[method]
            height = place + 0.16 * (number - len(methods) / 2)
            _, colour, marker = looks[methods.index(method)]
            low, high = max(one["low"], 0.0), min(one["high"], 1.4)
            axis.plot([low, high], [height, height], color=colour, linewidth=1)
            axis.plot(one["mean"], height, marker, color=colour, markersize=5)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlim(0, 1.4)
    axis.axvline(1.0, color="0.6", linewidth=0.6)
    axis.set_xlabel("aRRMSE on held-out rows (1: the mean), 95 % interval over seeds")
    axis.grid(axis="x")
    axis.set_ylim(-0.6, len(names) - 0.4)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / figure.get_figheight()))
    save(figure, file)


SETS: dict[str, Callable[[int], Problem]] = {
    **{name: (lambda seed, name=name: mulan(name, seed)) for name in TARGETS},
    "school": school,
    "adult": adult,
}
ONCE = ("school", "adult")
"""Sets with rows enough that folds would take an hour."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--draw", action="store_true", help="no runs: judge and draw what is there")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "multi_target.json")
    options = parser.parse_args()
    report = read_report(options.out)
    report |= circumstances(Path(__file__))
    sets = report.setdefault("sets", {})
    for name in [] if options.draw else options.sets:
        for seed in options.seeds:
            problem = SETS[name](seed)
            block = sets.setdefault(
                name,
                {
                    "rows": len(problem.table),
                    "inputs": len(problem.inputs),
                    "targets": len(problem.targets),
                    "more is better": problem.judged is not None,
                    "runs": {},
                },
            )
            done = block["runs"].setdefault(str(seed), {})
            ways = {TORSO: lambda: one_run(problem, seed), FOLDED: lambda: folds(problem, seed)}  # noqa: B023
            if name in ONCE:
                ways.pop(FOLDED)
            if name == "edm":
                ways[CLASSES] = lambda: as_classes(problem, seed)  # noqa: B023
            ways |= rivals(problem, seed)
            answered(problem, ways, done, partial(write_report, options.out, report))
            print(f"{name} {seed}: {said(done)}", flush=True)
    for block in sets.values():
        block["verdict"] = verdict(block["runs"], block["more is better"])
    write_report(options.out, report)
    draw(report, options.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
