"""Kinds of task: one folder each, with its target, its heads and its scores.

A target turns cells into labels and predictions into columns (`Target`), a head turns a vector into a prediction and
its negative log-likelihood (`Head`), scores say how good predictions are, beside a baseline without inputs (`Scores`).
The subfolders are the kinds; nothing lists them. Names are imported when they are first used, and neither targets nor
scores need torch.

>>> import numpy as np
>>> from torso.tasks import evaluate_task, fit_baseline, measured
>>> baseline = fit_baseline("number", np.array([1.0, 2.0, 3.0]))
>>> report = evaluate_task("number", np.array([1.5, 2.5]), np.array([1.0, 3.0]), baseline, resamples=0)
>>> report.metrics["mae"].value, report.baseline["mae"]
(0.5, 1.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.evaluation.report import Estimate, TaskReport
    from torso.tasks._base.compare import Answered, compare_tasks
    from torso.tasks._base.decider import Decision
    from torso.tasks._base.evaluate import evaluate_task, fit_baseline, measured
    from torso.tasks._base.head import Head
    from torso.tasks._base.labels import Labels
    from torso.tasks._base.likelihood import Details
    from torso.tasks._base.logarithm import HEAVY_TAIL
    from torso.tasks._base.own_metrics import (
        Judged,
        OwnMetric,
        own_metrics,
        spelled_metrics,
        with_own_metrics,
    )
    from torso.tasks._base.response import Response
    from torso.tasks._base.scores import Measured, Scores, metrics_of, words_of
    from torso.tasks._base.target import Target, labelled

__all__ = [
    "HEAVY_TAIL",
    "Answered",
    "Decision",
    "Details",
    "Estimate",
    "Head",
    "Judged",
    "Labels",
    "Measured",
    "OwnMetric",
    "Response",
    "Scores",
    "Target",
    "TaskReport",
    "compare_tasks",
    "evaluate_task",
    "fit_baseline",
    "labelled",
    "measured",
    "metrics_of",
    "own_metrics",
    "spelled_metrics",
    "with_own_metrics",
    "words_of",
]

__getattr__ = lazy_names(
    __name__,
    {
        "._base.compare": "Answered compare_tasks",
        "._base.evaluate": "evaluate_task fit_baseline measured",
        "._base.decider": "Decision",
        "._base.head": "Head",
        "._base.labels": "Labels",
        "._base.likelihood": "Details",
        "._base.logarithm": "HEAVY_TAIL",
        "._base.own_metrics": "Judged OwnMetric own_metrics spelled_metrics with_own_metrics",
        "._base.response": "Response",
        "._base.scores": "Measured Scores metrics_of words_of",
        "._base.target": "Target labelled",
        "torso.evaluation.report": "Estimate TaskReport",
    },
)
