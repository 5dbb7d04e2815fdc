"""Free settings of a search: a span of numbers, steps in order, a choice, or the weights of the tasks.

Each knows how a trial draws it and which numbers stand for a value that is there already. Nothing here imports Optuna: a
trial of its is anything with `suggest_float`, `suggest_int` and `suggest_categorical`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Choice", "Dimension", "Drawing", "Numbers", "Simplex", "Span", "Steps"]

Numbers = Mapping[str, float | int | str]
"""Name of a dimension -> the value that the sampler drew."""


class Drawing(Protocol):
    """A trial that numbers are drawn for."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return a number from `low` to `high`."""

    def suggest_int(self, name: str, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        """Return one of the choices."""


class Dimension(Protocol):
    """A free setting."""

    def draw(self, path: str, trial: Drawing) -> object:
        """Return a value for a trial."""

    def numbers(self, path: str, value: object) -> Numbers | None:
        """Return the draws that mean `value`; None where no draw does."""

    def ends(self) -> list[object]:
        """Return the values that show whether all are allowed."""

    def to_dict(self) -> dict[str, object]:
        """Return JSON values."""

    def __str__(self) -> str:
        """Return the dimension in words."""


@dataclass(frozen=True)
class Span:
    """Numbers between two ends.

    >>> str(Span(1e-4, 1e-2, log=True)), str(Span(2, 8, whole=True))
    ('0.0001 to 0.01 (log scale)', '2 to 8 (whole)')

    Attributes:
        low: least.
        high: greatest.
        log: whether equal ratios, not equal differences, matter alike.
        whole: whether only whole numbers are drawn.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def draw(self, path: str, trial: Drawing) -> object:
        """Return a number, rounded to three digits, so that it can be read and repeated."""
        if self.whole:
            return trial.suggest_int(path, int(self.low), int(self.high))
        drawn = float(f"{trial.suggest_float(path, self.low, self.high, log=self.log):.3g}")
        return min(max(drawn, self.low), self.high)

    def numbers(self, path: str, value: object) -> Numbers | None:
        """Return the value itself if it lies inside."""
        inside = _is_number(value) and self.low <= float(str(value)) <= self.high
        return {path: float(str(value)) if not self.whole else int(str(value))} if inside else None

    def holding(self, value: object) -> Span:
        """Return the span, wide enough for `value` if a span can be."""
        if not _is_number(value) or (self.log and float(str(value)) <= 0):
            return self
        number = float(str(value))
        return Span(min(self.low, number), max(self.high, number), self.log, self.whole)

    def ends(self) -> list[object]:
        """Return both ends."""
        return [int(end) if self.whole else end for end in (self.low, self.high)]

    def to_dict(self) -> dict[str, object]:
        """Return the values as a space in YAML has them."""
        low, high = self.ends()
        return {"low": low, "high": high, **({"log": True} if self.log else {})}

    def __str__(self) -> str:
        """Return the ends in words."""
        return (
            f"{self.low:g} to {self.high:g}" + " (log scale)" * self.log + " (whole)" * self.whole
        )


@dataclass(frozen=True)
class Steps:
    """Numbers in their order, such as widths: a neighbour says more about a value than a far one.

    >>> str(Steps((32, 64, 128)))
    '32, 64, 128'

    Attributes:
        values: ascending.
    """

    values: tuple[float, ...]

    def draw(self, path: str, trial: Drawing) -> object:
        """Return one of the values."""
        return self.values[trial.suggest_int(path, 0, len(self.values) - 1)]

    def numbers(self, path: str, value: object) -> Numbers | None:
        """Return the value's position."""
        known = isinstance(value, int | float) and value in self.values
        return {path: self.values.index(value)} if known else None

    def ends(self) -> list[object]:
        """Return every value."""
        return [*self.values]

    def to_dict(self) -> dict[str, object]:
        """Return the values as a space in YAML has them."""
        return {"values": [*self.values]}

    def __str__(self) -> str:
        """Return the values."""
        return ", ".join(f"{value:g}" for value in self.values)


@dataclass(frozen=True)
class Choice:
    """Values without an order: parts, words, truth values.

    >>> str(Choice(("gated", {"type": "late", "hidden": 8})))
    'gated, {"type": "late", "hidden": 8}'

    Attributes:
        values: of any kind that YAML has.
    """

    values: tuple[object, ...]

    def draw(self, path: str, trial: Drawing) -> object:
        """Return one of the values."""
        return json.loads(trial.suggest_categorical(path, self._words()))

    def numbers(self, path: str, value: object) -> Numbers | None:
        """Return the value as it is drawn."""
        said = json.dumps(value)
        return {path: said} if said in self._words() else None

    def ends(self) -> list[object]:
        """Return every value."""
        return [*self.values]

    def to_dict(self) -> dict[str, object]:
        """Return the values as a space in YAML has them."""
        return {"values": [*self.values]}

    def _words(self) -> list[str]:
        return [json.dumps(value) for value in self.values]

    def __str__(self) -> str:
        """Return the values."""
        said = [value if isinstance(value, str) else json.dumps(value) for value in self.values]
        return ", ".join(said)


@dataclass(frozen=True)
class Simplex:
    """Weights of the tasks whose mean is 1: the softmax of a number per task, so equal weights are its middle.

    >>> Simplex(("digit", "ink")).numbers("balancing", {"type": "equal"})
    {'weight of digit': 0.0, 'weight of ink': 0.0}

    Attributes:
        tasks: in their order.
        most: greatest size of each number: weights differ by a factor of `exp(2 most)` at most, 20 by default.
    """

    tasks: tuple[str, ...]
    most: float = 1.5

    def draw(self, path: str, trial: Drawing) -> object:
        """Return the balancing of the drawn weights, each rounded to three digits."""
        del path
        sizes = [
            math.exp(trial.suggest_float(_weight(task), -self.most, self.most))
            for task in self.tasks
        ]
        mean = sum(sizes) / len(sizes)
        weights = [float(f"{size / mean:.3g}") for size in sizes]
        return {"type": "fixed", "weights": dict(zip(self.tasks, weights, strict=True))}

    def numbers(self, path: str, value: object) -> Numbers | None:
        """Return the numbers that give a balancing's weights; None for weights that move by themselves."""
        del path
        spec = value if isinstance(value, Mapping) else {"type": value}
        if spec.get("type") not in ("equal", "fixed"):
            return None
        said = spec.get("weights", {}) if spec.get("type") == "fixed" else {}
        if isinstance(said, Mapping):
            said = [said.get(task, 1.0) for task in self.tasks]
        if not isinstance(said, list | tuple) or any(weight <= 0 for weight in said):
            return None
        logs = [math.log(weight) for weight in said]
        middle = (max(logs) + min(logs)) / 2
        numbers = {_weight(task): log - middle for task, log in zip(self.tasks, logs, strict=True)}
        return numbers if all(abs(number) <= self.most for number in numbers.values()) else None

    def ends(self) -> list[object]:
        """Return the balancing with equal weights."""
        return [{"type": "fixed", "weights": dict.fromkeys(self.tasks, 1.0)}]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON of a space, and the tasks."""
        return {"simplex": [*self.tasks], "most": self.most}

    def __str__(self) -> str:
        """Return the weights in words."""
        return f"weights of mean 1, up to {math.exp(2 * self.most):.0f}-fold apart"


def _weight(task: str) -> str:
    return f"weight of {task}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
