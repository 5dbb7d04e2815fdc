"""What the pages show of results/*.json: a module per topic, a function per table."""

from __future__ import annotations

from collections.abc import Callable

from shown import (
    advice,
    balancing,
    encoders,
    exam,
    front,
    fusion,
    heads,
    places,
    retrieval,
    serving,
    sharing,
    tables,
    textbook,
    tutorials,
)

__all__ = ["PAGES", "REPORTS"]

TOPICS = (
    front,
    encoders,
    tables,
    fusion,
    sharing,
    heads,
    places,
    retrieval,
    serving,
    balancing,
    exam,
    advice,
    textbook,
    tutorials,
)

PAGES: dict[str, dict[str, Callable[[dict], str]]] = {
    page: blocks for topic in TOPICS for page, blocks in topic.PAGES.items()
}
"""Page -> block's name, which is that of its file of results -> what writes the block."""

REPORTS = {"fusion_verdict": "fusion_race"} | dict.fromkeys(
    ("exam_ranks", "exam_targets", "exam_costs"), "exam"
)
REPORTS |= textbook.REPORTS | tutorials.REPORTS
"""Blocks whose figures are in another block's file."""
