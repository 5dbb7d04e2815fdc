"""One run of Torso on one exam table, in a process of its own; exam.py calls it as `-m contest.own_run`.

Fits on train.csv with the names of the targets and nothing else, answers test.csv, and keeps the answers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

import torso

from .answers import Answers, Store
from .tables import ExamTable, Question, labels_of, read_table


def main() -> None:
    """Run and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cv", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--name", required=True)
    asked = parser.parse_args()
    table = read_table(asked.folder, asked.cv)
    store = Store(asked.store)
    began = perf_counter()
    with TemporaryDirectory(prefix="torso-exam-") as written:
        run, frame = fit(table, asked.set, asked.seed, Path(written))
    for question in table.questions.values():
        answers = answers_of(table, question, frame)
        store.save(table, asked.name, asked.seed, question.name, answers)
    training = run.report.training
    told = {
        "end": str(training.end),
        "epochs": training.epochs,
        "seconds": round(perf_counter() - began, 1),
        "inputs": {name: said["kind"] for name, said in run.config.inputs.items()},
        "targets": {name: said["kind"] for name, said in run.config.targets.items()},
        "notes": list(run.notes),
    }
    print(json.dumps(told))


def fit(table: ExamTable, settings: list[str], seed: int, folder: Path) -> tuple[Any, pd.DataFrame]:
    """Return the run and its answers to the test rows."""
    train, test = table.files(folder)
    given = [f"seed={seed}", *settings]
    if table.media:
        given.append(f"data.root={json.dumps([str(path) for path in table.media])}")
    run = torso.fit(train, list(table.questions), test=test, settings=given)
    return run, run.predict(test)


def answers_of(table: ExamTable, question: Question, frame: pd.DataFrame) -> Answers:
    """Return the answers to one question out of the frame that `predict` gave.

    A class is written as the training rows write it: `true` for `TRUE`, `3.0` for `3`.
    """
    cells, start = frame[question.name], f"{question.name}_probability_"
    if question.form == "values":
        return Answers(pd.to_numeric(cells, errors="coerce").to_numpy(np.float64))
    labels = labels_of(question, table.train[question.name])
    known = [label for label in labels if label is not None]
    if question.form == "sets":
        classes = sorted(set().union(*known))
        values = np.array([chosen(cell, classes) for cell in cells], dtype=bool)
    else:
        classes = sorted(set(known))
        values = np.array([spelled(cell, classes) for cell in cells], dtype=str)
    columns = {
        spelled(name[len(start) :], classes): frame[name].to_numpy(np.float32)
        for name in frame
        if name.startswith(start)
    }
    if not columns and question.form == "classes":  # it took the target for something else
        columns = {name: (values == name).astype(np.float32) for name in classes}
    nothing = np.zeros(len(frame), dtype=np.float32)
    scores = np.stack([columns.get(name, nothing) for name in classes], axis=1)
    return Answers(values, scores, tuple(classes))


def chosen(cell: object, classes: list[str]) -> list[bool]:
    """Return which labels a cell names."""
    parts = cell.split("|") if isinstance(cell, str) else cell if isinstance(cell, list) else []
    named = {spelled(part, classes) for part in parts}
    return [name in named for name in classes]


def spelled(value: object, classes: list[str]) -> str:
    """Return the class that a value means; the value's own spelling if it is none of them."""
    text = str(value).strip()
    if text in classes:
        return text
    for name in classes:
        if name.strip().casefold() == text.casefold():
            return name
    number = pd.to_numeric(text, errors="coerce")
    numbers = pd.to_numeric(pd.Series(classes), errors="coerce").to_numpy(np.float64)
    if np.isfinite(number) and np.isfinite(numbers).all():
        return classes[int(np.abs(numbers - number).argmin())]
    return text


if __name__ == "__main__":
    main()
