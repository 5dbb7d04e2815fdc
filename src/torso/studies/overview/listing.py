"""`torso.runs_in`: the runs of a folder with their scores and costs, unfinished and damaged ones told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from torso.core.errors import RunError, TorsoError, nearest
from torso.core.whole_files import finite
from torso.evaluation.wording import number_text
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.json_files import Json
from torso.runs.folder.stage import Stage
from torso.runs.report.shown import aligned, html_table
from torso.runs.settings.durations import duration_text
from torso.studies.overview.next_steps import finished_beside
from torso.tables.alike import require_pandas
from torso.tasks import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Listed", "Runs", "runs_in"]

_DEPTH = 4
_NOT_LOOKED_IN = {"checkpoint", "search", "studies"}
_BESIDE = ("seeds", "baselines")
_RUNS = (Stage.FINISHED, Stage.RESUMABLE, Stage.UNDER_WAY)


@dataclass(frozen=True)
class Listed:
    """One run of a folder.

    Attributes:
        run: its path below the folder.
        state: `finished`, `resumable`, `under way` or `damaged`.
        date: when it was written last, in local time.
        table: that it was fitted on; empty if that was in memory.
        targets: that it answers.
        inputs: number of columns that it reads.
        seed: of its weights.
        split: part of the rows that the scores are about.
        metrics: task -> its headline metric.
        scores: task -> value of the headline metric.
        verdicts: task -> `better`, `no better` or `worse` than its baseline without inputs.
        rows_trained: rows that it learnt from.
        seconds: that preparing, training and judging took.
        parameters: numbers in its weights.
        beside: finished runs in `seeds/` and `baselines/`.
        problem: why it has no scores; empty if it has.
    """

    run: str
    state: str
    date: str
    table: str = ""
    targets: tuple[str, ...] = ()
    inputs: int = 0
    seed: int | None = None
    split: str = ""
    metrics: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    rows_trained: int = 0
    seconds: float = 0.0
    parameters: int = 0
    beside: dict[str, int] = field(default_factory=dict)
    problem: str = ""

    def cells(self) -> list[str]:
        """Return name, date, table, scores and cost as words."""
        more = [
            f"{count} {name if count > 1 else name[:-1]}"
            for name, count in self.beside.items()
            if count
        ]
        scores = ", ".join(
            f"{task} {self.metrics[task]} {number_text(value)}"
            for task, value in self.scores.items()
        )
        cost = f"{duration_text(self.seconds)}, {self.parameters:,} weights" if self.scores else ""
        return [
            self.run + (f" (+ {', '.join(more)})" if more else ""),
            self.date,
            Path(self.table).name,
            scores or ", ".join(self.targets),
            cost or self.state,
        ]


HEADER = ("run", "date", "table", "scores", "cost")


@dataclass(frozen=True, repr=False)
class Runs:
    """The runs of a folder, the oldest first.

    Attributes:
        folder: that was looked in.
        runs: with those in `seeds/` and `baselines/` of other runs.
    """

    folder: str
    runs: tuple[Listed, ...] = ()

    def __repr__(self) -> str:
        """Return a line per run, then the unfinished and damaged ones."""
        lines = aligned([HEADER, *(own.cells() for own in self.shown)])
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as a table of HTML; all names are escaped."""
        from torso.runs.report.shown import html_notes

        table = html_table([HEADER, *(own.cells() for own in self.shown)])
        return f"<div>{table}{html_notes(self.notes)}</div>"

    @property
    def shown(self) -> tuple[Listed, ...]:
        """Runs but for those that lie beside another, as its seeds or baselines."""
        tops = {own.run for own in self.runs}
        return tuple(own for own in self.runs if _above(own.run) not in tops)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about runs without scores."""
        return tuple(f"{own.run}: {own.problem}" for own in self.runs if own.problem)

    def frame(self) -> pd.DataFrame:
        """Return a frame with one row per run; `scores` are one column per task, named by it.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of runs (`runs` has them as values)")
        import pandas as pd

        tasks = dict.fromkeys(task for own in self.runs for task in own.scores)
        rows = []
        for own in self.runs:
            values = asdict(own)
            for name in ("metrics", "scores", "verdicts", "beside"):
                values.pop(name)
            values["targets"] = ", ".join(own.targets)
            rows.append({**values, **{f"{task}": own.scores.get(task) for task in tasks}})
        return pd.DataFrame(rows)

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        return {"folder": self.folder, "runs": [finite(asdict(own)) for own in self.runs]}


