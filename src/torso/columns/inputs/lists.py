"""Lists of numbers in a column: vectors, sequences, or neither."""

from __future__ import annotations

from collections import Counter

from torso.columns.profile import MOSTLY, Guess, Profile

__all__ = ["lists_of_numbers"]

_VECTOR, _SEQUENCE = "vector", "sequence"  # names of kinds of input


def lists_of_numbers(profile: Profile) -> Guess | None:
    """Return vector or sequence; without a kind, why the lists are neither; None if the cells are no lists."""
    lists = profile.lists
    if lists is None:
        return None
    written = "JSON lists" if profile.is_text else "lists"
    filled = [cell for cell in lists if cell]
    if not filled:
        return Guess("", "only empty lists", use=False)
    if all(_is_numbers(cell) for cell in filled):
        return _vector(filled, written)
    steps = [step for cell in filled for step in cell if step is not None]
    if steps and all(isinstance(step, list) and _is_numbers(step) for step in steps):
        widths = Counter(map(len, steps))
        if len(widths) == 1:
            why = f"{written} of steps of {next(iter(widths))} numbers"
            return Guess(_SEQUENCE, why)
        return Guess("", f"{written} of steps of {len(widths)} different widths", use=False)
    return Guess("", f"{written} of something other than numbers", use=False)


def _vector(lists: list[list[object]], written: str) -> Guess:
    lengths = Counter(map(len, lists))
    length, count = lengths.most_common(1)[0]
    if count < MOSTLY * len(lists):
        return Guess(
            "",
            f"{written} of numbers of {len(lengths)} different lengths: "
            "for a sequence, make each step a list of its own ([[1], [2]])",
            use=False,
        )
    odd = len(lists) - count
    warnings = (f"{odd} of {len(lists)} lists are not of length {length}.",) if odd else ()
    return Guess(_VECTOR, f"{written} of {length} numbers", warnings)


def _is_numbers(cell: list[object]) -> bool:
    return all(isinstance(item, int | float) or item is None for item in cell)
