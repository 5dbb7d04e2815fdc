"""Tables of `torso importance`: the columns of each task, scores with some modalities only, and the findings in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.names import in_lines
from torso.evaluation.wording import UNDEFINED, number_text
from torso.studies.importance.result import Effect, Importance, Of, Way
from torso.tasks import words_of

__all__ = ["importance_tables"]

CAPTION = (
    "Loss if the cells of a column are exchanged among the rows that have them, or left out; with 95 % intervals. Above 0: the "
    "column helps. Shapley: a modality's share of the whole score. Words go by p-values for all columns together (Holm)."
)
WAYS: dict[Way, str] = {
    "exchanged": "exchanged",
    "within_groups": "within groups",
    "left_out": "left out",
    "shapley": "Shapley",
}
Line = tuple[str, list[str], str]
"""Name, cells and verdict."""
_LEAST_ROOM, _MOST_ROOM = 11, 40
_LEAST_SHOWN = 5e-4
"""Share of the largest effect below which a number is shown as 0."""
_SUBSETS = 16
"""Subsets that are shown; the file and the frame have all."""


def importance_tables(importance: Importance, width: int = 120) -> RenderableType:
    """Return the findings in words, then a table per task, and one of subsets of modalities.

    Args:
        importance: to show.
        width: of the terminal in characters.
    """
    parts: list[RenderableType] = [Text(line) for line in importance.words()]
    if not importance.effects:
        return Group(*parts)
    for task in importance.metrics:
        parts += [
            Text(""),
            Text(f"{task}, {_measure(importance, task)}", "bold"),
            _effects(importance, task, width),
        ]
    parts += [Text(CAPTION, "dim")]
    if len(importance.modalities) > 1:
        parts += [Text(""), Text("With some modalities only", "bold"), _subsets(importance, width)]
    return Group(*parts)


def _measure(importance: Importance, task: str) -> str:
    """Return the measure of a task's table as a reader knows it."""
    measure = importance.decisive(task)
    words = words_of(importance.kinds[task])
    said = words.get(measure, measure.replace("_", " "))
    return f"{said} in nats per label" if measure == "log_likelihood" else said


def _effects(importance: Importance, task: str, width: int) -> Table:
    """Return the columns of a task, the largest effect first, and the modalities of several columns.

    As many ways of taking a column away stand beside each other as there is room for.
    """
    ways = {way: name for way, name in WAYS.items() if way != "within_groups" or importance.groups}
    lines = [*_lines(importance, task, ways)]
    while len(ways) > 1 and _taken(lines, ways) + _LEAST_ROOM > width:
        ways.popitem()
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for header in ways.values():
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("")
    room = min(_MOST_ROOM, max(_LEAST_ROOM, width - _taken(lines, ways)))
    for name, texts, verdict in lines:
        style = "" if verdict == "no evidence" else "bold"
        shown = texts[: len(ways)]
        table.add_row(Text(in_lines(name, room), style), *shown, Text(verdict))
    return table


def _taken(lines: Sequence[Line], ways: Mapping[Way, str]) -> int:
    """Return the characters of all columns of the table but the first."""
    each = [
        2 + max([len(header), *(len(texts[index]) for _, texts, _ in lines)])
        for index, header in enumerate(ways.values())
    ]
    return sum(each) + 2 + len("no evidence")


def _lines(importance: Importance, task: str, ways: Mapping[Way, str]) -> Iterator[Line]:
    """Yield name, cells and verdict of each line."""
    own = [
        e for e in importance.effects if (e.task, e.measure) == (task, importance.decisive(task))
    ]
    least = _LEAST_SHOWN * max(
        (abs(e.value.value) for e in own if e.value.value == e.value.value), default=0.0
    )
    several = {name for name, columns in importance.modalities.items() if len(columns) > 1}
    alone: dict[tuple[str, ...], str] = {
        columns: name for name, columns in importance.modalities.items() if len(columns) == 1
    }
    shapley = {effect.name: effect for effect in importance.ranked(task, "modality", "shapley")}
    sorts: Sequence[Of] = ("column", "modality", "alike")
    for of in sorts:
        others = {way: {e.name: e for e in importance.ranked(task, of, way)} for way in ways}
        for effect in importance.ranked(task, of):
            if of == "modality" and effect.name not in several:
                continue
            modality = effect.name if of == "modality" else alone.get(effect.columns, "")
            cells = [
                _text(
                    shapley.get(modality) if way == "shapley" else others[way].get(effect.name),
                    least,
                )
                for way in ways
            ]
            title = f"all {effect.name}" if of == "modality" else effect.name
            yield title, cells, effect.verdict


def _text(effect: Effect | None, least: float) -> str:
    """Return an effect with its interval; 0 for numbers that are nothing beside the largest effect of the task."""
    if effect is None:
        return ""
    value, low, high = (
        "0" if abs(number) < least else number_text(number)
        for number in (effect.value.value, effect.value.low, effect.value.high)
    )
    return value if low == high == UNDEFINED or low == value == high else f"{value} [{low}, {high}]"


def _subsets(importance: Importance, width: int) -> Table:
    """Return the headline metric with some modalities, a column per task; the best subsets of many."""
    every: dict[tuple[str, ...], dict[str, float]] = {}
    for subset in importance.subsets:
        if subset.measure == importance.metrics[subset.task]:
            every.setdefault(subset.kept, {})[subset.task] = subset.score.value
    rows = [*every.items()]
    if len(rows) > _SUBSETS:  # none, each alone, all but each, all
        count = len(importance.modalities)
        rows = [row for row in rows if len(row[0]) in (0, 1, count - 1, count)]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    headers = []
    for task, metric in importance.metrics.items():
        words = words_of(importance.kinds[task])
        headers.append(f"{task}, {words.get(metric, metric.replace('_', ' '))}")
        table.add_column(Text(headers[-1]), justify="right")
    room = max(_LEAST_ROOM, width - sum(3 + len(header) for header in headers))
    for kept, scores in rows:
        name = _kept(kept, [*importance.modalities])
        table.add_row(
            Text(in_lines(name, room)),
            *(number_text(scores.get(task, float("nan"))) for task in importance.metrics),
        )
    return table


def _kept(kept: Sequence[str], modalities: Sequence[str]) -> str:
    from torso.studies.robustness.shown import kept_text

    return kept_text(kept, modalities) if kept else "none"
