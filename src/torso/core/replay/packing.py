"""Equal operations on the parts of a stack, made as one."""

from __future__ import annotations

from collections.abc import Container, MutableMapping, Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from torso.core.replay.arrays import Operation, name_of, translated

__all__ = ["Noted", "Packer", "as_tuple", "translated_step"]

Places = tuple[int, ...]
_WHOLE = {"linear": (1,), "embedding": (1,), "matmul": (0, 1), "einsum": (1, 2, 3)}
"""Operation -> the arguments that it does not read cell by cell."""
_CELLWISE = {
    "add",
    "sub",
    "mul",
    "div",
    "remainder",
    "gt",
    "ge",
    "lt",
    "eq",
    "where",
    "masked_fill",
    "clamp",
    "__or__",
    "__and__",
}
"""Operations whose arguments meet cell by cell, their last axes aligned."""


class Noted(NamedTuple):
    """An operation on the values of places.

    Attributes:
        operation: on tensors; on arrays if it is `ready`.
        names: of its last arguments.
        arguments: their places.
        place: of its result.
    """

    operation: Operation
    names: tuple[str, ...]
    arguments: Places
    place: int
    ready: bool = False


def translated_step(
    step: Noted, arrays: Sequence[object], varying: Container[int], result: object
) -> tuple[Operation | None, Places]:
    """Return an operation on arrays that does the same, None where there is none, and the places that it reads.

    Args:
        step: on tensors.
        arrays: values of the recorded call, by place.
        varying: places of what differs from call to call.
        result: of the recorded call.
    """
    places, by_name = step.arguments, step.arguments[len(step.arguments) - len(step.names) :]
    fixed = {}
    if not any(place in varying for place in by_name):
        places = places[: len(places) - len(by_name)]
        fixed = {name: arrays[place] for name, place in zip(step.names, by_name, strict=True)}
    given = [arrays[place] for place in places]
    return translated(step.operation, step.names, given, result, fixed), places


def as_tuple(*parts: object) -> tuple[object, ...]:
    """Return the parts."""
    return parts


