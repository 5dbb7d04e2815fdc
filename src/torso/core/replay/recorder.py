"""Notes the operations on tensors that a function makes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, MutableMapping, Sequence
from operator import getitem

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from torso.core.replay.arrays import (
    Operation,
    Otherwise,
    as_array,
    asks_layout,
    bridged,
    named,
)
from torso.core.replay.packing import Noted, Packer, Places, as_tuple, translated_step
from torso.core.replay.tape import Step, Tape, taker

__all__ = ["Recorder"]

_PLAIN = (bool, int, float, str, torch.dtype, torch.device, torch.layout, type(None))
_DRAWS = ("rand", "normal", "multinomial", "bernoulli", "poisson", "exponential", "dropout_")


_CHANGING = {"__setitem__", "__set__", "__delitem__"} | {
    f"__i{name}__"
    for name in [
        "add",
        "sub",
        "mul",
        "div",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
        "matmul",
    ]
}


class Recorder(TorchFunctionMode):
    """Notes the operations that depend on the variables, while it is entered.

    Args:
        variables: tensors that differ from call to call.
        constants: all other tensors that the function has before it is called.
        stacks: of several constants, which recordings share.
    """

    def __init__(
        self,
        variables: Sequence[Tensor],
        constants: Iterable[Tensor] = (),
        stacks: MutableMapping[Places, np.ndarray] | None = None,
    ) -> None:
        super().__init__()
        self._values: list[object] = []  # of the recorded call, by place
        self._noted: list[Noted] = []
        self._places: dict[Hashable, int] = {}  # of constants, operations and results
        self._varying: set[int] = set()  # places
        self._checks: set[int] = set()  # places of what Python read
        self._kept: list[object] = []
        self._refused = False
        self._inputs = [self._new(variable) for variable in variables]
        for place, variable in zip(self._inputs, variables, strict=True):
            self._places[id(variable)] = place
        self._constants = {id(constant): constant for constant in constants}
        self._stacks = {} if stacks is None else stacks
        self._made: dict[int, object] = {}  # results, kept so that no other object gets the same id

    def __torch_function__(
        self,
        func: Operation,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        del types
        by_name = kwargs or {}
        result = func(*args, **by_name)
        if not self._refused:
            self._kept.append((args, by_name))
            self._note(func, args, by_name, result)
            for made in result if isinstance(result, tuple | list) else [result]:
                self._made[id(made)] = made
        return result

    def tape(self, outputs: Mapping[str, Tensor]) -> Tape | None:
        """Return the operations that lead to the outputs; None if they cannot be repeated."""
        if self._refused:
            return None
        places = {name: self._place(output) for name, output in outputs.items()}
        needed = {*places.values(), *self._checks}
        try:
            arrays = [*map(as_array, self._values)]
        except TypeError:  # numpy lacks the type
            return None
        lasting = {
            place: id(value)
            for place, value in enumerate(self._values)
            if id(value) in self._constants
        }
        noted_steps = Packer(self._noted, arrays, self._varying, lasting, self._stacks).packed()
        steps: list[Step] = []
        for noted in reversed(noted_steps):
            if noted.place in needed:
                needed.update(noted.arguments)
                operation, read = self._repeated(noted, arrays)
                steps.append((operation, taker(read), noted.place))
        for place in self._varying:
            arrays[place] = None
        return Tape(arrays, steps[::-1], self._inputs, places)

    def _repeated(
        self, noted: Noted, arrays: Sequence[object]
    ) -> tuple[Operation, tuple[int, ...]]:
        """Return the operation on arrays, and the places of its arguments."""
        if noted.ready:
            return noted.operation, noted.arguments
        result = arrays[noted.place]
        operation, places = translated_step(noted, arrays, self._varying, result)
        if operation is None:
            places = noted.arguments
            varying = [at for at, place in enumerate(places) if place in self._varying]
            given = [None if place in self._varying else self._values[place] for place in places]
            operation = bridged(named(noted.operation, noted.names), given, varying, result)
            places = tuple(places[at] for at in varying)
        return _Check(operation, result) if noted.place in self._checks else operation, places

    def _note(
        self,
        func: Operation,
        args: tuple[object, ...],
        by_name: Mapping[str, object],
        result: object,
    ) -> None:
        name = getattr(func, "__name__", "")
        if name.startswith(_DRAWS) or "out" in by_name:
            self._refused = True
        elif _changes(name) or by_name.get("inplace"):  # allowed to a constant made on the way
            self._refused = id(args[0]) not in self._made or self._varies(args)
        elif not asks_layout(func) and self._varies([*args, *by_name.values()]):
            self._refused |= not _readable(result)
            same = self._kept_as_is(name, args, result)
            places = tuple(self._place(arg) for arg in [*args, *by_name.values()])
            if same is not None:
                self._places[id(result)] = self._place(same)
            elif not self._refused:
                self._step(func, tuple(by_name), places, result)

    def _kept_as_is(self, name: str, args: Sequence[object], result: object) -> object | None:
        """Return the argument that comes back as it is: as the same tensor, or since a constant mask has no gaps."""
        again = next((arg for arg in args if arg is result), None)
        if again is not None or len(args) != 3 or name not in ("where", "masked_fill"):
            return again
        kept, mask = (args[1], args[0]) if name == "where" else args[:2]
        if not (isinstance(mask, Tensor) and isinstance(kept, Tensor)) or self._varies([mask]):
            return None
        assert isinstance(result, Tensor)
        chosen = mask if name == "where" else ~mask
        alike = (kept.shape, kept.dtype) == (result.shape, result.dtype)
        return kept if alike and bool(chosen.all()) else None

    def _varies(self, values: Sequence[object]) -> bool:
        return not self._varying.isdisjoint(map(self._place, values))

    def _step(
        self, func: Operation, names: tuple[str, ...], arguments: tuple[int, ...], result: object
    ) -> int:
        """Note an operation, or find it as noted before; return the place of its result."""
        key = (func, names, arguments)
        known = self._places.get(key)
        if known is None:
            known = self._places[key] = self._new(result)
            self._noted.append(Noted(func, names, arguments, known))
            if not _holds_tensors(result):
                self._checks.add(known)
        if isinstance(result, Tensor):
            self._places[id(result)] = known
        elif func is not as_tuple and isinstance(result, tuple | list) and _holds_tensors(result):
            for number, part in enumerate(result):
                self._step(getitem, (), (known, self._place(number)), part)
        return known

    def _new(self, value: object) -> int:
        """Return the place of something that differs from call to call."""
        self._values.append(value)
        self._varying.add(len(self._values) - 1)
        return len(self._values) - 1

    def _place(self, value: object) -> int:
        """Return the place of an argument: of a variable, of a result, or of a constant."""
        if isinstance(value, tuple | list):
            places = tuple(map(self._place, value))
            if not self._varying.isdisjoint(places):
                return self._step(as_tuple, (), places, value)
        key = (type(value), value) if isinstance(value, _PLAIN) else id(value)
        if key not in self._places:
            self._refused |= not self._understood(value)
            self._places[key] = len(self._values)
            self._values.append(value)
        return self._places[key]

    def _understood(self, value: object) -> bool:
        """Say if a constant is one: an unknown tensor may come from an operation that was not seen."""
        if isinstance(value, Tensor):
            return id(value) in self._made or id(value) in self._constants
        if isinstance(value, slice):
            return not any(isinstance(end, Tensor) for end in (value.start, value.stop, value.step))
        return isinstance(value, (*_PLAIN, tuple, list, type(...), torch.memory_format))


class _Check:
    """An operation that has to give the result of the recorded call."""

    def __init__(self, operation: Operation, expected: object) -> None:
        self.operation = operation
        self.expected = expected

    def __call__(self, *arguments: object) -> None:
        if self.operation(*arguments) != self.expected:
            raise Otherwise


def _changes(name: str) -> bool:
    """Say if an operation changes its first argument."""
    return name in _CHANGING or (name.endswith("_") and not name.startswith("_"))


def _holds_tensors(result: object) -> bool:
    return isinstance(result, Tensor) or (
        isinstance(result, tuple | list) and any(isinstance(part, Tensor) for part in result)
    )


def _readable(result: object) -> bool:
    """Say if a result is tensors, or something that can be compared."""
    if isinstance(result, tuple | list):
        return all(isinstance(part, Tensor) for part in result) or all(
            isinstance(part, _PLAIN) for part in result
        )
    return isinstance(result, (Tensor, *_PLAIN))
