"""Looks at the tasks' gradients, read back from a run's log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from torso.training.listeners import Look

__all__ = ["read_looks"]


def read_looks(log: Path) -> list[Look]:
    """Return the looks in `log.jsonl`, in their order; lines that a kill has cut are passed over.

    Args:
        log: the file; one that is absent has none.
    """
    looks = []
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    for line in lines:
        if '"look"' not in line[:40]:
            continue
        try:
            saved = json.loads(line)
            looks.append(
                Look(
                    epoch=saved["epoch"],
                    batch=saved["batch"],
                    losses={task: _number(loss) for task, loss in saved["losses"].items()},
                    weights=saved["weights"],
                    **{name: _matrix(saved.get(name, ())) for name in ("gram", "across", "ahead")},
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return looks


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _matrix(rows: Sequence[Sequence[float | None]]) -> list[list[float]]:
    return [[_number(cell) for cell in row] for row in rows]
