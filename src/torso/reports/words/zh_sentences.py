"""Sentences of runs and studies in Chinese, keyed by the English template."""

from __future__ import annotations

__all__ = ["SENTENCES"]

SENTENCES: dict[str, str] = {}
