"""Torso as a scikit-learn estimator: for pipelines, cross-validation and searches (extra `sklearn`).

>>> import numpy as np
>>> from torso import Estimator
>>> X = np.arange(40.0).reshape(-1, 1)
>>> estimator = Estimator(kind="number", dim=8, epochs=1).fit(X, 2 * X[:, 0])
>>> estimator.predict(X[:3]).shape
(3,)
"""

from torso.core.optional import require

require("sklearn", extra="sklearn", why="torso.Estimator")

from torso.estimator._estimator import Estimator  # noqa: E402

__all__ = ["Estimator"]
