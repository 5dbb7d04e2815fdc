"""The plain contestants: what a practitioner writes in twenty lines, nothing tuned.

A model without inputs, linear models on n-grams and codes, boosted trees on numbers, codes and components of texts.
`_log` learns log1p of a heavy tail; `_nomedia` sees no picture and no recording. `forest` stands in for figures of
bars.json on tables that came without.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

from .answers import Answers, Store
from .names import PLAIN
from .plain_features import PlainFeatures, Rows
from .tables import ExamTable, Question, labels_of

__all__ = ["run_plain"]

Model = Any
MOST_LABELS = 20  # sets with more labels get no boosted trees: one model a label


@dataclass(frozen=True)
class Recipe:
    """A plain model.

    Attributes:
        view: features with or without media -> rows.
        numbers: makes the model of a number.
        classes: makes the model of classes.
        most_labels: of sets that it answers.
    """

    view: Callable[[PlainFeatures, bool], Rows]
    numbers: Callable[[], Model]
    classes: Callable[[], Model]
    most_labels: int = MOST_LABELS


def _wide(features: PlainFeatures, media: bool) -> Rows:
    return features.wide(media)


def _dense(components: int) -> Callable[[PlainFeatures, bool], Rows]:
    return lambda features, media: features.dense(components, media)


class Boosted:
    """LightGBM whose number of trees is found on a share of the rows; then it learns from all.

    Args:
        maker: class of the model.
    """

    def __init__(self, maker: type) -> None:
        self.maker = maker

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> Boosted:
        """Learn."""
        settings = {"learning_rate": 0.05, "colsample_bytree": 0.5, "subsample": 0.8}
        settings |= {"subsample_freq": 1, "min_child_samples": 10, "random_state": 0}
        settings |= {"n_jobs": 1, "verbosity": -1}
        drawn = np.random.default_rng(0).random(len(labels)) < 0.15
        if labels.dtype.kind != "f":  # a class must be among the rows that are learnt from
            drawn &= np.isin(labels, labels[~drawn])
        trial = self.maker(n_estimators=500, num_leaves=15, **settings)
        stop = lightgbm.early_stopping(30, verbose=False)
        trial.fit(
            rows[~drawn], labels[~drawn], eval_set=[(rows[drawn], labels[drawn])], callbacks=[stop]
        )
        trees = max(10, int((trial.best_iteration_ or 500) / 0.85))
        self.model = self.maker(n_estimators=trees, num_leaves=15, **settings).fit(rows, labels)
        self.classes_ = getattr(self.model, "classes_", None)
        return self

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return values or classes."""
        return self.model.predict(rows)

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Return the probability of each class."""
        return self.model.predict_proba(rows)


LINEAR = Recipe(
    _wide, lambda: Ridge(), lambda: LogisticRegression(max_iter=1000), most_labels=10_000
)
RECIPES = {
    "linear": LINEAR,
    "hgb": Recipe(
        _dense(64),
        lambda: HistGradientBoostingRegressor(random_state=0),
        lambda: HistGradientBoostingClassifier(random_state=0),
    ),
    "lightgbm": Recipe(
        _dense(32),
        lambda: Boosted(lightgbm.LGBMRegressor),
        lambda: Boosted(lightgbm.LGBMClassifier),
        most_labels=10_000,
    ),
    "forest": Recipe(
        lambda features, media: _filled(features.dense(8, media)),
        lambda: RandomForestRegressor(500, min_samples_leaf=2, max_features=0.3, random_state=0),
        lambda: RandomForestClassifier(500, min_samples_leaf=2, random_state=0),
    ),
}


def run_plain(table: ExamTable, store: Store, *, again: bool = False) -> None:
    """Let every plain contestant answer all questions that it has no answers to."""
    features, began = PlainFeatures(table), time.process_time()
    for contestant in PLAIN:
        recipe, media = contestant.split("_")[0], not contestant.endswith("_nomedia")
        if (recipe == "forest" and table.bars) or (not media and not features.has_media):
            continue
        asked = [
            question
            for question in table.questions.values()
            if fits(table, question, contestant)
            and (again or not store.has(table, contestant, 0, question.name))
        ]
        rows = RECIPES[recipe].view(features, media) if asked and recipe in RECIPES else None
        for question in asked:
            answers = answer(table, question, contestant, rows)
            store.save(table, contestant, 0, question.name, answers)
    store.spend(table, "plain", 0, time.process_time() - began)


def fits(table: ExamTable, question: Question, contestant: str) -> bool:
    """Return whether a contestant answers such a question."""
    if "_log" in contestant or contestant == "median":
        return question.heavy
    recipe = RECIPES.get(contestant.split("_")[0])
    if question.form != "sets" or recipe is None:
        return True
    known = labels_of(question, table.train[question.name])
    return len(set().union(*filter(None, known))) <= recipe.most_labels


def answer(table: ExamTable, question: Question, contestant: str, rows: Rows | None) -> Answers:
    """Return a contestant's answers to one question."""
    labels = labels_of(question, table.train[question.name])
    known = np.array([label is not None and label == label for label in labels])
    labels, size = labels[known], len(table.test)
    if rows is None:
        return constant(question, contestant, labels, size)
    recipe = RECIPES[contestant.split("_")[0]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if question.form == "values":
            log = "_log" in contestant
            model = recipe.numbers().fit(
                rows.train[known], np.log1p(np.maximum(labels, 0)) if log else labels
            )
            values = np.asarray(model.predict(rows.test), dtype=np.float64)
            return Answers(np.expm1(values) if log else values)
        if question.form == "classes":
            model = recipe.classes().fit(rows.train[known], labels.astype(str))
            scores = model.predict_proba(rows.test).astype(np.float32)
            classes = tuple(map(str, model.classes_))
            return Answers(np.array(classes)[scores.argmax(axis=1)], scores, classes)
        return answer_sets(recipe, labels, known, rows)


def answer_sets(recipe: Recipe, labels: np.ndarray, known: np.ndarray, rows: Rows) -> Answers:
    """Return labels of which a model of their own says more than one half."""
    classes = tuple(sorted(set().union(*labels)))
    scores = np.zeros((rows.test.shape[0], len(classes)), dtype=np.float32)
    for column, name in enumerate(classes):
        has = np.array([name in label for label in labels])
        if has.all():
            scores[:, column] = 1
        elif has.any():
            model = recipe.classes().fit(rows.train[known], has)
            scores[:, column] = model.predict_proba(rows.test)[:, 1]
    return Answers(scores > 0.5, scores, classes)


def constant(question: Question, contestant: str, labels: np.ndarray, size: int) -> Answers:
    """Return what a model without inputs says: mean, median, commonest class, labels of most rows."""
    if question.form == "values":
        value = np.median(labels) if contestant == "median" else labels.mean()
        return Answers(np.full(size, value))
    if question.form == "classes":
        classes, counts = np.unique(labels.astype(str), return_counts=True)
        scores = np.tile((counts / counts.sum()).astype(np.float32), (size, 1))
        return Answers(np.full(size, classes[counts.argmax()]), scores, tuple(classes.tolist()))
    classes = sorted(set().union(*labels))
    shares = np.array([np.mean([name in label for label in labels]) for name in classes])
    scores = np.tile(shares.astype(np.float32), (size, 1))
    return Answers(scores > 0.5, scores, tuple(classes))


def _filled(rows: Rows) -> Rows:
    """Return medians in the place of gaps."""
    middle = np.nan_to_num(np.nanmedian(rows.train, axis=0))
    return Rows(*(np.where(np.isnan(part), middle, part) for part in (rows.train, rows.test)))
