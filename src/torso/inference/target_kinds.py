"""The rules that guess what kind of target a column is, or say why it cannot be one."""

from __future__ import annotations

from collections import Counter

from torso.columns.inputs import BinaryInput, DatetimeInput, NumberInput
from torso.columns.inputs.vector import lists_of_numbers
from torso.columns.profile import FEW_WHOLE_NUMBERS, MOSTLY, Guess, Profile

__all__ = ["guess_target"]


def guess_target(cells: Profile) -> Guess:
    """Return the kind of target, or `""` with the reason why the column cannot be one."""
    if not cells.values:
        return Guess("", "no cell holds a label")
    for rule in (_target_lists, _target_multilabel, _target_scalars):
        guess = rule(cells)
        if guess is not None:
            return guess
    return Guess("", f"cells of type {cells.type} are no kind of target")


def _target_lists(cells: Profile) -> Guess | None:
    lists = cells.lists
    if lists is None:
        return None
    if any(lists) and all(isinstance(item, str) for cell in lists for item in cell):
        return Guess("multilabel", "lists of labels")
    guess = lists_of_numbers(cells)
    if guess is not None and guess.kind == "vector":
        return guess
    return Guess(
        "", guess.why if guess is not None and not guess.kind else "a sequence cannot be predicted"
    )


def _target_multilabel(cells: Profile) -> Guess | None:
    if not cells.is_text:
        return None
    for mark in ("|", ";"):
        if sum(mark in text for text in cells.values) < 0.5 * len(cells.values):
            continue
        labels = Counter(label.strip() for text in cells.values for label in text.split(mark))
        if len(labels) <= max(20, sum(labels.values()) // 5):
            return Guess("multilabel", f"{len(labels)} labels, separated by {mark!r}")
    return None


def _target_scalars(cells: Profile) -> Guess | None:
    if len(cells.counts) == 1 and cells.distinct == 1:
        return Guess("", f"every label is {cells.example!r}, so there is nothing to learn")
    if DatetimeInput.recognise(cells) is not None:
        return Guess("", "a date; make it a number first, for example of days")
    if two := BinaryInput.recognise(cells):
        return two
    if cells.is_number:
        whole = all(float(value).is_integer() for value in cells.counts)
        if whole and cells.distinct <= FEW_WHOLE_NUMBERS:
            return Guess("category", f"{cells.distinct} whole numbers")
        return Guess("number", "whole numbers with many values" if whole else "numbers")
    if cells.numeric_share >= MOSTLY:
        return NumberInput.recognise(cells)
    if cells.is_text:
        if len(cells.counts) > 20 and len(cells.counts) > len(cells.values) / 2:
            return Guess(
                "", f"{cells.distinct} different texts in {len(cells.column)} rows are no classes"
            )
        return Guess("category", f"{cells.distinct} values")
    return None
