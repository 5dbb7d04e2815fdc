"""A run as far as its folder holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from torch import nn

from torso.columns.reading import Skipped
from torso.plain.blend import PlainHalf
from torso.runs.folder.stored_split import StoredSplit
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.tasks import Decision

__all__ = ["Written"]


class Written(Protocol):
    """A run with all that its folder holds."""

    @property
    def config(self) -> RunConfig:
        """Return the complete config."""

    @property
    def schema(self) -> Schema:
        """Return the fitted schema."""

    @property
    def model(self) -> nn.Module:
        """Return the trained model."""

    @property
    def report(self) -> RunReport:
        """Return the results."""

    @property
    def split(self) -> StoredSplit | None:
        """Return the parts of the table."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Return the cells that counted as missing."""

    @property
    def plain(self) -> PlainHalf | None:
        """Return the plain models beside the network; None without any."""

    @property
    def decisions(self) -> Mapping[str, Decision]:
        """Return task -> thresholds that its answers go by."""

    @property
    def held_out(self) -> HeldOut | None:
        """Return the answers to the rows that the report is about; None if an earlier version wrote the run."""

    @property
    def folder(self) -> Path | None:
        """Return where it lies; None if in memory."""
