r"""The dial beside itself: figures of `quality` on held-out rows of train.csv, with paired intervals of the loss of a row.

    for q in fast balanced best; do OMP_NUM_THREADS=1 python benchmarks/exam.py --cv 0 --tables mustard coffee coasters \
        --set quality=$q --out OUT/$q.json --store STORE; done
    python benchmarks/dial.py --reports OUT --store STORE

The loss is the negative log-likelihood of a class, or the squared error of a number in units of its variance; sets of
labels have none here. A gain is that of `balanced` less that of `best`, with the 95 % interval of 1,000 resamples.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from contest.answers import Answers, Store
from contest.tables import ExamTable, Question, labels_of, read_tables
from exam import DATA
from reports import read_report, write_report

KEPT = Path(__file__).resolve().parent / "results" / "dial.json"
QUALITIES = ("fast", "balanced", "best")


def main() -> None:
    """Put the reports side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=KEPT)
    asked = parser.parse_args()
    reports = {name: read_report(asked.reports / f"{name}.json") for name in QUALITIES}
    store = Store(asked.store)
    result: dict[str, Any] = {"about": __doc__.splitlines()[0], "tables": {}}
    for table in read_tables(DATA, [*reports["balanced"]["tables"]], 0):
        own = {
            name: report["tables"][table.name]
            for name, report in reports.items()
            if table.name in report["tables"]
        }
        result["tables"][table.name] = {
            "cpu_seconds": {name: e["costs"][f"torso-{name}"]["0"] for name, e in own.items()},
            "targets": {
                question.name: {
                    "metric": question.main,
                    **{name: score(entry, name, question) for name, entry in own.items()},
                    **gain(table, store, question),
                }
                for question in table.questions.values()
            },
        }
    write_report(asked.out, result)


def score(entry: dict[str, Any], name: str, question: Question) -> float:
    """Return the main metric of a quality."""
    scores = entry["targets"][question.name]["scores"][f"torso-{name}"]["0"]
    return float(scores[question.main])


def gain(table: ExamTable, store: Store, question: Question) -> dict[str, list[float]]:
    """Return what `best` gains over `balanced`, with its interval; nothing where one has no answers or no loss."""
    if question.form == "sets" or not store.has(table, "torso-best", 0, question.name):
        return {}
    labels = labels_of(question, table.test[question.name])
    usual, best = (
        losses(question, labels, store.load(table, f"torso-{name}", 0, question.name))
        for name in ("balanced", "best")
    )
    less = usual - best
    drawn = np.random.default_rng(0).integers(0, len(less), (1000, len(less)))
    bounds = np.quantile(less[drawn].mean(axis=1), [0.025, 0.975])
    return {"gain": [round(float(value), 4) for value in (less.mean(), *bounds)]}


def losses(question: Question, labels: Any, answers: Answers) -> np.ndarray:
    """Return the loss of each labelled row."""
    if question.form == "values":
        truth, said = np.asarray(labels, np.float64), answers.values
        if question.heavy:
            truth, said = np.log1p(np.maximum(truth, 0)), np.log1p(np.maximum(said, 0))
        known = np.isfinite(truth)
        return np.asarray(np.square(said - truth)[known] / truth[known].var())
    column = {name: index for index, name in enumerate(answers.classes)}
    assert answers.scores is not None
    chances = [row[column[c]] for row, c in zip(answers.scores, labels, strict=True) if c in column]
    return -np.log(np.maximum(np.asarray(chances, np.float64), 1e-4))


if __name__ == "__main__":
    main()
