"""Attributes that a run had, or that people of other tools look for."""

from __future__ import annotations

__all__ = ["MOVED"]

MOVED = {
    "search": "torso.Searcher(run).search",
    "collection": "torso.Searcher(run).collection",
    "asking": "torso.Searcher(run).asking",
    "compare": "run.scorer",
    "predict_proba": "run.predict",
    "score": "run.evaluate",
    "last_skipped": "run.predict(table, details=True).skipped",
}
"""Attribute that a `Predictor` had, or that other tools have -> its spelling here."""
