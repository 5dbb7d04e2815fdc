"""How a table, a figure with its interval and the name of a metric are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["measured", "spread", "table", "word"]


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def measured(one: dict) -> str:
    """Return the value on the held-out rows with its interval."""
    return f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"


def spread(one: dict, sign: str = "") -> str:
    """Return the mean over seeds with its interval; `sign="+"` for differences."""
    return "{:{s}.3f} [{:{s}.3f}, {:{s}.3f}]".format(one["mean"], one["low"], one["high"], s=sign)


def word(metric: str) -> str:
    """Return a metric's name as it is read."""
    return {"r2": "R²", "r2_log": "R² of logs", "auroc": "AUROC"}.get(
        metric, metric.replace("_", " ")
    )
