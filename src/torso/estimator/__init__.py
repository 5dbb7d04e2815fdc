"""Torso as a scikit-learn estimator: for pipelines, cross-validation and searches (extra `sklearn`)."""

from torso.core.optional import require

require("sklearn", extra="sklearn", why="torso.Estimator")

from torso.estimator._estimator import Estimator  # noqa: E402

__all__ = ["Estimator"]
