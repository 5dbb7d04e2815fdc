"""Weights of classes or labels in a training loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from torso.columns.category_keys import key_of
from torso.core.errors import ConfigError, unknown

__all__ = ["Weights", "class_meant", "class_weights", "label_weights"]

Weights = Literal["none", "balanced"] | Mapping[str, float]
"""Weights as a config says them."""


def class_meant(said: object, names: Sequence[str]) -> str:
    """Return the class of a name as YAML reads it; the name as a text where no class has it.

    >>> class_meant(True, ["false", "true"]), class_meant(1.0, ["0", "1"]), class_meant("cat", ["dog"])
    ('true', '1', 'cat')
    """
    if isinstance(said, str):
        return said
    key = key_of(said, numeric=True)
    return next((name for name in names if key_of(name, numeric=True) == key), str(said))


def class_weights(
    weights: Weights, names: Sequence[str], frequencies: Sequence[float] | None
) -> list[float]:
    """Return the weight of each class.

    Args:
        weights: `none`; `balanced`: in inverse ratio to the frequencies, 1 for the average row; or class -> weight, 1 for
            a class without.
        names: of the classes.
        frequencies: of the classes among the training rows; needed for `balanced`.

    Raises:
        ConfigError: a weight for an unknown class.
        ValueError: a weight below 0, all 0, or `balanced` without frequencies.
    """
    if isinstance(weights, Mapping):
        given = {class_meant(name, names): float(weight) for name, weight in weights.items()}
        for name in given:
            if name not in names:
                raise ConfigError(unknown("class in `weights`:", name, names))
        chosen = [given.get(name, 1.0) for name in names]
    elif weights == "balanced":
        if frequencies is None:
            raise ValueError("Parameter `weights` 'balanced' needs the classes' `frequencies`.")
        seen = sum(share > 0 for share in frequencies)
        chosen = [1 / (seen * share) if share else 0.0 for share in frequencies]
    elif weights == "none":
        chosen = [1.0] * len(names)
    else:
        raise ValueError(
            f"Parameter `weights` should be 'none', 'balanced' or a mapping. Found {weights!r}."
        )
    if not all(weight >= 0 for weight in chosen) or not any(chosen):
        raise ValueError(f"Parameter `weights` should be 0 or more, and not all 0. Found {chosen}.")
    return chosen


def label_weights(
    weights: Weights, names: Sequence[str], frequencies: Sequence[float] | None
) -> list[list[float]]:
    """Return for each of several labels the weights of rows without it and of rows with it.

    >>> label_weights({"rare": 5.0}, ["common", "rare"], None)
    [[1.0, 1.0], [1.0, 5.0]]

    Args:
        weights: `none`; `balanced`: each label's yes and no in inverse ratio to their frequencies; or label -> weight of its
            yes, 1 for a label without.
        names: of the labels.
        frequencies: of the labels among the training rows; needed for `balanced`.

    Raises:
        ConfigError: a weight for an unknown label.
        ValueError: as `class_weights`.
    """
    if weights == "balanced":
        if frequencies is None:
            raise ValueError("Parameter `weights` 'balanced' needs the labels' `frequencies`.")
        return [class_weights(weights, ["no", "yes"], [1 - share, share]) for share in frequencies]
    if isinstance(weights, Mapping):
        for name in weights:
            if class_meant(name, names) not in names:
                raise ConfigError(unknown("label in `weights`:", name, names))
    return [[1.0, weight] for weight in class_weights(weights, names, None)]
