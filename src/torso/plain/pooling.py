"""Statements of several models about the same rows, pooled into one, and the weights that suit held-out labels.

>>> import numpy as np
>>> from torso.tasks import Response
>>> labels = Response("values", np.array([[1.0], [-1.0], [0.5], [0.0]], np.float32))
>>> near, far = labels.values + 0.01, np.zeros((4, 1))
>>> fit_weights(labels, [near, far], prior=[0.5, 0.5], rows=1.0).round(1)
array([1., 0.])
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from torso.tasks._base.response import Family, Response

__all__ = [
    "LEAST",
    "constant_statement",
    "fit_weights",
    "held_out_constant",
    "log_likelihood",
    "mean_loss",
    "pool",
    "row_losses",
    "tilted",
]

Floats = NDArray[np.float64]
LEAST = 1e-12
"""Probability that a pool gives any class and any side of a label."""


def pool(family: Family, statements: Sequence[Floats], weights: Sequence[float] | Floats) -> Floats:
    """Return one statement `[rows, width]`: the mean of probabilities, or of values, with these weights.

    A linear opinion pool (Stone, Annals of Mathematical Statistics 32, 1961). Probabilities of several models are less
    sure than each of them; the head is calibrated after pooling.

    Args:
        family: of the response.
        statements: of the models, `[rows, width]` each.
        weights: of the models, which add up to 1.
    """
    if family == "values":
        return np.asarray(
            sum(w * np.asarray(s, np.float64) for w, s in zip(weights, statements, strict=True))
        )
    if family == "classes":
        chances = sum(w * _softmax(s) for w, s in zip(weights, statements, strict=True))
        return np.asarray(np.log(np.clip(chances, LEAST, None)))
    chances = sum(w * _sigmoid(s) for w, s in zip(weights, statements, strict=True))
    chances = np.clip(chances, LEAST, 1 - LEAST)
    return np.asarray(np.log(chances) - np.log1p(-chances))


def mean_loss(response: Response, statement: Floats) -> float:
    """Return the mean negative log-likelihood of the labelled rows; of values with the spread that suits them best.

    Labels count as the weights of their rows and classes say.

    Args:
        response: labels.
        statement: `[rows, width]` about the same rows.
    """
    counts = response.counts
    if response.family == "classes":
        rows = np.flatnonzero(response.values >= 0)
        logs = statement[rows] - _log_sum(statement[rows])
        losses = -logs[np.arange(len(rows)), response.values[rows]]
        return _mean(losses, None if counts is None else counts[rows])
    known = ~np.isnan(response.values)
    label, said = response.values[known].astype(np.float64), statement[known]
    if response.family == "binaries":
        losses = np.logaddexp(0.0, said) - label * said
        return _mean(losses, None if counts is None else counts[known])
    errors = np.where(known, response.values - statement, np.nan)
    squares = np.nanmean(np.square(errors), axis=0)
    if counts is not None:
        squares = np.nansum(counts * np.square(errors), axis=0) / (counts * known).sum(axis=0)
    return float(0.5 * np.log(np.clip(squares, LEAST, None)).mean())


def log_likelihood(response: Response, statement: Floats) -> float:
    """Return the log-likelihood of all labels; of values with the spread that suits them best, and less a constant.

    Args:
        response: labels.
        statement: `[rows, width]` about the same rows.
    """
    if not (count := _observations(response)):
        return 0.0
    return -count * mean_loss(response, statement)


def row_losses(
    response: Response, statement: Floats, spread: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return each row's negative log-likelihood, 0 without a label, `[rows]`, and the mean squares it is meant for.

    Args:
        response: labels.
        statement: `[rows, width]` about the same rows.
        spread: of values, the mean square of their errors, `[width]`; None for that of this statement.
    """
    if response.family == "classes":
        logs = statement - _log_sum(statement)
        kept = np.maximum(response.values, 0)
        losses = -logs[np.arange(len(kept)), kept]
        return np.where(response.labelled, losses, 0.0), np.zeros(0)
    known = ~np.isnan(response.values)
    labels = np.where(known, response.values, 0).astype(np.float64)
    if response.family == "binaries":
        own, squares = np.logaddexp(0.0, statement) - labels * statement, np.zeros(0)
    else:
        errors = np.square(labels - statement)
        counted = np.maximum(known.sum(axis=0), 1)
        squares = np.clip(np.where(known, errors, 0).sum(axis=0) / counted, LEAST, None)
        squares = squares if spread is None else spread
        own = 0.5 * errors / squares
    counts = np.maximum(known.sum(axis=1), 1)
    return np.where(known, own, 0.0).sum(axis=1) / counts, squares


