"""The result of a comparison: a verdict in words for each task and over all, with the figures behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from torso.core.whole_files import finite
from torso.evaluation.estimate import Estimate
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.folder.json_files import Json
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.tables.alike import require_pandas
from torso.tasks import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Against", "Comparison", "TaskDifference", "Verdict", "p_text", "percent_text"]

Verdict = Literal["helps", "hurts", "no evidence either way", "undefined"]
OVERALL = "all tasks"
HIGHER = "Higher is better in every column of differences, for errors too."


@dataclass(frozen=True)
class TaskDifference:
    """One task of a run beside that of the baseline.

    Attributes:
        task: its name; `all tasks` for the mean over them.
        kind: of target.
        metric: that is compared; empty for all tasks.
        labels: shared rows with a label; for all tasks, shared rows.
        first: metric of the baseline, mean over its seeds.
        second: metric of the run, likewise.
        seeds: least and most over the seeds, of the baseline and of the run.
        difference: of the metric; positive where the run is better, of errors too.
        delta_m: the same in percent of the baseline.
        over_rows: standard error of the difference from the rows.
        over_seeds: standard error from the seeds; NaN with a run each.
        p: two-sided p-value, alone.
        p_holm: after Holm's correction over all tasks and runs compared.
        verdict: by `p_holm` at 5 %.
    """

    task: str
    kind: str
    metric: str
    labels: int
    first: float
    second: float
    seeds: tuple[tuple[float, float], tuple[float, float]]
    difference: Estimate
    delta_m: Estimate
    over_rows: float
    over_seeds: float
    p: float
    p_holm: float
    verdict: Verdict

    @property
    def word(self) -> str:
        """Name of the metric in tables."""
        return words_of(self.kind).get(self.metric, self.metric.replace("_", " "))

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        own = {name: value for name, value in vars(self).items() if name not in _ESTIMATES}
        estimates = {name: getattr(self, name).to_dict() for name in _ESTIMATES}
        return {**{name: finite(value) for name, value in own.items()}, **estimates}

    @classmethod
    def from_dict(cls, saved: Json) -> TaskDifference:
        """Return the difference that `to_dict` wrote."""
        own: Json = {name: math.nan if value is None else value for name, value in saved.items()}
        own |= {name: Estimate.from_dict(saved[name]) for name in _ESTIMATES}
        first, second = ([math.nan if v is None else v for v in pair] for pair in saved["seeds"])
        return cls(**{**own, "seeds": ((first[0], first[1]), (second[0], second[1]))})


_ESTIMATES = ("difference", "delta_m")


@dataclass(frozen=True)
class Against:
    """A run beside the baseline.

    Attributes:
        run: its name.
        runs: seeds of the baseline, and of the run.
        tasks: one each.
        overall: Δm, the mean over tasks.
        notes: on rows, tasks and seeds, in sentences.
    """

    run: str
    runs: tuple[int, int]
    tasks: tuple[TaskDifference, ...]
    overall: TaskDifference
    notes: tuple[str, ...] = ()

    def words(self, baseline: str) -> str:
        """Return the verdict as a sentence."""
        parts = []
        for verdict, word in (("helps", "helps"), ("hurts", "hurts")):
            tasks = [own.task for own in self.tasks if own.verdict == verdict]
            if tasks:
                parts.append(f"{word} {', '.join(tasks)}")
        open_ = [own.task for own in self.tasks if own.verdict == "no evidence either way"]
        if open_:
            told = f"no evidence either way on {', '.join(open_)}"
            parts.append(told if parts else f"no evidence either way on {_all(open_)}")
        undefined = [own.task for own in self.tasks if own.verdict == "undefined"]
        if undefined:
            parts.append(f"undefined on {', '.join(undefined)}")
        overall = ""
        if math.isfinite(self.overall.delta_m.value):
            told = {"helps": "better", "hurts": "worse"}.get(self.overall.verdict, "no evidence")
            overall = f" Over all tasks Δm is {percent_text(self.overall.delta_m)}: {told}."
        alone = " (one run each)" if max(self.runs) == 1 else ""
        return f"{self.run} against {baseline}{alone}: {'; '.join(parts)}.{overall}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """Runs compared with the first of them, the baseline.

    >>> import numpy as np, torso
    >>> size = np.random.default_rng(0).normal(size=120)
    >>> settings = {"training.epochs": 1, "dim": 8, "folds": 0, "blend": "off"}
    >>> prepared = torso.prepare({"size": size, "price": 3 * size}, ["price"], settings=settings)
    >>> runs = [torso.train(prepared, {"seed": seed}) for seed in (0, 1)]
    >>> torso.compare(*runs).against[0].overall.task
    'all tasks'

    Attributes:
        baseline: name of the first run.
        against: each other run beside it.
        rows: that all share.
        split: their part: `test`, `validation`, or `table`.
        grouped: groups of rows were resampled, not rows.
    """

    baseline: str
    against: tuple[Against, ...]
    rows: int
    split: str
    grouped: bool = False

    def __repr__(self) -> str:
        """Return a sentence and a line per task for each run, then the notes."""
        lines = []
        for other in self.against:
            lines += [other.words(self.baseline)]
            lines += [f"  {line}" for line in aligned(table_of(other))]
            lines += [f"note: {note}" for note in other.notes]
        return "\n".join([*lines, HIGHER])

    def _repr_html_(self) -> str:
        """Return the same as tables of HTML; all names are escaped."""
        from html import escape

        parts = [
            f"<p>{escape(other.words(self.baseline))}</p>{html_table(table_of(other))}{html_notes(other.notes)}"
            for other in self.against
        ]
        return f"<div>{''.join(parts)}<p>{HIGHER}</p></div>"

    @property
    def notes(self) -> tuple[str, ...]:
        """All notes, each once."""
        return tuple(dict.fromkeys(note for other in self.against for note in other.notes))

    def frame(self) -> pd.DataFrame:
        """Return a frame with one row per run and task, and one for all tasks.

        Columns: `run`, `task`, `metric`, `labels`, `baseline` and `value` (of the metric), `difference` (positive where the
        run is better), `low`, `high` (95 % interval), `delta_m`, `delta_m_low`, `delta_m_high` (percent), `over_rows`,
        `over_seeds` (standard errors), `p`, `p_holm`, `verdict`.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of differences (`against` has them as values)")
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "run": other.run,
                    "task": own.task,
                    "metric": own.metric,
                    "labels": own.labels,
                    "baseline": own.first,
                    "value": own.second,
                    "difference": own.difference.value,
                    "low": own.difference.low,
                    "high": own.difference.high,
                    "delta_m": own.delta_m.value,
                    "delta_m_low": own.delta_m.low,
                    "delta_m_high": own.delta_m.high,
                    "over_rows": own.over_rows,
                    "over_seeds": own.over_seeds,
                    "p": own.p,
                    "p_holm": own.p_holm,
                    "verdict": own.verdict,
                }
                for other in self.against
                for own in (*other.tasks, other.overall)
            ]
        )

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        against = [
            {
                "run": other.run,
                "runs": list(other.runs),
                "tasks": [own.to_dict() for own in other.tasks],
                "overall": other.overall.to_dict(),
                "notes": list(other.notes),
            }
            for other in self.against
        ]
        about = {name: value for name, value in asdict(self).items() if name != "against"}
        words = [other.words(self.baseline) for other in self.against]
        return {**about, "against": against, "words": words}

    @classmethod
    def from_dict(cls, saved: Json) -> Comparison:
        """Return the comparison that `to_dict` wrote."""
        against = tuple(
            Against(
                other["run"],
                (other["runs"][0], other["runs"][1]),
                tuple(map(TaskDifference.from_dict, other["tasks"])),
                TaskDifference.from_dict(other["overall"]),
                tuple(other["notes"]),
            )
            for other in saved["against"]
        )
        own = {name: saved[name] for name in cls.__dataclass_fields__}
        return cls(**{**own, "against": against})