class Packer:
    """Finds operations that are made alike on the way to every part of a stack of rows.

    Networks of one shape that answer a row together make the same operations, each on its own weights; numpy takes as long
    to begin each as to make it. Packed, the networks' values are rows of one array. From superword-level parallelism
    (Larsen & Amarasinghe, PLDI 2000), followed backwards from each `torch.stack`. Where results differ from those of the
    recorded call, or an operation is not alike, the parts are put together behind it.

    Args:
        noted: operations in their order.
        arrays: values of the recorded call, by place; those of new places are added.
        varying: places of what differs from call to call, likewise.
        lasting: places of constants that other recordings have, too -> their identity.
        stacks: of such constants; new ones are added.
    """

    def __init__(
        self,
        noted: Sequence[Noted],
        arrays: list[object],
        varying: set[int],
        lasting: dict[int, int],
        stacks: MutableMapping[Places, np.ndarray],
    ) -> None:
        self._noted = noted
        self._by_place = {step.place: step for step in noted}
        self._arrays = arrays
        self._varying = varying
        self._lasting = lasting
        self._stacks = stacks
        self._packs: dict[tuple[Places, int | None], int | None] = {}
        self._put_together: set[int] = set()  # places of packs that are made part by part
        self._new: list[Noted] = []

    def packed(self) -> list[Noted]:
        """Return all operations with the packed ones among them; of many, the result is no longer needed."""
        steps: list[Noted] = []
        for noted in self._noted:
            stack = self._stack(noted)
            steps += [*self._new, stack or noted]
            self._new = []
        return steps

    def _stack(self, noted: Noted) -> Noted | None:
        """Return the stack of a pack instead of its parts; None if the operation is no such stack."""
        if name_of(noted.operation) != "stack" or any(
            map(self._arrays.__getitem__, noted.arguments[1:])
        ):
            return None
        parts = self._by_place.get(noted.arguments[0])
        pack = None if parts is None else self._pack(parts.arguments, None)
        stack, rows = self._arrays[noted.place], None if pack is None else self._arrays[pack]
        if not (isinstance(stack, np.ndarray) and isinstance(rows, np.ndarray)):
            return None
        if pack not in self._varying or len(rows) != len(stack):  # all parts are one value
            return None
        return Noted(lambda rows: rows.reshape(stack.shape), (), (pack,), noted.place, ready=True)

    def _pack(self, places: Places, rank: int | None) -> int | None:
        """Return the place of several values as rows of an array, or of the value that they all are; None if there is none.

        Args:
            places: of the values.
            rank: that constants need to meet the others cell by cell; None: one axis more than their own.
        """
        if len(set(places)) == 1:
            return places[0]
        varying = [place in self._varying for place in places]
        key = places, None if all(varying) else rank
        if key not in self._packs:
            if all(varying):
                self._packs[key] = self._operation(places)
            else:
                self._packs[key] = None if any(varying) else self._constant(places, rank)
        return self._packs[key]

    def _constant(self, places: Places, rank: int | None) -> int | None:
        values = [self._arrays[place] for place in places]
        first = values[0]
        if not isinstance(first, np.ndarray):
            plain = all(type(value) is type(first) for value in values)
            return (
                places[0]
                if plain and not _holds_arrays(first) and values.count(first) == len(values)
                else None
            )
        if any(_layout(value) != _layout(first) for value in values):
            return None
        if all(np.array_equal(value, first) for value in values):  # type: ignore[arg-type]
            return places[0]
        stack = self._stacked(places)
        if rank is None:
            return self._place(stack)
        if first.ndim == rank and len(first) == 1:
            return self._place(stack.reshape(len(stack), *first.shape[1:]))
        if first.ndim >= rank:
            return None
        between = (1,) * (rank - 1 - first.ndim)
        return self._place(stack.reshape(len(stack), *between, *first.shape))

    def _stacked(self, places: Places) -> np.ndarray:
        arrays = [self._arrays[place] for place in places]
        if not all(place in self._lasting for place in places):
            return np.stack(arrays)  # type: ignore[arg-type]
        key = tuple(self._lasting[place] for place in places)
        if key not in self._stacks:
            self._stacks[key] = np.stack(arrays)  # type: ignore[arg-type]
        return self._stacks[key]

    def _operation(self, places: Places) -> int | None:
        """Return the place of the results of alike operations, made as one or put together."""
        rows = _rows([self._arrays[place] for place in places])
        steps = [step for place in places if (step := self._by_place.get(place)) is not None]
        alike = {(step.operation, step.names, len(step.arguments)) for step in steps}
        if len(steps) < len(places) or len(alike) > 1:
            return self._joined(places, rows)
        arguments = self._arguments(steps)
        if arguments == steps[0].arguments:  # all are given the same
            return places[0]
        if arguments is not None and steps[0].operation is as_tuple:
            return self._step(as_tuple, arguments, tuple(map(self._arrays.__getitem__, arguments)))
        if arguments is not None and rows is not None:
            together = steps[0]._replace(arguments=arguments)
            operation, read = translated_step(together, self._arrays, self._varying, rows)
            if operation is not None:
                return self._step(operation, read, rows)
        return self._joined(self._apart(steps), rows)

    def _apart(self, steps: Sequence[Noted]) -> Places:
        """Return the places of the results of operations that are made row by row of their packed arguments."""
        columns = [
            self._row_places(places)
            for places in zip(*(step.arguments for step in steps), strict=True)
        ]
        results: list[int] = []
        for step, arguments in zip(steps, zip(*columns, strict=True), strict=True):
            if arguments != step.arguments:
                place = self._place(self._arrays[step.place])
                self._varying.add(place)
                self._new.append(step._replace(arguments=arguments, place=place))
                step = self._new[-1]
            results.append(step.place)
        return tuple(results)

    def _row_places(self, places: Places) -> Places:
        """Return where the rows of a pack are to be read; the values themselves where nothing is packed."""
        pack = self._pack(places, None) if self._varying.issuperset(places) else None
        rows = None if pack is None else self._arrays[pack]
        if pack is None or pack in self._put_together or not isinstance(rows, np.ndarray):
            return places
        if pack == places[0]:
            return (pack,) * len(places)
        return tuple(
            self._step(itemgetter(slice(at, at + 1)), (pack,), rows[at : at + 1])
            for at in range(len(places))
        )

    def _joined(self, places: Places, rows: object) -> int | None:
        """Return the place of results that are put together; None if they are no rows."""
        if rows is None:
            return None
        place = self._step(lambda *parts: _rows(parts), places, rows)
        self._put_together.add(place)
        return place

    def _arguments(self, steps: Sequence[Noted]) -> Places | None:
        """Return the packed arguments of alike operations; None if one cannot be packed."""
        result, name = self._arrays[steps[0].place], name_of(steps[0].operation)
        packs: list[int] = []
        for at, places in enumerate(zip(*(step.arguments for step in steps), strict=True)):
            own = self._arrays[places[0]]  # parts of a tuple keep their rank
            rank = np.ndim(own if isinstance(result, tuple) else result)  # type: ignore[arg-type]
            pack = self._pack(places, None if at in _WHOLE.get(name, ()) else rank)
            if pack is None:
                return None
            if pack != places[0] and name in _CELLWISE and np.ndim(self._arrays[pack]) < rank:  # type: ignore[arg-type]
                return None  # the rows would meet another axis
            packs.append(pack)
        return tuple(packs)

    def _step(self, operation: Operation, arguments: Places, rows: object) -> int:
        place = self._place(rows)
        self._varying.add(place)
        self._new.append(Noted(operation, (), arguments, place, ready=True))
        return place

    def _place(self, value: object) -> int:
        self._arrays.append(value)
        return len(self._arrays) - 1


def _rows(values: Sequence[object]) -> object | None:
    """Return arrays of one row each as the rows of an array, tuples of such part by part; None for others."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if arrays:
        alike = len(arrays) == len(values) and len({*map(_layout, arrays)}) == 1
        return np.concatenate(arrays) if alike and arrays[0].shape[:1] == (1,) else None
    tuples = [value for value in values if isinstance(value, tuple)]
    if len(tuples) < len(values) or len({*map(len, tuples)}) > 1:
        return None
    parts = tuple(_rows(own) for own in zip(*tuples, strict=True))
    return None if any(part is None for part in parts) else parts


def _layout(value: object) -> object:
    return (value.shape, value.dtype) if isinstance(value, np.ndarray) else None


def _holds_arrays(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(part, np.ndarray | tuple) for part in value)
