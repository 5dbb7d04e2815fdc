"""Results of a search as frozen values: it is `studies/tune.json` of the run."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypedDict, cast

from torso.evaluation.estimate import Estimate
from torso.runs.settings.durations import duration_text
from torso.studies.tune.compared import BETTER, UNSEEN, UNTESTED, WORSE, SavedUnseen, Unseen
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TrialResult", "Tuning", "TuningPlan", "gain_text", "settings_text"]


@dataclass(frozen=True)
class TrialResult:
    """One trial.

    Attributes:
        number: from 0; in the order in which they began.
        end: `whole`, `ended early` by ASHA, or `failed`.
        settings: path -> value; empty for the run's own.
        gains: task -> Δm in percent on the held-out rows, above 0: better than the run's own settings.
        losses: task -> log loss there.
        epochs: that it was trained.
        seconds: that it took.
        default: whether it is the run's own settings.
        why: reason of a failure.
    """

    number: int
    end: str
    settings: Mapping[str, object] = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    seconds: float = 0.0
    default: bool = False
    why: str = ""


@dataclass(frozen=True)
class TuningPlan:
    """A search before it begins.

    Attributes:
        space: path -> its values in words.
        tasks: that are looked at.
        separate: whether each is an objective of its own.
        trials: number of trials, the run's own settings among them.
        rows: that trials are judged by; none of them is a test row.
        unseen: test rows, which no trial sees.
        trial_seconds: estimate for a network; None where nothing tells.
        final_seconds: estimate for the last training; None where nothing tells.
        workers: trainings at once.
        folds: networks of a trial that is not ended early.
        whole: trials that are never ended early, the first ones.
        notes: in sentences.
    """

    space: Mapping[str, str]
    tasks: tuple[str, ...]
    separate: bool
    trials: int
    rows: int
    unseen: int
    trial_seconds: float | None = None
    final_seconds: float | None = None
    workers: int = 1
    folds: int = 1
    whole: int = 1
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """Estimate for all: of the trials that may end early about one of six is whole, the others take 0.4 of a network."""
        if self.trial_seconds is None or self.final_seconds is None:
            return None
        whole = self.trials if self.separate else min(self.trials, self.whole)
        each = 0.4 + (self.folds - 0.4) / 6
        others = (whole - 1) * self.folds + (self.trials - whole) * each
        networks = self.folds + others / self.workers
        return self.trial_seconds * networks + self.final_seconds

    def __repr__(self) -> str:
        """Return the space, a line per setting, and the cost."""
        return "\n".join([*(f"{path}: {values}" for path, values in self.space.items()), self.told])

    @property
    def told(self) -> str:
        """Trials, rows and cost in a sentence."""
        cost = "" if self.seconds is None else f", about {duration_text(self.seconds)}"
        early = f"; after the first {self.whole} most are ended early"
        early = "" if self.separate or self.trials <= self.whole else early
        return (
            f"{self.trials} trials{early}, judged by {self.rows:,} held-out rows{cost}. The best is compared on "
            f"{self.unseen:,} test rows that no trial sees."
        )


class SavedTrial(TypedDict):
    """JSON of a `TrialResult`."""

    number: int
    end: str
    settings: dict[str, object]
    gains: dict[str, float]
    losses: dict[str, float]
    epochs: int
    seconds: float
    default: bool
    why: str


class SavedTuning(TypedDict):
    """JSON of a `Tuning`."""

    verdict: str
    settings: dict[str, object]
    unseen: SavedUnseen
    space: dict[str, str]
    tasks: list[str]
    separate: bool
    best: int
    front: list[int]
    rows: int
    folder: str
    seconds: float
    notes: list[str]
    trials: list[SavedTrial]


@dataclass(frozen=True, repr=False)
class Tuning:
    """Result of a search.

    Attributes:
        space: path -> its values in words.
        tasks: that were looked at.
        separate: whether each was an objective of its own.
        trials: in their order; the first has the run's own settings.
        best: number of the best trial on the held-out rows; of several objectives, that of the best mean.
        front: numbers of the trials that no other one beats in every task; of one objective, the best.
        rows: held-out rows that trials were judged by.
        unseen: the best beside the run's own settings on rows that no trial has seen.
        folder: of the tuned run; empty where none was trained or written.
        seconds: of the search in this process.
        notes: in sentences.
    """

    space: Mapping[str, str]
    tasks: tuple[str, ...]
    separate: bool
    trials: tuple[TrialResult, ...]
    best: int
    front: tuple[int, ...]
    rows: int
    unseen: Unseen = UNSEEN
    folder: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def settings(self) -> Mapping[str, object]:
        """Settings of the best trial, as `torso.train` takes them; empty where the run's own were best."""
        return next(trial.settings for trial in self.trials if trial.number == self.best)

    @property
    def verdict(self) -> str:
        """Result on the rows that no trial has seen, in a sentence."""
        if not self.settings:
            ended = sum(trial.end in ("whole", "ended early") for trial in self.trials) - 1
            if ended < 2:
                few = "No other settings could be judged", "The one other trial was no better"
                return f"{few[ended]}: keep the default."
            mean = " in the mean over tasks" if self.separate else ""
            return f"None of {ended} other settings was better{mean} on held-out rows: keep the default."
        told = f"{gain_text(self.unseen.gain)} % on {self.unseen.rows:,} test rows"
        verdict = self.unseen.verdict
        if verdict == UNTESTED:
            return f"The tuned settings are untested: {self._untested}."
        if verdict == BETTER:
            return f"The tuned settings are surely better than the default: {told}."
        if verdict == WORSE:
            return f"The tuned settings are worse than the default: {told}. Keep the default."
        return f"No evidence that the tuned settings are better than the default: {told}. Keep the default."

    @property
    def _untested(self) -> str:
        if not self.unseen.rows:
            return "there are no test rows, which the search never saw"
        if self.unseen.without and not self.unseen.tasks:
            return f"{', '.join(self.unseen.without)} has no log loss of single rows"
        return "all labelled test rows are of one group, which tells no spread"

    def __repr__(self) -> str:
        """Return the verdict, the settings and the best trials; `frame()` has all."""
        return "\n".join(
            [self.verdict, settings_text(self.settings), *(f"note: {note}" for note in self.notes)]
        )

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per trial.

        Columns: `trial`, `end`, `front`, `gain` (mean over tasks, percent), `gain of TASK` each, `epochs`, `seconds`, and
        each setting by its path.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of trials")
        import pandas as pd

        paths = dict.fromkeys(path for trial in self.trials for path in trial.settings)
        rows = [
            {
                "trial": trial.number,
                "end": trial.end,
                "front": trial.number in self.front,
                "gain": self.mean(trial),
                **{f"gain of {task}": trial.gains.get(task, float("nan")) for task in self.tasks},
                "epochs": trial.epochs,
                "seconds": trial.seconds,
                **{path: trial.settings.get(path) for path in paths},
            }
            for trial in self.trials
        ]
        return pd.DataFrame(rows)

    def mean(self, trial: TrialResult) -> float:
        """Return the mean Δm of a trial over the tasks, NaN where one is unknown."""
        gains = [trial.gains.get(task, float("nan")) for task in self.tasks]
        return sum(gains) / len(gains)

    def to_dict(self) -> SavedTuning:
        """Return JSON values."""
        return {
            "verdict": self.verdict,
            "settings": dict(self.settings),
            "unseen": self.unseen.to_dict(),
            "space": dict(self.space),
            "tasks": list(self.tasks),
            "separate": self.separate,
            "best": self.best,
            "front": list(self.front),
            "rows": self.rows,
            "folder": self.folder,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "trials": [cast("SavedTrial", asdict(trial)) for trial in self.trials],
        }

    @classmethod
    def from_dict(cls, saved: SavedTuning) -> Tuning:
        """Return the result that `to_dict` wrote."""
        return cls(
            space=saved["space"],
            tasks=tuple(saved["tasks"]),
            separate=saved["separate"],
            trials=tuple(TrialResult(**trial) for trial in saved["trials"]),
            best=saved["best"],
            front=tuple(saved["front"]),
            rows=saved["rows"],
            unseen=Unseen.from_dict(saved["unseen"]),
            folder=saved["folder"],
            seconds=saved["seconds"],
            notes=tuple(saved["notes"]),
        )


def gain_text(gain: Estimate) -> str:
    """Return a Δm in percent with its interval.

    >>> gain_text(Estimate(9.516, -0.04, 15.0))
    '+9.5 [-0.0, +15.0]'
    """
    spread = "" if math.isnan(gain.low) else f" [{gain.low:+.1f}, {gain.high:+.1f}]"
    return f"{gain.value:+.1f}{spread}"


def settings_text(settings: Mapping[str, object]) -> str:
    """Return settings as the command line takes them.

    >>> settings_text({"training.lr": 0.003, "fusion": "gated"})
    '--set training.lr=0.003 --set fusion=gated'
    """
    said = {
        path: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for path, value in settings.items()
    }
    return " ".join(f"--set {shlex.quote(f'{path}={value}')}" for path, value in said.items())
