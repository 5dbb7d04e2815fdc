"""A variant of a training, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from torso.core.errors import ConfigError
from torso.core.listed import check_listed
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outcome", "Outcomes", "Variant"]

_FEWEST_ROWS = 2
_COLUMNS = ["variant", "seconds", "cpu_seconds", "parameters", "epochs", "end"]


@dataclass(frozen=True)
class Variant:
    """A training on some of the columns and rows of a preparation, with settings of its own.

    Attributes:
        name: of the variant, unlike the others'.
        settings: changes that win over those of the preparation.
        targets: those that it learns; None for all.
        inputs: columns that it reads; None for all.
        rows: share of the training rows that it learns from, the same rows for every variant.
    """

    name: str
    settings: Mapping[str, object] = field(default_factory=dict)
    targets: Sequence[str] | None = None
    inputs: Sequence[str] | None = None
    rows: float = 1.0

    def __post_init__(self) -> None:
        check_listed("targets", self.targets)
        check_listed("inputs", self.inputs)
        if not 0 < self.rows <= 1:
            raise ConfigError(
                f"`rows` of a variant should be a share above 0, at most 1. Found {self.rows}."
            )

    def of(self, prepared: Prepared) -> Prepared:
        """Return the preparation that it is trained on.

        Raises:
            ConfigError: unknown columns or settings, or settings that ask for another preparation.
        """
        own = prepared.only(targets=self.targets, inputs=self.inputs).under(self.settings)
        if self.rows == 1:
            return own
        part = own.parts["training"]
        count = max(_FEWEST_ROWS, round(self.rows * len(part.rows)))
        seed = own.config.data.split.seed
        order = np.random.default_rng([own.config.seed if seed is None else seed, 7])
        some = np.sort(order.permutation(part.rows)[:count])  # more rows hold the fewer
        return replace(own, parts={**own.parts, "training": replace(part, rows=some)})

    def to_dict(self) -> dict[str, object]:
        """Return a mapping that JSON can hold."""
        return {
            "name": self.name,
            "settings": dict(self.settings),
            "targets": None if self.targets is None else list(self.targets),
            "inputs": None if self.inputs is None else list(self.inputs),
            "rows": self.rows,
        }


@dataclass(frozen=True, eq=False)
class Outcome:
    """A variant that was trained.

    Attributes:
        variant: that was asked for.
        report: as of any run.
        held_out: answers and truths of the rows that the report is about.
        seconds: wall time of training and verdict.
        cpu_seconds: of its process, likewise.
        folder: of the run; None where no folder keeps it.
    """

    variant: Variant
    report: RunReport
    held_out: HeldOut
    seconds: float
    cpu_seconds: float
    folder: Path | None = None

    @property
    def parameters(self) -> int:
        """Numbers in the weights of its networks."""
        return self.report.training.parameters


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Variants that were trained, in the order in which they were asked for, and those that were not.

    Attributes:
        outcomes: name -> its result.
        left_out: name -> why there is no result: no time, or an error.
        notes: sentences for the user, such as on results that were read back.
        seconds: wall time of all together.
    """

    outcomes: Mapping[str, Outcome]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def costs(self) -> pd.DataFrame:
        """Return a frame with a row per variant that was trained: its seconds, parameters and epochs.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of costs (`outcomes` has them as values)")
        import pandas as pd

        rows = [
            (
                name,
                own.seconds,
                own.cpu_seconds,
                own.parameters,
                own.report.training.epochs,
                own.report.training.end,
            )
            for name, own in self.outcomes.items()
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)
