"""The result of the study as frozen values, as JSON, as frames and in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, cast

from torso.evaluation.estimate import Estimate, number_in, number_out
from torso.evaluation.wording import number_text
from torso.tables.alike import require_pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LIKELIHOOD", "SURE", "Effect", "Importance", "Interaction", "Subset", "Verdict"]

Json = dict[str, object]
Of = Literal["column", "modality", "alike"]
Way = Literal["exchanged", "within_groups", "left_out", "shapley"]
Verdict = Literal["matters", "no evidence", "hurts"]

LIKELIHOOD = "log_likelihood"
"""Mean log-likelihood of a label, in nats: log loss with the sign turned, so that more is better."""

SURE = 0.05
"""P-value, for all columns together, below which an effect counts as sure."""


@dataclass(frozen=True)
class Effect:
    """Importance of some columns for a task, in one measure.

    Attributes:
        of: `column`, `modality` (columns that one encoder reads), or `alike` (columns that tell each other).
        name: of them.
        columns: their names.
        task: that is answered.
        measure: the task's headline metric, or `log_likelihood`.
        way: `exchanged`: their cells are exchanged among the rows that have any; `within_groups`: only inside a group;
            `left_out`: no row has any; `shapley`: gain over all orders in which modalities may come.
        value: by how much the measure is worse without them; above 0: they help.
        p: p-value, for all of the same sort together (Holm).
        error: standard error of sampled Shapley values; NaN where all subsets were tried.
    """

    of: Of
    name: str
    columns: tuple[str, ...]
    task: str
    measure: str
    way: Way
    value: Estimate
    p: float
    error: float = math.nan

    @property
    def verdict(self) -> Verdict:
        """Words for the effect: `matters`, `hurts`, or `no evidence` of either."""
        if not self.p < SURE:
            return "no evidence"
        return "matters" if self.value.value > 0 else "hurts"


@dataclass(frozen=True)
class Subset:
    """A measure with some modalities only.

    Attributes:
        kept: the modalities that are there.
        task: that is answered.
        measure: as in `Effect`.
        score: its value, with a 95 % interval.
    """

    kept: tuple[str, ...]
    task: str
    measure: str
    score: Estimate


@dataclass(frozen=True)
class Interaction:
    """The run beside its additive part, on rows with two modalities or more.

    Attributes:
        task: that is answered.
        measure: as in `Effect`.
        rows: labelled rows that both answer.
        whole: the measure of the run.
        additive: the measure of its additive part (EMAP).
        gain: by how much the run is better than its additive part, with a paired 95 % interval.
        p: p-value, for all tasks together (Holm).
    """

    task: str
    measure: str
    rows: int
    whole: float
    additive: float
    gain: Estimate
    p: float

    @property
    def words(self) -> str:
        """One sentence for the finding."""
        if not self.p < SURE:
            return "the modalities add up: no evidence of interaction"
        unit = " nats per label" if self.measure == LIKELIHOOD else ""
        size = f"{number_text(abs(self.gain.value))}{unit}"
        if self.gain.value > 0:
            return f"the modalities interact: their sum alone would lose {size}"
        return f"the modalities' sum alone would be better by {size}"


@dataclass(frozen=True, repr=False)
class Importance:
    """Importance of each column and modality of a run, for each task.

    Attributes:
        rows: that were looked at.
        labels: task -> labelled rows among them.
        groups: number of groups that were resampled; None: rows were.
        metrics: task -> its headline metric.
        kinds: task -> kind of target.
        modalities: modality -> its columns.
        effects: of columns, modalities and alike columns.
        subsets: scores with some modalities only.
        interactions: the run beside its additive part; empty with one modality.
        repeats: exchanges of each column.
        seed: of all draws.
        notes: which rows these are, and all that was left out, in sentences.
    """

    rows: int
    labels: Mapping[str, int]
    groups: int | None
    metrics: Mapping[str, str]
    kinds: Mapping[str, str]
    modalities: Mapping[str, tuple[str, ...]]
    effects: tuple[Effect, ...]
    subsets: tuple[Subset, ...]
    interactions: tuple[Interaction, ...]
    repeats: int
    seed: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the findings in words, and the notes; `frame()` has all numbers."""
        return "\n".join([*self.words(), *(f"note: {note}" for note in self.notes)])

    def decisive(self, task: str) -> str:
        """Return the measure that verdicts go by: the log-likelihood where the task has one, else the headline."""
        own = [effect.measure for effect in self.effects if effect.task == task]
        return next(
            (measure for measure in own if measure != self.metrics[task]), self.metrics[task]
        )

    def ranked(self, task: str, of: Of = "column", way: Way = "exchanged") -> list[Effect]:
        """Return the effects on a task in its decisive measure, the largest first.

        Args:
            task: that is answered.
            of: sort of columns.
            way: that they were taken away.
        """
        measure = self.decisive(task)
        own = [
            effect
            for effect in self.effects
            if (effect.task, effect.of, effect.way, effect.measure) == (task, of, way, measure)
        ]
        return sorted(own, key=lambda effect: -_known(effect.value.value))

    def words(self) -> list[str]:
        """Return sentences for each task: the columns that matter, those without evidence, and the interaction."""
        lines = []
        for task in self.metrics:
            ranked = self.ranked(task)
            by = {
                verdict: [effect.name for effect in ranked if effect.verdict == verdict]
                for verdict in ("matters", "hurts", "no evidence")
            }
            said = [f"{_listed(by['matters'])} matter{'s' if len(by['matters']) == 1 else ''}"]
            if not by["matters"]:
                said = ["no column surely matters" if ranked else "no row has an input to judge"]
            if by["hurts"]:
                said.append(f"answers are better without {_listed(by['hurts'])}")
            if by["no evidence"] and by["matters"]:
                said.append(f"no evidence for {_listed(by['no evidence'])}")
            measure = self.decisive(task)
            said += [
                each.words
                for each in self.interactions
                if (each.task, each.measure) == (task, measure)
            ]
            lines.append(f"{task}: {'; '.join(said)}.")
        return lines

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per effect.

        Columns: `of`, `name`, `columns`, `task`, `measure`, `way`, `value`, `low`, `high`, `p`, `error`, `verdict`.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of effects (`effects` has them as values)")
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    **{key: value for key, value in asdict(effect).items() if key != "value"},
                    **asdict(effect.value),
                    "verdict": effect.verdict,
                }
                for effect in self.effects
            ]
        )

    def subset_frame(self) -> pd.DataFrame:
        """Return a frame with a row per subset of modalities, task and measure.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of subsets (`subsets` has them as values)")
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "kept": each.kept,
                    "task": each.task,
                    "measure": each.measure,
                    **asdict(each.score),
                }
                for each in self.subsets
            ]
        )

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        return {
            "rows": self.rows,
            "labels": dict(self.labels),
            "groups": self.groups,
            "metrics": dict(self.metrics),
            "kinds": dict(self.kinds),
            "modalities": {name: [*columns] for name, columns in self.modalities.items()},
            "effects": [_out(effect) | {"verdict": effect.verdict} for effect in self.effects],
            "subsets": [_out(subset) for subset in self.subsets],
            "interactions": [_out(each) | {"words": each.words} for each in self.interactions],
            "repeats": self.repeats,
            "seed": self.seed,
            "words": self.words(),
            "notes": [*self.notes],
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, object]) -> Importance:
        """Return the importance that `to_dict` wrote."""
        own = cast("dict[str, object]", dict(saved))
        modalities = cast("dict[str, list[str]]", own["modalities"])
        return cls(
            **{  # type: ignore[arg-type]
                **{key: own[key] for key in ("rows", "labels", "groups", "metrics", "kinds")},
                "modalities": {name: tuple(columns) for name, columns in modalities.items()},
                "effects": tuple(Effect(**_in(each)) for each in _items(own["effects"])),  # type: ignore[arg-type]
                "subsets": tuple(Subset(**_in(each)) for each in _items(own["subsets"])),  # type: ignore[arg-type]
                "interactions": tuple(
                    Interaction(**_in(each))  # type: ignore[arg-type]
                    for each in _items(own["interactions"])
                ),
                "repeats": own["repeats"],
                "seed": own["seed"],
                "notes": tuple(cast("list[str]", own["notes"])),
            }
        )


_ESTIMATES = ("value", "score", "gain")
_TUPLES = ("columns", "kept")
_DERIVED = ("verdict", "words")


def _out(part: Effect | Subset | Interaction) -> Json:
    """Return a part as JSON values."""
    return {
        key: value.to_dict()
        if isinstance(value, Estimate)
        else [*value]
        if isinstance(value, tuple)
        else number_out(value)
        if isinstance(value, float)
        else value
        for key, value in vars(part).items()
    }


def _in(saved: Mapping[str, object]) -> Json:
    """Return the arguments of a part from its JSON values."""
    return {
        key: Estimate.from_dict(cast("dict[str, float | None]", value))
        if key in _ESTIMATES
        else tuple(cast("list[str]", value))
        if key in _TUPLES
        else number_in(cast("float | None", value))
        if key in ("p", "error", "whole", "additive")
        else value
        for key, value in saved.items()
        if key not in _DERIVED
    }


def _items(saved: object) -> Iterable[Mapping[str, object]]:
    return cast("list[Mapping[str, object]]", saved)


def _known(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _listed(names: list[str], most: int = 6) -> str:
    """Return names in one phrase."""
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return (
        shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""
    )