def table_of(other: Against) -> list[list[str]]:
    """Return the header and a row per task, the last for all of them."""
    rows = [["task", "metric", "baseline", "run", "difference", "Δm", "p (Holm)", "verdict"]]
    rows += [
        [
            own.task,
            own.word,
            number_text(own.first),
            number_text(own.second),
            estimate_text(own.difference),
            percent_text(own.delta_m),
            p_text(own.p_holm),
            own.verdict,
        ]
        for own in other.tasks
    ]
    own = other.overall
    rows.append(
        [own.task, "", "", "", "", percent_text(own.delta_m), p_text(own.p_holm), own.verdict]
    )
    return rows


def percent_text(estimate: Estimate) -> str:
    """Return a change in percent with its sign and interval.

    >>> percent_text(Estimate(2.04, -0.3, 4.4)), percent_text(Estimate(math.nan))
    ('+2.0 % [-0.3, +4.4]', '–')
    """
    if not math.isfinite(estimate.value):
        return "–"
    if not math.isfinite(estimate.low):
        return f"{estimate.value:+.1f} %"
    return f"{estimate.value:+.1f} % [{estimate.low:+.1f}, {estimate.high:+.1f}]"


def p_text(p: float) -> str:
    """Return a p-value with two digits.

    >>> p_text(0.2), p_text(1e-9), p_text(math.nan)
    ('0.20', '<0.001', '–')
    """
    if math.isnan(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _all(tasks: Sequence[str]) -> str:
    return tasks[0] if len(tasks) == 1 else f"any task ({', '.join(tasks)})"
