"""The answer to one question as a frozen value: the candidates that were trained, the one to take, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from torso.core.whole_files import Json
from torso.evaluation.estimate import Estimate, number_in, number_out
from torso.studies.advise.words import shown_name

__all__ = ["UNKNOWN", "Answer", "Raced", "delta_cell"]

UNKNOWN = Estimate(float("nan"))
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Raced:
    """A candidate of the race.

    Attributes:
        name: in words.
        groups: tasks that share a trunk; empty where the question is another.
        settings: that train it.
        predicted: gain by the affinities, added up over tasks; NaN where none is predicted.
        seeds: trainings behind its figures; 0: none.
        over: name of another candidate -> Δm, percent by which this one is better, on the rows that chose.
        seconds: of one training.
        left: why it was not trained to the end; empty if it was.
        inputs: columns that it reads; None for all.
        verdict: on it beside the run as it is: `better`, `as good` (it surely costs next to nothing), `worse`, `unknown`;
            empty for the run as it is, and for groups.
    """

    name: str
    groups: Groups
    settings: Mapping[str, object]
    predicted: float = float("nan")
    seeds: int = 0
    over: Mapping[str, Estimate] = field(default_factory=dict)
    seconds: float = float("nan")
    left: str = ""
    inputs: tuple[str, ...] | None = None
    verdict: str = ""

    def to_dict(self) -> Json:
        """Return a mapping for JSON."""
        return {
            **asdict(self),
            "over": {name: own.to_dict() for name, own in self.over.items()},
            "predicted": number_out(self.predicted),
            "seconds": number_out(self.seconds),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Raced:
        """Return the candidate that `to_dict` wrote."""
        values: Json = {
            "over": {name: Estimate.from_dict(own) for name, own in saved["over"].items()},
            "groups": tuple(map(tuple, saved["groups"])),
            "inputs": None if saved["inputs"] is None else tuple(saved["inputs"]),
            **{name: number_in(saved[name]) for name in ("predicted", "seconds")},
        }
        return cls(**{**saved, **values})


@dataclass(frozen=True)
class Answer:
    """Advice on one question.

    Attributes:
        about: the question: `groups`, `inputs`, `fusion`, `sharing`, `balancing`.
        own: name of the run as it is among the candidates.
        plain: name of the plain candidate.
        recommended: name of the candidate to take.
        words: the advice in sentences.
        raced: all candidates, the simplest first.
        test: Δm, percent by which the choice is better than the run as it is on the test rows, which chose nothing; NaN where
            it is the same.
        test_by_task: task -> the same.
        origin: where the candidates come from: `affinity` of the tasks, `needs` of columns.
        planned_seconds: as told beforehand.
        seconds: that it took.
        notes: for the user.
    """

    about: str
    own: str
    plain: str
    recommended: str
    words: tuple[str, ...]
    raced: tuple[Raced, ...] = ()
    test: Estimate = UNKNOWN
    test_by_task: Mapping[str, Estimate] = field(default_factory=dict)
    origin: Mapping[str, object] = field(default_factory=dict)
    planned_seconds: float = float("nan")
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Raced:
        """The candidate to take."""
        return next(own for own in self.raced if own.name == self.recommended)

    @property
    def groups(self) -> Groups:
        """Groups of tasks of the candidate to take; none where the question is another."""
        return self.best.groups if self.raced else ()

    @property
    def changes(self) -> bool:
        """True if the advice is to change the run; False: it stays as it is."""
        return bool(self.raced) and self.recommended != self.own

    def table(self) -> list[list[str]]:
        """Return the candidates as texts, the header first."""
        against = list(dict.fromkeys((self.own, self.plain)))
        grouped = self.about == "groups"
        header = [
            *("", "candidate", *(["models"] if grouped else []), "seeds"),
            *(f"over {name}" for name in against),
            *([] if grouped else ["verdict"]),
            "seconds",
        ]
        rows = [
            [
                "→" if own.name == self.recommended else "",
                shown_name(own.name, own.groups),
                *([str(len(own.groups))] if grouped else []),
                str(own.seeds),
                *(delta_cell(own.over.get(name, UNKNOWN)) for name in against),
                *([] if grouped else [own.verdict if own.seeds else "not trained"]),
                "" if own.seconds != own.seconds else f"{own.seconds:.0f}",
            ]
            for own in self.raced
        ]
        return [header, *rows]

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
    def from_dict(cls, saved: Json) -> Answer:
        """Return the answer that `to_dict` wrote."""
        values: Json = {
            "words": tuple(saved["words"]),
            "raced": tuple(map(Raced.from_dict, saved["raced"])),
            "test": Estimate.from_dict(saved["test"]),
            "test_by_task": {
                task: Estimate.from_dict(own) for task, own in saved["test_by_task"].items()
            },
            "planned_seconds": number_in(saved["planned_seconds"]),
            "notes": tuple(saved["notes"]),
        }
        return cls(**{**saved, **values})


def delta_cell(estimate: Estimate) -> str:
    """Return a difference with its interval, for a table.

    >>> delta_cell(Estimate(1.0, 0.5, 2.0))
    '+1.0 (+0.5 to +2.0)'
    """
    if estimate.value != estimate.value:
        return ""
    if estimate.low != estimate.low:
        return f"{estimate.value:+.1f}"
    return f"{estimate.value:+.1f} ({estimate.low:+.1f} to {estimate.high:+.1f})"
