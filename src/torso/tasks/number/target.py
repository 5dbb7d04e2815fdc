"""A number as a target, in the user's unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.inputs import NumberInput
from torso.columns.moments import moments
from torso.columns.profile import MOSTLY, Guess, Profile
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.core.spec import Settings
from torso.tables.numbers.number_format import NumberFormat
from torso.tables.table import Column
from torso.tasks._base.logarithm import Logarithm, heavy_tail_note, labels_themselves_note
from torso.tasks._base.numbers import (
    check_size,
    constant,
    known_near,
    named,
    number_settings,
    origin_of,
    without_far,
)
from torso.tasks._base.proposals import of_numbers
from torso.tasks._base.target import Facts, Target
from torso.tasks._base.whole_numbers import judge

__all__ = ["NumberTarget"]


class NumberTarget(Target, name="number", head="gaussian", rank=50):
    """A number. Infinite labels, and those far from all others, count as missing and are reported.

    Args:
        decimal: as for a number among the inputs.
        units: as there; answers come in the first.
        forms: as there; a range is its middle.
        transform: `log` learns the logarithm of the labels, so that answers are medians and huge labels do not
            outweigh all others; `none` the labels themselves; `auto` chooses `log` for a heavy tail, unless
            numbers and categories among the inputs explain most of the labels themselves.
    """

    learned = ("mean", "std", "origin", "reach", "logarithm")
    label = "quantity"
    estimator = "regressor"

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise numbers, and texts that are nearly all numbers."""
        guess = NumberInput.recognise(cells)
        told = () if guess is None else tuple(_of_labels(text, cells) for text in guess.warnings)
        if cells.is_number:
            why = "numbers"
            if cells.are_whole and len(cells.counts) > 2:
                why = f"whole numbers, {judge(cells.counts, cells.column.name).why}"
            told = told if guess and guess.use else ()  # a row's number may be asked for
            return Guess(
                cls.kind, why, (*told, *of_numbers(cells)), settings=number_settings(cells)
            )
        if guess is None:
            return None
        units = _other_units(cells)
        if units:
            why = f"numbers in units that do not measure the same: {', '.join(units)}; give them in one"
            return Guess("", why)
        return replace(guess, kind=cls.kind, warnings=told)

    @classmethod
    def suggest(cls, cells: Profile) -> Settings:
        """Suggest the format that the numbers are written in."""
        return number_settings(cells)

    def __init__(
        self,
        decimal: Literal[".", ","] = ".",
        units: Sequence[str] = (),
        forms: Sequence[str] = (),
        transform: Literal["auto", "none", "log"] = "auto",
    ) -> None:
        if transform not in ("auto", "none", "log"):
            raise ValueError(
                f"Parameter `transform` should be 'auto', 'none' or 'log'. Found {transform!r}."
            )
        self.format = NumberFormat.of(decimal, units, forms)
        self.transform = transform
        self.mean = 0.0
        self.std = 1.0
        self.origin = 0.0
        self.reach: list[float] | None = None
        self.logarithm: Facts | None = None
        self._of_labels = np.zeros(1), np.ones(1)  # mean and spread of the labels themselves

    def fit(self, column: Column) -> None:
        """Learn mean and spread, of the logarithms where these are asked for or a tail is heavy."""
        known, self.reach = known_near(self._values(column, Reading()))
        if len(np.unique(known)) < 2:
            raise constant(column, known)
        mean, std = moments(known[:, None])
        check_size(column, mean, std)
        chosen = self._choose(known)
        self.logarithm = None if chosen is None else chosen.state()
        self._of_labels = mean, std
        if chosen is not None:
            mean, std = moments(chosen.of_labels(known)[:, None])
        self.mean, self.std = float(mean[0]), float(std[0])
        self.origin = float(origin_of(mean, std)[0]) if chosen is None else 0.0
        told = chosen if self.transform == "auto" else None
        self.notes = () if told is None else (heavy_tail_note(column.name, known, told),)

    def scales(self, column: Column) -> np.ndarray | None:
        """Return the labels and their logarithms, where a heavy tail asked for these; None elsewhere."""
        logarithm = self._logarithm
        if logarithm is None or self.transform != "auto":
            return None
        values = without_far(self._values(column, Reading()), self.reach, column, Reading())
        return np.stack([values, logarithm.of_labels(values)], axis=1)

    def settle(self, column: Column, said: np.ndarray) -> None:
        """Learn the labels themselves after all, where the inputs explain them as well as their logarithm."""
        logarithm, labels = self._logarithm, self.scales(column)
        if logarithm is None or labels is None:
            return
        known = ~np.isnan(labels).any(axis=1)
        if logarithm.is_needed(said[known, 0], said[known, 1], labels[known, 0]):
            return
        mean, std = self._of_labels
        self.logarithm = None
        self.mean, self.std = float(mean[0]), float(std[0])
        self.origin = float(origin_of(mean, std)[0])
        self.notes = (labels_themselves_note(column.name, labels[known, 0]),)

    def _choose(self, known: np.ndarray) -> Logarithm | None:
        """Return the logarithm to learn of the `known` labels; None for the labels themselves."""
        if self.transform == "log":
            return Logarithm.of(known)
        return Logarithm.asked_for_by(known) if self.transform == "auto" else None

    def chosen(self) -> Settings:
        """Return the transform that was chosen."""
        return {"transform": "none" if self.logarithm is None else "log"}

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last ones."""
        super().restore({"origin": 0.0, "reach": None, "logarithm": None, **state})

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows]` from the origin, or the logarithms; NaN where missing."""
        values = without_far(self._values(column, reading), self.reach, column, reading)
        logarithm = self._logarithm
        if logarithm is None:
            return np.asarray(values - self.origin, dtype=np.float32)
        logarithms = logarithm.of_labels(values)
        for row in np.flatnonzero(np.isnan(logarithms) & ~np.isnan(values)):
            why = f"no logarithm, which is learnt; {setting(f'targets.{column.name}.transform', 'none')}"
            reading.skip(column, int(row), f"{values[row]:g}", why)
        return logarithms.astype(np.float32)

    @property
    def _logarithm(self) -> Logarithm | None:
        return None if self.logarithm is None else Logarithm(**self.logarithm)

    def compared(self, values: np.ndarray) -> np.ndarray:
        """Return labels in the user's unit, from the origin."""
        logarithm = self._logarithm
        return values if logarithm is None else logarithm.labels_of(values)

    def compared_answers(self, values: np.ndarray) -> np.ndarray:
        """Return answers in the user's unit, from the origin; none far beyond the labels of the training rows."""
        logarithm = self._logarithm
        return values if logarithm is None else logarithm.answers_of(values)

    def compared_details(
        self, details: Mapping[str, np.ndarray], truth: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        """Return details in the user's unit; a log loss is that of a density per unit."""
        logarithm = self._logarithm
        if logarithm is None:
            return details
        out = {name: logarithm.answers_of(v) for name, v in details.items() if name not in _SPREADS}
        if "log_loss" in details:
            out["log_loss"] = details["log_loss"] - logarithm.log_slope(self.compared(truth))
        return out

    def judged_by(self) -> Facts:
        """Return the logarithm, in which the headline is measured."""
        return {} if self.logarithm is None else {"logarithm": self.logarithm}

    def _values(self, column: Column, reading: Reading) -> np.ndarray:
        values = cells.numbers(column, reading, self.format)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        return np.where(np.isfinite(values), values, np.nan)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full(rows, np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer mean (from the origin) and spread."""
        return {"mean": self.mean - self.origin, "std": self.std}

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, and in the same unit its details: `task_spread`, `task_low`, `task_high`.

        Where logarithms are learnt, the spread is half of what lies between one spread of them below and above.
        """
        logarithm = self._logarithm
        if logarithm is None:
            return named(task, {"": prediction, **details}, self.origin)
        out = {name: logarithm.answers_of(value) for name, value in details.items()}
        if "spread" in details:
            low, high = (
                logarithm.answers_of(prediction + sign * details["spread"]) for sign in (-1, 1)
            )
            out["spread"] = (high - low) / 2
        return named(task, {"": logarithm.answers_of(prediction), **out})


_SPREADS = ("spread", "log_loss")  # details that are no labels


def _of_labels(warning: str, cells: Profile) -> str:
    """Return a warning about an input as one about labels."""
    name = cells.column.name
    for of_input, of_label in (
        (f"inputs.{name}.", f"targets.{name}."),
        ("a feature each for", "converted into the first of"),
        ("their middle and width", "their middle"),
    ):
        warning = warning.replace(of_input, of_label)
    return warning


def _other_units(cells: Profile) -> list[str]:
    """Return the units of labels of which many cannot be converted into the first; none if that is rare."""
    if cells.numbers is None:
        return []
    form = cells.numbers.format
    numbers = form.parse(cells.written)
    lost = numbers.known & np.isnan(form.in_one_unit(numbers))
    if lost.sum() <= (1 - MOSTLY) * numbers.known.sum():
        return []
    return [unit or "none" for unit in form.units]
