"""One number per task, given by name, in order, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from torso.core.errors import unknown

__all__ = ["Preference", "per_task", "preference_of", "shares"]

Preference = Mapping[str, float] | Sequence[float] | None
"""Importance of each task: by name (1 for a task that is not named), in order, or None for equal."""


def per_task(
    name: str,
    tasks: Sequence[str],
    given: Preference,
    default: float,
    *,
    rule: str = "finite",
    good: Callable[[Tensor], Tensor] = torch.isfinite,
) -> Tensor:
    """Return float64 `[tasks]`, the number of each task.

    Args:
        name: name of the setting, for errors.
        tasks: names of the tasks.
        given: by name, in order, or None.
        default: number of a task that is not named.
        rule: the rule for the numbers, in words.
        good: returns bool `[tasks]`, True for a number that keeps the rule.

    Raises:
        ValueError: an unknown task, another number of them, or numbers against the rule.

    >>> per_task("min_losses", ["a", "b"], {"b": -3}, 0.0).tolist()
    [0.0, -3.0]
    """
    if given is None:
        given = {}
    if isinstance(given, Mapping):
        for task in given:
            if task not in tasks:
                raise ValueError(unknown(f"task in `{name}`:", task, tasks))
        given = [given.get(task, default) for task in tasks]
    if len(given) != len(tasks):
        raise ValueError(
            f"Parameter `{name}` should be one number per task. Found {list(given)} for {list(tasks)}."
        )
    numbers = [float(number) for number in given]
    values = torch.tensor(numbers, dtype=torch.float64)
    right = good(values).tolist()
    wrong = {task: value for task, value, ok in zip(tasks, numbers, right, strict=True) if not ok}
    if wrong:
        raise ValueError(f"Parameter `{name}` should be {rule}. Found {wrong}.")
    return values


def preference_of(
    tasks: Sequence[str],
    preference: Preference,
    *,
    positive: bool = False,
) -> Tensor:
    """Return the preference as float64 `[tasks]`; `positive` refuses zeros too.

    Raises:
        ValueError: an unknown task, another number of them, or numbers that are no preference.
    """
    values = per_task(
        "preference",
        tasks,
        preference,
        1.0,
        rule="finite and above 0" if positive else "finite and not negative",
        good=lambda p: p.isfinite() & ((p > 0) if positive else (p >= 0)),
    )
    if not bool(values.any()):
        raise ValueError("Parameter `preference` should prefer some task. Found only zeros.")
    return values


def shares(preference: Tensor) -> Tensor:
    """Return the preferences divided by their sum; zeros if all are zero."""
    total = preference.sum()
    return preference / total if bool(total > 0) else preference
