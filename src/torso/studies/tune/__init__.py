"""A search of settings for a run, which ends by an honest comparison with what the run has already.

>>> from torso.studies.tune.dimensions import Span
>>> str(Span(1e-4, 1e-2, log=True))
'0.0001 to 0.01 (log scale)'
"""

from torso.studies.tune.tune import plan_tuning, tune
from torso.studies.tune.tuning import TrialResult, Tuning, TuningPlan

__all__ = ["TrialResult", "Tuning", "TuningPlan", "plan_tuning", "tune"]
