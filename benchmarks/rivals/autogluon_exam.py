"""AutoGluon Tabular on the exam tables, one predictor a target; runs in AutoGluon's own environment.

    OMP_NUM_THREADS=1 ../ag-env/bin/python benchmarks/rivals/autogluon_exam.py --quality medium --limit 60

Answers go where `benchmarks/exam.py` keeps those of all contestants, and those that are there are not made again, so
a run that was stopped goes on. AutoGluon is favoured: it is told the kind of problem and the metric that counts,
learns the logarithm of heavy tails, and is spared the columns of pictures and recordings. It has no sets of labels.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np
import pandas as pd


def clock() -> float:
    """Return the time at the start of this process and the CPU seconds since."""
    return BEGAN + time.process_time()


BEGAN = time.time()
time.time = clock  # so limits count CPU seconds, and a busy machine cuts nothing short
from autogluon.tabular import TabularPredictor, __version__  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from contest.answers import Answers, Store  # noqa: E402
from contest.tables import ExamTable, Question, labels_of, read_tables  # noqa: E402

DATA = Path(os.environ.get("TORSO_DATA", HERE.parents[2] / "shared" / "data")) / "exam"
METRICS = {"auroc": "roc_auc", "accuracy": "accuracy", "r2": "r2", "r2_log1p": "r2"}


def main() -> None:
    """Answer all targets of all tables that have no answers yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--tables", nargs="*")
    parser.add_argument("--cv", type=int, help="a fold of train.csv in the place of test.csv")
    parser.add_argument("--quality", choices=("medium", "good", "high", "best"), default="medium")
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds a target")
    parser.add_argument("--store", type=Path, help="where answers are kept")
    parser.add_argument("--again", action="store_true")
    asked = parser.parse_args()
    store = Store(asked.store) if asked.store else Store.usual()
    contestant = f"autogluon_{asked.quality}"
    tables = sorted(read_tables(asked.data, asked.tables, asked.cv), key=lambda t: len(t.train))
    for table in tables:
        for question in table.questions.values():
            name = question.name
            if question.form == "sets" or (
                store.has(table, contestant, 0, name) and not asked.again
            ):
                continue
            try:
                answers = answer(table, question, asked.quality, asked.limit)
            except Exception:  # a target that fails is told and left out
                print(f"{table.name} {name}: failed\n{traceback.format_exc(limit=-3)}", flush=True)
                continue
            store.save(table, contestant, 0, name, answers)
            print(f"{table.name} {name}: {answers.costs}", flush=True)


def answer(table: ExamTable, question: Question, quality: str, limit: float) -> Answers:
    """Return AutoGluon's answers for one target."""
    folder = Path(tempfile.mkdtemp(prefix="ag-exam-"))
    try:
        train, test = frames(table, folder)
        labels = labels_of(question, table.train[question.name])
        known = pd.notna(labels)
        train = train[known].assign(**{question.name: targets(question, labels[known])})
        began, cpu = time.perf_counter(), cpu_seconds()
        predictor = TabularPredictor(
            question.name,
            problem_type=problem(question, labels[known]),
            eval_metric=METRICS[question.main],
            path=str(folder / "model"),
            verbosity=0,
        )
        predictor.fit(
            train,
            presets=f"{quality}_quality",
            time_limit=limit,
            num_cpus=1,
            num_gpus=0,
            excluded_model_types=["FASTAI"],  # its package is not in the environment
        )
        values, scores, classes = predictions(predictor, question, test)
        costs = {
            "seconds": round(time.perf_counter() - began, 1),
            "cpu_seconds": round(cpu_seconds() - cpu, 1),
            "limit": limit,
            "version": __version__,
            "model": str(predictor.model_best),
            "models": len(predictor.model_names()),
        }
        return Answers(values, scores, classes, costs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def frames(table: ExamTable, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the inputs as a user would read them: pandas chooses the types."""
    media = table.of_kind("image", "audio", "video")
    kept = [name for name in table.inputs if name not in media]
    train, test = (pd.read_csv(path)[kept] for path in table.files(folder))
    return train, test


def targets(question: Question, labels: np.ndarray) -> np.ndarray:
    """Return the labels as AutoGluon learns them."""
    if question.form == "values":
        return np.log1p(np.maximum(labels, 0)) if question.heavy else labels
    return labels.astype(str)


def problem(question: Question, labels: np.ndarray) -> str:
    """Return AutoGluon's name of the problem."""
    if question.form == "values":
        return "regression"
    return "binary" if len(set(labels)) == 2 else "multiclass"


def predictions(
    predictor: TabularPredictor, question: Question, rows: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Return values, and for classes their probabilities and names."""
    if question.form == "values":
        values = predictor.predict(rows).to_numpy(np.float64)
        return (np.expm1(values) if question.heavy else values), None, ()
    scores = predictor.predict_proba(rows)
    values = predictor.predict(rows).astype(str).to_numpy(dtype=str)
    return values, scores.to_numpy(np.float32), tuple(map(str, scores.columns))


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its children until now."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
