"""Torso: many senses in, one shared body, many tasks out.

`torso.fit` trains one model on a table with gaps; `torso.load` opens a run; every room (`torso.encoders`,
`torso.fusion`, `torso.sharing`, `torso.tasks`, `torso.balancing`, `torso.training`) is usable alone, after
`import torso` too. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso._version import __version__
from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso import (  # noqa: F401
        balancing,
        cache,
        columns,
        core,
        encoders,
        estimator,
        evaluation,
        exporting,
        fusion,
        inference,
        model,
        plain,
        planted,
        progress,
        reports,
        runs,
        runtime,
        search,
        serving,
        sharing,
        studies,
        tables,
        tasks,
        training,
    )
    from torso.core.notes import TorsoWarning
    from torso.core.types import Batch, Features, Tokens
    from torso.estimator import Estimator
    from torso.exporting import export, pull, push
    from torso.model.model import Model
    from torso.reports.writing import write_report
    from torso.runs.distill import distill
    from torso.runs.fit import fit
    from torso.runs.predicting.predictor import Predictor
    from torso.runs.prepare import prepare
    from torso.runs.preparing.prepared import Prepared
    from torso.runs.report.report import RunReport
    from torso.runs.train import train
    from torso.runtime.load import load
    from torso.search import Searcher
    from torso.serving.server import serve
    from torso.studies.advise import advise
    from torso.studies.affinity import affinity
    from torso.studies.baselines import baselines
    from torso.studies.compare import compare
    from torso.studies.explain import explain
    from torso.studies.importance import importance
    from torso.studies.overview import runs_in, show
    from torso.studies.patterns import certificate
    from torso.studies.robustness import robustness
    from torso.studies.seeds import seeds
    from torso.studies.slices import mistakes, slices
    from torso.studies.tune import tune

__all__ = [
    "Batch",
    "Estimator",
    "Features",
    "Model",
    "Predictor",
    "Prepared",
    "RunReport",
    "Searcher",
    "Tokens",
    "TorsoWarning",
    "__version__",
    "advise",
    "affinity",
    "baselines",
    "certificate",
    "compare",
    "distill",
    "explain",
    "export",
    "fit",
    "importance",
    "load",
    "mistakes",
    "prepare",
    "pull",
    "push",
    "robustness",
    "runs_in",
    "seeds",
    "serve",
    "show",
    "slices",
    "train",
    "tune",
    "write_report",
]

_HOME = {
    ".core.notes": "TorsoWarning",
    ".core.types": "Batch Features Tokens",
    ".estimator": "Estimator",
    ".exporting": "export pull push",
    ".model.model": "Model",
    ".reports.writing": "write_report",
    ".runs.distill": "distill",
    ".runs.fit": "fit",
    ".runs.predicting.predictor": "Predictor",
    ".runs.prepare": "prepare",
    ".runs.preparing.prepared": "Prepared",
    ".runs.report.report": "RunReport",
    ".runs.train": "train",
    ".runtime.load": "load",
    ".search": "Searcher",
    ".serving.server": "serve",
    ".studies.advise": "advise",
    ".studies.affinity": "affinity",
    ".studies.baselines": "baselines",
    ".studies.compare": "compare",
    ".studies.explain": "explain",
    ".studies.patterns": "certificate",
    ".studies.importance": "importance",
    ".studies.overview": "runs_in show",
    ".studies.robustness": "robustness",
    ".studies.seeds": "seeds",
    ".studies.slices": "mistakes slices",
    ".studies.tune": "tune",
}
_ROOMS = (
    "balancing",
    "cache",
    "columns",
    "core",
    "encoders",
    "estimator",
    "evaluation",
    "exporting",
    "fusion",
    "inference",
    "model",
    "plain",
    "planted",
    "progress",
    "reports",
    "runs",
    "runtime",
    "search",
    "serving",
    "sharing",
    "studies",
    "tables",
    "tasks",
    "training",
)
"""Packages that are attributes without an import of their own; they stay out of `__all__`, so a star imports none."""

__getattr__ = lazy_names(__name__, _HOME, _ROOMS)


def __dir__() -> list[str]:
    """Return the public names and the rooms."""
    return [*__all__, *_ROOMS]
