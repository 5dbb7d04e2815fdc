"""The one figure of an answer that is explained, in its own unit: a probability, or the predicted number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.evaluation.weighted import Floats
from torso.evaluation.wording import number_text
from torso.tasks import Target

__all__ = ["Figure", "figure_of"]


@dataclass(frozen=True)
class Figure:
    """A number that a run states about a row.

    Attributes:
        task: its name.
        answer: the run's answer to the whole row, in words.
        unit: of the number, in words.
        column: of the answers that holds it.
        is_probability: of the answer.
        index: of the class or label; None for numbers.
        in_logarithms: the network learns the number's logarithm.
        turn: full turn of an angle, and its answer; None for other numbers.
    """

    task: str
    answer: str
    unit: str
    column: str
    is_probability: bool
    index: int | None = None
    in_logarithms: bool = False
    turn: tuple[float, float] | None = None

    @property
    def unit_of_network(self) -> str:
        """Unit of the number as the network states it."""
        return f"logarithm of {self.unit}" if self.in_logarithms else self.unit

    def read(self, answers: Mapping[str, pa.Array]) -> Floats:
        """Return the figure of each row of answers; angles go the shorter way round from the answer."""
        values = np.asarray(answers[self.column].to_numpy(zero_copy_only=False), np.float64)
        if self.turn is None:
            return values
        period, answer = self.turn
        return answer + (values - answer + period / 2) % period - period / 2


def figure_of(task: str, kind: Target, answers: Mapping[str, pa.Array]) -> Figure | None:
    """Return the figure of a task that is explained; None for answers in places, texts and the like.

    Args:
        task: its name.
        kind: of the target, fitted.
        answers: columns of the answer to the row, the only one.
    """
    if kind.label == "quantity":
        value = answers[task][0].as_py()
        period = float(getattr(kind, "period", 360.0))
        turn = (period, float(value)) if kind.kind == "angle" else None
        logarithms = getattr(kind, "logarithm", None) is not None
        answer = number_text(float(value))
        return Figure(task, answer, task, task, False, in_logarithms=logarithms, turn=turn)
    names = kind.names
    if kind.label == "class":
        typed = pc.cast(pa.array(names, pa.large_string()), answers[task].type)
        index = typed.to_pylist().index(answers[task][0].as_py())
        column = _probability(task, names[index], answers)
        return Figure(task, names[index], f"probability of {names[index]}", column, True, index)
    if kind.kind == "multilabel":
        columns = [_probability(task, name, answers) for name in names]
        likeliest = int(np.argmax([answers[column][0].as_py() for column in columns]))
        name = names[likeliest]
        return Figure(task, name, f"probability of {name}", columns[likeliest], True, likeliest)
    return None


def _probability(task: str, name: str, answers: Mapping[str, pa.Array]) -> str:
    """Return the column of a class's probability, which has another name where a target has its own."""
    column = f"{task}_probability_{name}"
    return column if column in answers and column != task else f"{task}__probability_{name}"