def runs_in(folder: str | Path) -> Runs:
    """Return the runs in a folder and in folders below it, four deep.

    Args:
        folder: to look in; a run itself is listed with those beside it.

    Raises:
        RunError: there is no such folder, or no run in it.
    """
    top = Path(folder).expanduser()
    if not top.is_dir():
        there = top.parent.iterdir() if top.parent.is_dir() else ()
        near = nearest(top.name, [entry.name for entry in there if entry.is_dir()])
        hint = f" Did you mean {str(top.with_name(near))!r}?" if near else ""
        raise RunError(f"There is no folder {str(folder)!r}.{hint}")
    listed = [_listed(path, top) for path in _below(top, _DEPTH)]
    if not listed:
        raise RunError(
            f"There is no run in {str(folder)!r}, nor in folders below it. Train one: torso fit TABLE -t COLUMN -o "
            f"{quote(str(top / 'first'))}"
        )
    return Runs(str(folder), tuple(sorted(listed, key=lambda own: (own.date, own.run))))


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the runs in a folder."""
    if RunFolder(folder).stage in _RUNS:
        yield folder
    if depth:
        for entry in sorted(folder.iterdir()):
            hidden = entry.name.startswith(".") or entry.name in _NOT_LOOKED_IN
            if entry.is_dir() and not entry.is_symlink() and not hidden:
                yield from _below(entry, depth - 1)


def _listed(path: Path, top: Path) -> Listed:
    files = RunFolder(path)
    stage = files.stage
    marker = next(
        (path / name for name in ("torso.json", "run.yaml") if (path / name).exists()), path
    )
    date = datetime.fromtimestamp(marker.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
    name = "." if path == top else path.relative_to(top).as_posix()
    if stage is Stage.UNDER_WAY:
        cure = "Train again."
        if files.checkpoint.exists:
            cure = f"Go on with it: torso fit --resume -o {quote(str(path))}"
        return Listed(name, str(stage), date, problem=f"under way, or interrupted. {cure}")
    try:
        files.schema()
        config, report = files.config(), files.report()
    except TorsoError as error:
        return Listed(name, "damaged", date, problem=str(error))
    seconds = report.training.seconds
    headlines = {task: own.headline for task, own in report.tasks.items()}
    return Listed(
        run=name,
        state=str(stage),
        date=date,
        table=config.data.table if isinstance(config.data.table, str) else "",
        targets=tuple(config.targets),
        inputs=len(config.inputs),
        seed=config.seed,
        split=report.split,
        metrics={
            task: words_of(report.tasks[task].kind).get(metric, metric.replace("_", " "))
            for task, metric in headlines.items()
        },
        scores={task: report.tasks[task].metrics[name].value for task, name in headlines.items()},
        verdicts={task: own.verdict() or "undefined" for task, own in report.tasks.items()},
        rows_trained=report.usage.rows_trained,
        seconds=seconds.preparing + seconds.training + seconds.evaluating,
        parameters=report.training.parameters,
        beside={kind: len(finished_beside(path, kind)) for kind in _BESIDE},
    )


def _above(run: str) -> str | None:
    """Return the run that another lies beside; None if it lies beside none.

    >>> _above("a/seeds/1"), _above("seeds/1"), _above("a")
    ('a', '.', None)
    """
    parts = Path(run).parts
    at = next((at for at, part in enumerate(parts) if part in _BESIDE), None)
    return None if at is None else "/".join(parts[:at]) or "."
