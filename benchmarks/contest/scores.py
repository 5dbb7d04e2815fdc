"""Metrics of answers, as bars.json has them, and the main one on resampled rows.

A resample is a row of counts, how often each test row was drawn, so that a thousand resamples are one product.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .answers import Answers
from .tables import Question

__all__ = ["counts_of", "figures", "main_scores"]

Truth = np.ndarray
Resampled = Callable[[np.ndarray], np.ndarray]


def counts_of(rows: int, resamples: int, seed: int = 0) -> np.ndarray:
    """Return how often each row is drawn in each bootstrap resample: [resamples, rows]."""
    drawn = np.random.default_rng(seed).integers(0, rows, (resamples, rows))
    return np.stack([np.bincount(rows_, minlength=rows) for rows_ in drawn]).astype(np.float64)


def main_scores(
    question: Question, truth: Truth, answers: Answers, counts: np.ndarray | None = None
) -> np.ndarray:
    """Return the main metric on each resample of the labelled rows; without counts, on these rows once."""
    known = labelled(truth)
    metric = _metric(question, question.main)(truth[known], rows_of(answers, known))
    return metric(np.ones((1, int(known.sum()))) if counts is None else counts)


def figures(question: Question, truth: Truth, answers: Answers) -> dict[str, float]:
    """Return all metrics of a kind of target."""
    known = labelled(truth)
    truth, answers = truth[known], rows_of(answers, known)
    once = np.ones((1, len(truth)))
    names = {
        "values": ["r2", "mae", "median_ae", *(["r2_log1p"] if question.heavy else [])],
        "classes": ["accuracy", "macro_f1"] + ["auroc"] * (question.kind == "binary"),
        "sets": ["micro_f1", "subset_accuracy"],
    }[question.form]
    names += [] if question.main in names else [question.main]
    return {name: float(_metric(question, name)(truth, answers)(once)[0]) for name in names}


def labelled(truth: Truth) -> np.ndarray:
    """Return which rows have a label."""
    if truth.dtype == object:
        return np.array([label is not None for label in truth], dtype=bool)
    return ~np.isnan(truth)


def rows_of(answers: Answers, rows: np.ndarray) -> Answers:
    """Return the answers for some rows."""
    scores = None if answers.scores is None else answers.scores[rows]
    return Answers(answers.values[rows], scores, answers.classes, answers.costs)


def _r2(truth: Truth, answers: Answers) -> Resampled:
    return _explained(truth, answers.values)


def _r2_log1p(truth: Truth, answers: Answers) -> Resampled:
    """R² of logarithms; a negative answer counts as zero."""
    return _explained(np.log1p(np.maximum(truth, 0)), np.log1p(np.maximum(answers.values, 0)))


def _explained(truth: np.ndarray, values: np.ndarray) -> Resampled:
    around = truth - truth.mean()
    squares = (truth - values) ** 2

    def metric(counts: np.ndarray) -> np.ndarray:
        rows = counts.sum(axis=1)
        total = counts @ around**2 - (counts @ around) ** 2 / rows
        return 1 - counts @ squares / np.maximum(total, 1e-12)

    return metric


def _mae(truth: Truth, answers: Answers) -> Resampled:
    errors = np.abs(truth - answers.values)
    return lambda counts: counts @ errors / counts.sum(axis=1)


def _median_ae(truth: Truth, answers: Answers) -> Resampled:
    errors = np.abs(truth - answers.values)

    def metric(counts: np.ndarray) -> np.ndarray:
        return np.array([np.median(np.repeat(errors, row.astype(int))) for row in counts])

    return metric


def _accuracy(truth: Truth, answers: Answers) -> Resampled:
    hits = np.array(
        [label == value for label, value in zip(truth, answers.values, strict=True)], dtype=float
    )
    return lambda counts: counts @ hits / counts.sum(axis=1)


def _macro_f1(truth: Truth, answers: Answers) -> Resampled:
    """The mean F1 of all classes that are a label or an answer."""
    labels, values = truth.astype(str), answers.values.astype(str)
    classes = sorted({*labels, *values})

    def metric(counts: np.ndarray) -> np.ndarray:
        each = [_f1(counts, labels == name, values == name) for name in classes]
        return np.mean(each, axis=0)

    return metric


def _f1(counts: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the F1 of yes or no [rows], or of all labels of sets together [rows, labels]."""
    labels, chosen = (each.reshape(len(each), -1).astype(float) for each in (labels, chosen))
    hits = counts @ (labels * chosen).sum(axis=1)
    both = counts @ (labels + chosen).sum(axis=1)
    return 2 * hits / np.maximum(both, 1e-12)


def _auroc(truth: Truth, answers: Answers, positive: str | None) -> Resampled:
    positive = positive or max(set(truth))
    scores = np.asarray(answers.scores)[:, answers.classes.index(positive)]
    order = np.argsort(scores, kind="stable")
    hits = (truth[order] == positive).astype(float)
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])

    def metric(counts: np.ndarray) -> np.ndarray:
        drawn = counts[:, order]
        yes = np.add.reduceat(drawn * hits, starts, axis=1)
        no = np.add.reduceat(drawn * (1 - hits), starts, axis=1)
        below = np.cumsum(no, axis=1) - no / 2
        pairs = yes.sum(axis=1) * no.sum(axis=1)
        return np.where(pairs > 0, (yes * below).sum(axis=1) / np.maximum(pairs, 1e-12), 0.5)

    return metric


def _micro_f1(truth: Truth, answers: Answers) -> Resampled:
    labels, chosen = _sets(truth, answers)
    return lambda counts: _f1(counts, labels, chosen)


def _subset_accuracy(truth: Truth, answers: Answers) -> Resampled:
    labels, chosen = _sets(truth, answers)
    hits = (labels == chosen).all(axis=1).astype(float)
    return lambda counts: counts @ hits / counts.sum(axis=1)


def _sets(truth: Truth, answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and answers as bool [rows, names]; a name that no answer has counts as missed."""
    names = sorted({*answers.classes}.union(*truth))
    labels = np.array([[name in label for name in names] for label in truth], dtype=bool)
    chosen = np.zeros_like(labels)
    for column, name in enumerate(answers.classes):
        chosen[:, names.index(name)] = answers.values[:, column]
    return labels, chosen


def _metric(question: Question, name: str) -> Callable[[Truth, Answers], Resampled]:
    return partial(_auroc, positive=question.positive) if name == "auroc" else METRICS[name]


METRICS: dict[str, Callable[[Truth, Answers], Resampled]] = {
    "r2": _r2,
    "r2_log1p": _r2_log1p,
    "mae": _mae,
    "median_ae": _median_ae,
    "accuracy": _accuracy,
    "macro_f1": _macro_f1,
    "micro_f1": _micro_f1,
    "subset_accuracy": _subset_accuracy,
}
