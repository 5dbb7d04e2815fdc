"""Sections of the page in their order, a file each."""

from __future__ import annotations

from torso.reports.sections.affinity import advice
from torso.reports.sections.answers import answers
from torso.reports.sections.baselines import baselines
from torso.reports.sections.compare import comparison
from torso.reports.sections.conflicts import conflicts
from torso.reports.sections.curves import curves
from torso.reports.sections.explanations import explanations
from torso.reports.sections.importance import importance
from torso.reports.sections.patterns import patterns
from torso.reports.sections.repeat import repeat, unmade
from torso.reports.sections.robustness import robustness
from torso.reports.sections.rows import notes, rows_used
from torso.reports.sections.scores import scores
from torso.reports.sections.section import Section, Writer
from torso.reports.sections.seeds import seeds
from torso.reports.sections.slices import slices
from torso.reports.sections.summary import summary
from torso.reports.sections.tuning import tuning
from torso.reports.sections.worst import worst

__all__ = ["SECTIONS", "Section"]

SECTIONS: tuple[Writer, ...] = (
    summary,
    scores,
    baselines,
    seeds,
    comparison,
    answers,
    slices,
    worst,
    importance,
    explanations,
    patterns,
    robustness,
    curves,
    conflicts,
    advice,
    tuning,
    rows_used,
    notes,
    repeat,
    unmade,
)
"""Writers of the sections. `unmade` stands last: it lists what those before it lacked."""
