"""Names, shapes and meanings of a graph's inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from torch import Tensor

from torso.core.errors import ConfigError
from torso.exporting.layout import Layout

__all__ = ["BATCH", "InputPort", "OutputPort", "input_ports", "output_ports", "shape_of"]

BATCH = "batch"
Sides = tuple[int | str, ...]


@dataclass(frozen=True)
class InputPort:
    """A tensor that a graph takes.

    Attributes:
        modality: that it belongs to; empty for the flat view of the row.
        part: `values`, `mask` or `sizes` of the modality's `Features`, or `plain`.
        shape: sides, by number or by name where they vary.
        dtype: of NumPy.
        meaning: for people.
        least: length that the graph takes at least; shorter rows are padded under a False of the mask.
    """

    modality: str
    part: str
    shape: Sides
    dtype: str
    meaning: str
    least: int = 1

    def to_dict(self) -> dict[str, object]:
        """Return JSON values."""
        return {**asdict(self), "shape": [*self.shape]}


@dataclass(frozen=True)
class OutputPort:
    """A tensor that a graph gives.

    Attributes:
        task: that it answers.
        detail: name of a detail of the prediction; empty for the prediction.
        shape: sides, by number or by name where they vary.
        dtype: of NumPy.
        meaning: for people.
    """

    task: str
    detail: str
    shape: Sides
    dtype: str
    meaning: str

    def to_dict(self) -> dict[str, object]:
        """Return JSON values."""
        return {**asdict(self), "shape": [*self.shape]}


def input_ports(laid: Mapping[str, Layout]) -> dict[str, InputPort]:
    """Return name -> port of the modalities' tensors, in the order in which a graph takes them.

    Raises:
        ConfigError: two of them would have one name.
    """
    ports: dict[str, InputPort] = {}
    for name, layout in laid.items():
        length: Sides = (f"{name}.length",) if layout.steps else ()
        cells: Sides = length or ((layout.cells,) if layout.cells else ())
        columns = ", ".join(layout.columns)
        own = {
            name: InputPort(
                name,
                "values",
                (BATCH, *length, *layout.tail),
                _named(layout.dtype),
                f"features of the form {layout.form!r}, from {columns}",
            ),
            f"{name}.mask": InputPort(
                name, "mask", (BATCH, *cells), "bool", f"{name} is there: False where it is missing"
            ),
        }
        if layout.sizes:
            own[f"{name}.sizes"] = InputPort(
                name,
                "sizes",
                (BATCH, layout.sizes),
                "float32",
                f"facts about the whole file of {columns}; NaN where unknown",
            )
        _check_free(own, ports, f"modality {name!r}")
        ports |= own
    return ports


def output_ports(
    answers: Mapping[str, tuple[Tensor, Mapping[str, Tensor]]], taken: Iterable[str], rows: int
) -> dict[str, OutputPort]:
    """Return name -> port of the answers.

    An input may have a task's name, where a model restores it. Then the answer is called `TASK.answer`.

    Args:
        answers: task -> prediction and details, of some rows.
        taken: names of inputs.
        rows: their number.

    Raises:
        ConfigError: two of them would have one name.
    """
    ports: dict[str, OutputPort] = {}
    inputs = {*taken}
    for task, (value, details) in answers.items():
        own = {
            _free(task, inputs): OutputPort(
                task, "", shape_of(value, rows), _named(value.dtype), f"answer of {task}"
            )
        }
        for name, part in details.items():
            own[_free(f"{task}.{name}", inputs)] = OutputPort(
                task, name, shape_of(part, rows), _named(part.dtype), f"{name} of {task}"
            )
        _check_free(own, ports, f"task {task!r}")
        ports |= own
    return ports


def shape_of(tensor: Tensor, rows: int) -> Sides:
    """Return a tensor's sides, the first of them that of a batch of `rows`."""
    sides = tuple(tensor.shape)
    return (BATCH, *sides[1:]) if sides and sides[0] == rows else sides


def _free(name: str, taken: Iterable[str]) -> str:
    return f"{name}.answer" if name in taken else name


def _check_free(own: Iterable[str], ports: Iterable[str], owner: str) -> None:
    twice = sorted({*own} & {*ports})
    if twice:
        raise ConfigError(
            f"The {owner} needs tensors with names that others have: {twice}. Rename the column, and fit again."
        )


def _named(dtype: object) -> str:
    return str(dtype).removeprefix("torch.")
