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
    from torso.app.terminal.columns import columns_table
    from torso.app.terminal.consoles import AS_IS, console
    from torso.app.terminal.costs import COST_COLUMNS, cost_cells, costs_table
    from torso.app.terminal.parts import parts_tables, settings_sheet
    from torso.app.terminal.progress import CountingBar, ProgressBar
    from torso.app.terminal.results import results_table
    from torso.app.terminal.robustness import robustness_tables
    from torso.app.terminal.search import search_table
    from torso.app.terminal.usage import summary

__all__ = [
    "AS_IS",
    "COST_COLUMNS",
    "CountingBar",
    "ProgressBar",
    "columns_table",
    "console",
    "cost_cells",
    "costs_table",
    "parts_tables",
    "results_table",
    "robustness_tables",
    "search_table",
    "settings_sheet",
    "summary",
]

__getattr__ = lazy_names(
    __name__,
    {
        "AS_IS": "torso.app.terminal.consoles",
        "COST_COLUMNS": "torso.app.terminal.costs",
        "CountingBar": "torso.app.terminal.progress",
        "ProgressBar": "torso.app.terminal.progress",
        "columns_table": "torso.app.terminal.columns",
        "console": "torso.app.terminal.consoles",
        "cost_cells": "torso.app.terminal.costs",
        "costs_table": "torso.app.terminal.costs",
        "parts_tables": "torso.app.terminal.parts",
        "results_table": "torso.app.terminal.results",
        "robustness_tables": "torso.app.terminal.robustness",
        "search_table": "torso.app.terminal.search",
        "settings_sheet": "torso.app.terminal.parts",
        "summary": "torso.app.terminal.usage",
    },
)
