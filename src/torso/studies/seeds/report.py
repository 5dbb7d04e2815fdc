"""Scores of one training under several seeds, as frozen values and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from torso.evaluation.estimate import number_in, number_out
from torso.evaluation.report import Estimate
from torso.evaluation.wording import number_text
from torso.runs.folder.json_files import Json
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.tables.alike import require_pandas
from torso.tasks import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Seeds", "Spread"]


@dataclass(frozen=True)
class Spread:
    """One metric over seeds; NaN where undefined.

    Attributes:
        mean: over seeds.
        spread: standard deviation over seeds.
        least: of all seeds.
        most: of all seeds.
    """

    mean: float
    spread: float
    least: float
    most: float


@dataclass(frozen=True, repr=False)
class Seeds:
    """Scores of one training under several seeds, on the same held-out rows.

    Attributes:
        split: part of the rows that the scores are about.
        seeds: of the first weights and of the order of rows; the run's own first.
        kinds: task -> kind of target.
        headlines: task -> the metric to quote.
        scores: task -> metric -> its value under each seed.
        intervals: task -> 95 % interval of the headline over rows, of the run's own seed.
        left_out: seed, as text -> why it was not trained.
        notes: sentences for the user.
        seconds: wall time of the study.
    """

    split: str
    seeds: tuple[int, ...]
    kinds: Mapping[str, str]
    headlines: Mapping[str, str]
    scores: Mapping[str, Mapping[str, tuple[float, ...]]]
    intervals: Mapping[str, Estimate]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def spread(self, task: str, metric: str | None = None) -> Spread:
        """Return mean, spread and extremes of a metric (default: the headline) over the seeds."""
        values = np.array(self.scores[task][metric or self.headlines[task]])
        known = values[np.isfinite(values)]
        if not len(known):
            return Spread(math.nan, math.nan, math.nan, math.nan)
        deviation = float(known.std(ddof=1)) if len(known) > 1 else math.nan
        return Spread(float(known.mean()), deviation, float(known.min()), float(known.max()))

    def wild(self, task: str) -> bool:
        """Return whether seeds differ by more than the rows' interval is wide, so that one run says little."""
        over, rows = self.spread(task), self.intervals[task]
        return over.most - over.least > rows.high - rows.low

    def listed(self) -> str:
        """Return the number of seeds, and which they are."""
        number = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        return f"{number}: {', '.join(map(str, self.seeds))}"

    def sentences(self) -> list[str]:
        """Return the study in words."""
        wild = [task for task in self.scores if self.wild(task)]
        alone = len(self.seeds) == 1
        return [
            *(["No further seed was trained, so nothing is known of the spread."] if alone else []),
            *(
                f"{', '.join(wild)}: seeds differ by more than the interval over rows is wide. Quote the mean of several "
                "seeds, not one run."
                for _ in wild[:1]
            ),
            *(
                f"Not trained, seed {seed}: {why.rstrip('.')}."
                for seed, why in self.left_out.items()
            ),
            *self.notes,
        ]

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per task, metric and seed: `task`, `metric`, `headline`, `seed`, `value`.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of seeds (`scores` has them as values)")
        import pandas as pd

        rows = [
            (task, metric, metric == self.headlines[task], seed, value)
            for task, metrics in self.scores.items()
            for metric, values in metrics.items()
            for seed, value in zip(self.seeds, values, strict=True)
        ]
        return pd.DataFrame(rows, columns=["task", "metric", "headline", "seed", "value"])

    def rows(self) -> list[list[str]]:
        """Return a row of texts per task below a header."""
        table = [["task", "metric", "mean", "spread", "least", "most", "interval over rows"]]
        for task, metric in self.headlines.items():
            over, rows = self.spread(task), self.intervals[task]
            figures = (over.mean, over.spread, over.least, over.most)
            interval = f"[{number_text(rows.low)}, {number_text(rows.high)}]"
            name = words_of(self.kinds[task]).get(metric, metric.replace("_", " "))
            table.append([task, name, *map(number_text, figures), interval])
        return table

    def __repr__(self) -> str:
        """Return a line per task with its headline over the seeds, and the notes."""
        heading = self.listed()
        notes = [f"note: {sentence}" for sentence in self.sentences()]
        return "\n".join([heading, *aligned(self.rows()), *notes])

    def _repr_html_(self) -> str:
        """Return the same as a table of HTML; all names are escaped."""
        return f"<div>{html_table(self.rows())}{html_notes(self.sentences())}</div>"

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        return {
            "split": self.split,
            "seeds": list(self.seeds),
            "kinds": dict(self.kinds),
            "headlines": dict(self.headlines),
            "scores": {
                task: {metric: [*map(number_out, values)] for metric, values in metrics.items()}
                for task, metrics in self.scores.items()
            },
            "intervals": {task: interval.to_dict() for task, interval in self.intervals.items()},
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
            "seconds": self.seconds,
            "sentences": self.sentences(),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Seeds:
        """Return the study that `to_dict` wrote."""
        return cls(
            split=saved["split"],
            seeds=tuple(saved["seeds"]),
            kinds=saved["kinds"],
            headlines=saved["headlines"],
            scores={
                task: {metric: tuple(map(number_in, values)) for metric, values in metrics.items()}
                for task, metrics in saved["scores"].items()
            },
            intervals={task: Estimate.from_dict(own) for task, own in saved["intervals"].items()},
            left_out=saved["left_out"],
            notes=tuple(saved["notes"]),
            seconds=saved["seconds"],
        )
