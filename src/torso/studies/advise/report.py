"""The advice as a frozen value: an answer to each question, the worth of the winners together, and the cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from torso.core.whole_files import Json
from torso.evaluation.estimate import Estimate, number_in, number_out
from torso.runs.report.shown import aligned
from torso.studies.advise.answer import UNKNOWN, Answer, Groups
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Advice"]


@dataclass(frozen=True, repr=False)
class Advice:
    """Advice on a run: each question is asked about the run as it is, and answered for itself.

    Attributes:
        answers: to the questions that were asked.
        settings: that train all winners together, as `advise/run.yaml` does.
        inputs: columns that the winners read; None for all.
        words: on the winners together.
        split: rows that chose: `validation` (out of fold where the run has folds).
        together: Δm, percent by which all winners together are better than the run as it is, on the rows that chose; NaN where
            fewer than two questions change it, or where they were not trained together.
        test: the same on the test rows, which chose nothing.
        left_out: question -> why there is nothing to ask.
        not_asked: question -> about how many seconds it would take.
        planned_seconds: as told beforehand.
        seconds: that it took.
        notes: for the user.
    """

    answers: tuple[Answer, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    split: str = "validation"
    together: Estimate = UNKNOWN
    test: Estimate = UNKNOWN
    left_out: Mapping[str, str] = field(default_factory=dict)
    not_asked: Mapping[str, float] = field(default_factory=dict)
    planned_seconds: float = float("nan")
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def __getitem__(self, about: str) -> Answer:
        """Return the answer to a question.

        Raises:
            KeyError: it was not asked.
        """
        return next((own for own in self.answers if own.about == about), None) or _missing(
            about, self
        )

    def __repr__(self) -> str:
        """Return the words, a line per candidate, and the notes."""
        lines: list[str] = []
        for own in self.answers:
            lines += [*own.words, *(aligned(own.table()) if own.raced else [])]
        return "\n".join([*lines, *self.words, *(f"note: {note}" for note in self.all_notes())])

    @property
    def groups(self) -> Groups:
        """The recommended groups of tasks; none where the question was not asked."""
        return next((own.groups for own in self.answers if own.about == "groups"), ())

    @property
    def changes(self) -> bool:
        """True if the advice is to change the run; False: it stays as it is."""
        return any(own.changes for own in self.answers)

    def all_notes(self) -> tuple[str, ...]:
        """Return the notes of the answers and those on all of them."""
        several = len(self.answers) > 1
        own = [
            f"{each.about}: {note}" if several else note
            for each in self.answers
            for note in each.notes
        ]
        return (*own, *self.notes)

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per candidate.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of candidates (`raced` of each answer has them as values)")
        import pandas as pd

        rows = []
        for each in self.answers:
            for own in each.raced:
                over = own.over.get(each.own, UNKNOWN)
                rows.append(
                    {
                        "about": each.about,
                        "candidate": own.name,
                        "models": len(own.groups) or 1,
                        "seeds": own.seeds,
                        "predicted": own.predicted,
                        "over_own": over.value,
                        "low": over.low,
                        "high": over.high,
                        "over_plain": own.over.get(each.plain, UNKNOWN).value,
                        "verdict": own.verdict,
                        "seconds": own.seconds,
                        "recommended": own.name == each.recommended,
                    }
                )
        return pd.DataFrame(rows)

    def to_dict(self) -> Json:
        """Return a mapping for JSON."""
        return {
            **asdict(self),
            "answers": [own.to_dict() for own in self.answers],
            "together": self.together.to_dict(),
            "test": self.test.to_dict(),
            "planned_seconds": number_out(self.planned_seconds),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Advice:
        """Return the advice that `to_dict` wrote."""
        values: Json = {
            "answers": tuple(map(Answer.from_dict, saved["answers"])),
            "inputs": None if saved["inputs"] is None else tuple(saved["inputs"]),
            "together": Estimate.from_dict(saved["together"]),
            "test": Estimate.from_dict(saved["test"]),
            "planned_seconds": number_in(saved["planned_seconds"]),
            **{name: tuple(saved[name]) for name in ("words", "notes")},
        }
        return cls(**{**saved, **values})


def _missing(about: str, advice: Advice) -> Answer:
    raise KeyError(f"{about!r} was not asked; answered: {[own.about for own in advice.answers]}")