def fit_weights(
    response: Response, statements: Sequence[Floats], *, prior: Sequence[float], rows: float
) -> Floats:
    """Return the weights `[models]`, from 0 and adding up to 1, with which the pool is likeliest.

    They have a Dirichlet prior, so few held-out rows move them little: it weighs as much as `rows` rows, each of which
    was best said by one model, shared out as in `prior`.

    Args:
        response: labels of rows that no model has learnt from.
        statements: of each model about these rows.
        prior: weights before any row is seen; they add up to 1.
        rows: weight of the prior, in rows.
    """
    from scipy.optimize import minimize

    before = np.clip(np.asarray(prior, np.float64), 1e-6, None)
    before = before / before.sum()
    labelled = np.flatnonzero(response.labelled)
    if len(before) == 1 or not len(labelled):
        return np.asarray(before)
    labels = response.take(labelled)
    said = [np.asarray(statement, np.float64)[labelled] for statement in statements]

    count = _observations(labels)

    def cost(free: Floats) -> float:
        weights = _weights(free)
        loss = count * mean_loss(labels, pool(labels.family, said, weights))
        return float(loss - rows * (before * np.log(np.clip(weights, LEAST, None))).sum())

    start = np.log(before)
    best = minimize(cost, start, method="L-BFGS-B", bounds=[(-12.0, 12.0)] * len(start))
    return _weights(best.x if best.fun < cost(start) else start)


def constant_statement(response: Response) -> Floats:
    """Return the statement of a model without inputs, `[width]`: shares of the classes, or means.

    Each share is drawn toward all classes alike by half a row, so none is 0. Rows count as their weights say; of
    class weights it knows nothing.
    """
    if response.family == "classes":
        rows = response.values >= 0
        weights = None if response.weights is None else response.weights[rows]
        counts = np.bincount(response.values[rows], weights, minlength=response.classes) + 0.5
        return np.asarray(np.log(counts / counts.sum()))
    known = ~np.isnan(response.values)
    values = response.values.astype(np.float64)
    if response.weights is None:
        counts, sums = known.sum(axis=0), np.nansum(values, axis=0)
    else:
        each = response.weights[:, None]
        counts, sums = (known * each).sum(axis=0), np.nansum(values * each, axis=0)
    if response.family == "values":
        return np.asarray(sums / np.where(counts > 0, counts, 1))
    shares = (sums + 0.5) / (counts + 1.0)
    return np.asarray(np.log(shares) - np.log1p(-shares))


def held_out_constant(response: Response, folds: np.ndarray) -> Floats:
    """Return the shares or means of the labels outside each row's fold, `[rows, width]`.

    Args:
        response: labels.
        folds: int `[rows]`.
    """
    said = np.zeros((len(folds), response.width))
    for fold in np.unique(folds):
        said[folds == fold] = constant_statement(response.take(np.flatnonzero(folds != fold)))
    return said


def tilted(response: Response, statement: Floats) -> Floats:
    """Return a statement about rows as they are, as one about a population whose classes are as frequent as weighted."""
    return statement if response.tilt is None else statement + response.tilt


def _mean(losses: Floats, counts: Floats | None) -> float:
    return float(losses.mean() if counts is None else np.average(losses, weights=counts))


def _observations(response: Response) -> int:
    """Return their number: the labels of a row stand for as many, as in the likelihood that a head trains on."""
    if response.family == "classes":
        return int((response.values >= 0).sum())
    return int((~np.isnan(response.values)).sum())


def _weights(free: Floats) -> Floats:
    powers = np.exp(free - free.max())
    return np.asarray(powers / powers.sum())


def _log_sum(logs: Floats) -> Floats:
    most = logs.max(axis=1, keepdims=True)
    return np.asarray(most + np.log(np.exp(logs - most).sum(axis=1, keepdims=True)))


def _softmax(logs: Floats) -> Floats:
    logs = np.asarray(logs, np.float64)
    return np.asarray(np.exp(logs - _log_sum(logs)))


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, np.float64))))
