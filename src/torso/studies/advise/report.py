"""The advice as a frozen value: the candidates that were trained, the one to take, how sure that is, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from torso.evaluation.estimate import Estimate, number_in, number_out
from torso.runs.report.shown import aligned
from torso.studies.advise.words import shown_name
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Advice", "Raced"]

Json = dict[str, Any]
UNKNOWN = Estimate(float("nan"))
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Raced:
    """A candidate of the race.

    Attributes:
        name: in words.
        groups: tasks that share a trunk.
        settings: that train it.
        predicted: gain by the affinities, added up over tasks; NaN where none is predicted.
        seeds: trainings behind its figures; 0: none.
        over_together: Δm, percent by which it is better than all together, on the rows that chose.
        over_singles: Δm, percent by which it is better than single tasks, likewise.
        seconds: of one training.
        left: why it was not trained to the end; empty if it was.
    """

    name: str
    groups: Groups
    settings: Mapping[str, object]
    predicted: float
    seeds: int = 0
    over_together: Estimate = UNKNOWN
    over_singles: Estimate = UNKNOWN
    seconds: float = float("nan")
    left: str = ""

    def to_dict(self) -> Json:
        """Return a mapping for JSON."""
        own = asdict(self)
        own |= {name: getattr(self, name).to_dict() for name in ("over_together", "over_singles")}
        return {**own, "predicted": number_out(self.predicted), "seconds": number_out(self.seconds)}

    @classmethod
    def from_dict(cls, saved: Json) -> Raced:
        """Return the candidate that `to_dict` wrote."""
        estimates = {
            name: Estimate.from_dict(saved[name]) for name in ("over_together", "over_singles")
        }
        numbers = {name: number_in(saved[name]) for name in ("predicted", "seconds")}
        groups = tuple(map(tuple, saved["groups"]))
        return cls(**{**saved, **estimates, **numbers, "groups": groups})


@dataclass(frozen=True, repr=False)
class Advice:
    """Advice on which tasks to train together.

    Attributes:
        recommended: name of the candidate.
        groups: its groups of tasks.
        settings: that train it.
        sure: True if it is surely better than all together. False with a grouping: another candidate is, but not surely
            better than this one, which has fewer models.
        words: the advice in sentences.
        raced: all candidates, fewest models first.
        split: rows that chose: `validation` (out of fold where the run has folds).
        test: Δm, percent by which it is better than all together on the test rows, which chose nothing; NaN where it is the same.
        test_by_task: task -> the same.
        affinity: of the tasks, as `Affinity.to_dict` writes it; empty without any.
        likeness: of single tasks' answers, `[tasks, tasks]` in the order of `affinity`, from 0 to 1; None where unknown.
        planned_seconds: as told beforehand.
        seconds: that it took.
        notes: for the user.
    """

    recommended: str
    groups: Groups
    settings: Mapping[str, object]
    sure: bool
    words: tuple[str, ...]
    raced: tuple[Raced, ...] = ()
    split: str = "validation"
    test: Estimate = UNKNOWN
    test_by_task: Mapping[str, Estimate] = field(default_factory=dict)
    affinity: Mapping[str, object] = field(default_factory=dict)
    likeness: tuple[tuple[float | None, ...], ...] = ()
    planned_seconds: float = float("nan")
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the words, a line per candidate, and the notes."""
        lines = aligned(self.table()) if self.raced else []
        return "\n".join([*self.words, *lines, *(f"note: {note}" for note in self.notes)])

    def table(self) -> list[list[str]]:
        """Return the candidates as texts, the header first."""
        rows = [
            [
                "",
                "candidate",
                "models",
                "seeds",
                "over all together",
                "over single tasks",
                "seconds",
            ]
        ]
        for own in self.raced:
            mark = "→" if own.name == self.recommended else ""
            texts = [_delta(own.over_together), _delta(own.over_singles)]
            seconds = "" if own.seconds != own.seconds else f"{own.seconds:.0f}"
            name = shown_name(own.name, own.groups)
            rows.append([mark, name, str(len(own.groups)), str(own.seeds), *texts, seconds])
        return rows

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per candidate.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of candidates (`raced` has them as values)")
        import pandas as pd

        rows = [
            {
                "candidate": own.name,
                "models": len(own.groups),
                "seeds": own.seeds,
                "predicted": own.predicted,
                "over_together": own.over_together.value,
                "low": own.over_together.low,
                "high": own.over_together.high,
                "over_singles": own.over_singles.value,
                "seconds": own.seconds,
                "recommended": own.name == self.recommended,
            }
            for own in self.raced
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> Json:
        """Return a mapping for JSON."""
        return {
            **asdict(self),
            "raced": [own.to_dict() for own in self.raced],
            "test": self.test.to_dict(),
            "test_by_task": {task: own.to_dict() for task, own in self.test_by_task.items()},
            "planned_seconds": number_out(self.planned_seconds),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Advice:
        """Return the advice that `to_dict` wrote."""
        values: Json = {
            "groups": tuple(map(tuple, saved["groups"])),
            "words": tuple(saved["words"]),
            "raced": tuple(map(Raced.from_dict, saved["raced"])),
            "test": Estimate.from_dict(saved["test"]),
            "test_by_task": {
                task: Estimate.from_dict(own) for task, own in saved["test_by_task"].items()
            },
            "likeness": tuple(map(tuple, saved.get("likeness", ()))),
            "planned_seconds": number_in(saved["planned_seconds"]),
            "notes": tuple(saved["notes"]),
        }
        return cls(**{**saved, **values})


def _delta(estimate: Estimate) -> str:
    if estimate.value != estimate.value:
        return ""
    if estimate.low != estimate.low:
        return f"{estimate.value:+.1f}"
    return f"{estimate.value:+.1f} ({estimate.low:+.1f} to {estimate.high:+.1f})"
