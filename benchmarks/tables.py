"""Plain tables beside plain methods: `adult` and `mosi`, the same rows for all; and what some defaults rest on.

    OMP_NUM_THREADS=1 python benchmarks/tables.py --seeds 0 1 2 [--sets adult mosi choices]

Torso runs as in examples/adult.py and mosi.py; sets of many numbers are in multi_target.py. A baseline is fitted on the rows that Torso may
see, training and validation together, and is tested on the same test rows; those with a strength to choose
choose it by cross-validation inside these rows. The seed draws the split (but for the test rows of adult and
mosi, which are given), the weights, and the baselines' own randomness. `choices` are widths and patience on sets of
`mtr_mulan` and adult, on validation and on test rows. Merges each set into results/tables.json as soon as it is done.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
import torch
from reports import read_report, write_report
from scipy.io import arff
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeCV
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import torso
from torso.columns.splits import split_rows
from torso.tables.table import read_table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))
import adult as adult_example  # noqa: E402
import mosi as mosi_example  # noqa: E402
from _data import data_folder  # noqa: E402

ADULT = {"training.epochs": 20}
NUM_TARGETS = {"enb": 2, "wq": 14, "jura": 3}
RIDGES = np.logspace(-2, 4, 13)
README = {"majority": 0.621, "words": 0.753, "words + voice + face": 0.775}

Fit = dict[str, Any]
Scores = dict[str, dict[str, float]]


def adult(seed: int) -> list[Fit]:
    """Income alone from all other columns, and the example's three tasks in one model."""
    folder = data_folder("adult")
    train = adult_example.read(folder / "adult-train.csv.gz")
    test = adult_example.read(folder / "adult-test.csv.gz")
    fits = []
    for name, targets in (("income alone", ["income"]), ("three tasks", adult_example.TARGETS)):
        began = time.perf_counter()
        run = torso.fit(
            train, targets, config=adult_example.CONFIG, settings={**ADULT, "seed": seed}
        )
        reports = run.evaluate(test)
        scores = {f"{task} {_METRIC[task]}": {} for task in targets}
        for task in targets:
            scores[f"{task} {_METRIC[task]}"]["torso"] = reports[task].metrics[_METRIC[task]].value
        fit = _fit(f"adult, {name}", seed, scores, run, began)
        inputs = [column for column in train if column not in targets]
        for task in targets:
            scores[f"{task} {_METRIC[task]}"] |= _adult_baselines(train, test, inputs, task, seed)
        fits.append(fit)
    return fits


_METRIC = {"income": "auroc", "hours_per_week": "r2", "workclass": "accuracy"}


def _adult_baselines(
    train: pd.DataFrame, test: pd.DataFrame, inputs: list[str], task: str, seed: int
) -> dict[str, float]:
    train, test = (table[table[task] != "?"] for table in (train, test))
    numbers = [column for column in inputs if pd.api.types.is_numeric_dtype(train[column])]
    words = [column for column in inputs if column not in numbers]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    for_trees = make_column_transformer((codes, words), ("passthrough", numbers))
    for_lines = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)
    )
    places = list(range(len(words)))
    if task == "hours_per_week":
        models = {
            "gradient boosting": (
                for_trees,
                HistGradientBoostingRegressor(categorical_features=places, random_state=seed),
            ),
            "ridge": (for_lines, RidgeCV(RIDGES)),
        }
    else:
        models = {
            "gradient boosting": (
                for_trees,
                HistGradientBoostingClassifier(categorical_features=places, random_state=seed),
            ),
            "logistic regression": (for_lines, LogisticRegression(max_iter=1000)),
        }
    scores = {}
    for name, steps in models.items():
        model = make_pipeline(*steps).fit(train[inputs], train[task])
        if _METRIC[task] == "auroc":
            positive = model.predict_proba(test[inputs])[:, 1]
            scores[name] = float(roc_auc_score(test[task] == model.classes_[1], positive))
        elif _METRIC[task] == "r2":
            scores[name] = float(r2_score(test[task], model.predict(test[inputs])))
        else:
            scores[name] = float(model.score(test[inputs], test[task]))
    return scores


def mosi(seed: int) -> list[Fit]:
    """The example's two models; logistic regressions on the same features, the context as its mean."""
    table = mosi_example.read(data_folder("mosi"))
    test = (table.split == "test").to_numpy()
    table["context mean"] = [np.mean(steps, axis=0) for steps in table.context]
    senses = [*mosi_example.SENSES]
    fits = []
    for name, inputs in (("alone", senses), ("in context", [*senses, "context"])):
        began = time.perf_counter()
        run = torso.fit(
            table,
            ["sentiment"],
            inputs=inputs,
            config=mosi_example.CONFIG,
            settings={**mosi_example.SETTINGS, "seed": seed},
        )
        scores: Scores = {
            "sentiment accuracy": {"torso": run.reports["sentiment"].metrics["accuracy"].value}
        }
        fit = _fit(f"mosi, {name}", seed, scores, run, began)
        pooled = ["context mean" if one == "context" else one for one in inputs]
        features = np.concatenate([np.stack(table[one].to_list()) for one in pooled], axis=1)
        truth = table.sentiment.to_numpy()
        for label, line in (
            ("logistic regression", LogisticRegression(max_iter=2000)),
            ("logistic regression, strength by cross-validation", _chosen_line()),
        ):
            model = make_pipeline(StandardScaler(), line).fit(features[~test], truth[~test])
            scores["sentiment accuracy"][label] = float(model.score(features[test], truth[test]))
        fits.append(fit)
    return fits


