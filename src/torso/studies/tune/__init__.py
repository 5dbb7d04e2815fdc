"""A search of settings for a run, ended by an honest comparison with the run's own.

>>> from torso.studies.tune.dimensions import Span
>>> str(Span(1e-4, 1e-2, log=True))
'0.0001 to 0.01 (log scale)'
"""

from torso.studies.tune.tune import plan_tuning, tune
from torso.studies.tune.tuner import Asked
from torso.studies.tune.tuning import TrialResult, Tuning, TuningPlan

__all__ = ["Asked", "TrialResult", "Tuning", "TuningPlan", "plan_tuning", "tune"]
