"""Everything that Torso prints: one file per table, and the console that all use.

>>> from torso.app.terminal import results_table
>>> from torso.evaluation.report import Estimate, TaskReport
>>> report = TaskReport("binary", 90, 90, None, "accuracy", {"accuracy": Estimate(0.9)}, {"accuracy": 0.6})
>>> [column.header for column in results_table({"loud": report}).columns]
['task', 'metric', 'value', 'baseline', 'verdict']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.lazy import lazy_names

if TYPE_CHECKING:
    from torso.app.terminal.advise import advice_table
    from torso.app.terminal.baselines import baselines_tables
    from torso.app.terminal.blend import blend_table
    from torso.app.terminal.certificate import certificate_table
    from torso.app.terminal.columns import columns_table
    from torso.app.terminal.compare import comparison_tables
    from torso.app.terminal.costs import COST_COLUMNS, cost_cells, costs_table
    from torso.app.terminal.decisions import decisions_table
    from torso.app.terminal.explain import explanation_text
    from torso.app.terminal.export import export_lines
    from torso.app.terminal.importance import importance_tables
    from torso.app.terminal.overview import runs_table, summary_tables
    from torso.app.terminal.parts import parts_tables, settings_sheet
    from torso.app.terminal.results import results_table
    from torso.app.terminal.robustness import robustness_tables
    from torso.app.terminal.search import search_table
    from torso.app.terminal.seeds import seeds_table
    from torso.app.terminal.slices import mistakes_tables, slices_tables
    from torso.app.terminal.tune import plan_table, tuning_tables
    from torso.app.terminal.usage import summary, verdict
    from torso.progress import AS_IS, IN_PIPE, CountingBar, ProgressBar, console, has_width, tell

__all__ = [
    "AS_IS",
    "COST_COLUMNS",
    "IN_PIPE",
    "CountingBar",
    "ProgressBar",
    "advice_table",
    "baselines_tables",
    "blend_table",
    "certificate_table",
    "columns_table",
    "comparison_tables",
    "console",
    "cost_cells",
    "costs_table",
    "decisions_table",
    "explanation_text",
    "export_lines",
    "has_width",
    "importance_tables",
    "mistakes_tables",
    "parts_tables",
    "plan_table",
    "results_table",
    "robustness_tables",
    "runs_table",
    "search_table",
    "seeds_table",
    "settings_sheet",
    "slices_tables",
    "summary",
    "summary_tables",
    "tell",
    "tuning_tables",
    "verdict",
]

__getattr__ = lazy_names(
    __name__,
    {
        ".advise": "advice_table",
        ".baselines": "baselines_tables",
        ".certificate": "certificate_table",
        ".columns": "columns_table",
        ".compare": "comparison_tables",
        ".costs": "COST_COLUMNS cost_cells costs_table",
        ".decisions": "decisions_table",
        ".explain": "explanation_text",
        ".export": "export_lines",
        ".importance": "importance_tables",
        ".overview": "runs_table summary_tables",
        ".parts": "parts_tables settings_sheet",
        "torso.progress": "AS_IS IN_PIPE CountingBar ProgressBar console has_width tell",
        ".blend": "blend_table",
        ".results": "results_table",
        ".robustness": "robustness_tables",
        ".search": "search_table",
        ".seeds": "seeds_table",
        ".slices": "mistakes_tables slices_tables",
        ".tune": "plan_table tuning_tables",
        ".usage": "summary verdict",
    },
)