def _chosen_line() -> LogisticRegressionCV:
    return LogisticRegressionCV(
        Cs=np.logspace(-4, 1, 6), l1_ratios=(0.0,), max_iter=2000, use_legacy_attributes=False
    )


def choices(seed: int) -> list[Fit]:
    """What a default rests on, on validation and on test rows: the width of a number's embedding, patience."""
    variants = {
        "torso": {},
        "torso, width 8": {"encoders.numbers.width": 8},
        "torso, patience 100": {"training.patience": 100},
    }
    folder = data_folder("adult")
    train = adult_example.read(folder / "adult-train.csv.gz")
    test = adult_example.read(folder / "adult-test.csv.gz")
    adults: Scores = {"validation auroc": {}, "test auroc": {}}
    began = time.perf_counter()
    for label in ("torso", "torso, width 8"):
        run = torso.fit(
            train,
            ["income"],
            config=adult_example.CONFIG,
            settings={"fusion": "concat", "training.epochs": 10, "seed": seed, **variants[label]},
        )
        for where, reports in (("validation", run.reports), ("test", run.evaluate(test))):
            adults[f"{where} auroc"][label] = reports["income"].metrics["auroc"].value
    fits = [_fit("adult, income alone, concat, 10 epochs", seed, adults, run, began)]
    for name in ("enb", "wq", "jura"):
        table, inputs, targets = _mulan_table(name)
        split = split_rows(read_table(table), test=0.2, validation=0.1, seed=seed)
        as_one = table[inputs].assign(target=table[targets].values.tolist())
        scores: Scores = {"validation arrmse": {}, "test arrmse": {}}
        began = time.perf_counter()
        for label, variant in variants.items():
            settings = {"training.epochs": 100, "seed": seed, **variant}
            run = torso.fit(as_one, ["target"], settings=settings)
            held_out = run.evaluate(as_one.iloc[split.validation])
            for where, reports in (("validation", held_out), ("test", run.reports)):
                scores[f"{where} arrmse"][label] = reports["target"].metrics["arrmse"].value
        fits.append(_fit(name, seed, scores, run, began))
    return fits


def _mulan_table(name: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    table = pd.DataFrame(arff.loadarff(data_folder("mtr_mulan") / f"{name}.arff")[0])
    table = table.sample(len(table), random_state=0, ignore_index=True)
    count = NUM_TARGETS[name]
    return table, list(table.columns[:-count]), list(table.columns[-count:])


def _fit(name: str, seed: int, scores: Scores, run: torso.Predictor, began: float) -> Fit:
    training = run.metrics["training"]
    return {
        "name": name,
        "seed": seed,
        "seconds": round(time.perf_counter() - began, 1),
        "best_epoch": training["best_epoch"],
        "epochs": training["epochs"],
        "parameters": training["parameters"],
        "scores": scores,
    }


def summary(fits: list[Fit]) -> dict[str, dict[str, Any]]:
    """Return name -> metric -> mean and standard deviation over the seeds of each method, and the best."""
    out: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(fit["name"] for fit in fits):
        same = [fit["scores"] for fit in fits if fit["name"] == name]
        for metric, methods in same[0].items():
            values = {method: [one[metric][method] for one in same] for method in methods}
            means = {method: float(np.mean(one)) for method, one in values.items()}
            best = (min if metric.endswith("arrmse") else max)(means, key=lambda one: means[one])
            out.setdefault(name, {})[metric] = {
                "best": best,
                **{
                    method: {
                        "mean": means[method],
                        "sd": float(np.std(one, ddof=1)) if len(one) > 1 else None,
                    }
                    for method, one in values.items()
                },
            }
    return out


SETS: Mapping[str, tuple[Callable[[int], list[Fit]], dict[str, Any]]] = {
    "adult": (adult, {**adult_example.CONFIG, **ADULT}),
    "mosi": (mosi, {**mosi_example.CONFIG, **mosi_example.SETTINGS, "data README": README}),
    "choices": (choices, {"training.epochs": "10 on adult, with fusion concat; 100 on mtr_mulan"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "tables.json")
    options = parser.parse_args()
    for name in options.sets:
        run, settings = SETS[name]
        fits: list[Fit] = []
        for seed in options.seeds:
            fits += run(seed)
            print(json.dumps(fits[-1]), flush=True)
        report = read_report(options.out)
        report[name] = {
            "command": f"OMP_NUM_THREADS={torch.get_num_threads()} python benchmarks/tables.py --sets {name} "
            "--seeds " + " ".join(map(str, options.seeds)),
            "machine": f"{torch.get_num_threads()} thread of {os.cpu_count()} cores, {platform.machine()}, "
            f"Python {platform.python_version()}, shared with other work",
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
            "settings": settings,
            "summary": summary(fits),
            "fits": fits,
        }
        write_report(options.out, report)


if __name__ == "__main__":
    main()
