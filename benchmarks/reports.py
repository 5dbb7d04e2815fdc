"""The files of results/: read where there is one already, written after every run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["read_report", "write_report"]


def read_report(path: Path, empty: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is in the file; without one, `empty` (default: `{}`)."""
    return json.loads(path.read_text()) if path.exists() else empty or {}


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write the file, a line per value, so that changes can be read."""
    path.write_text(json.dumps(report, indent=1) + "\n")
