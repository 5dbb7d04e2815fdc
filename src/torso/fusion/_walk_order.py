"""The order in which a sequential fusion visits the modalities, each once."""

from __future__ import annotations

from collections.abc import Sequence

from torso.core.errors import unknown

__all__ = ["leader_and_others", "walk_order"]


def walk_order(order: Sequence[str] | None, modalities: Sequence[str]) -> tuple[str, ...]:
    """Return `order`, by default that of `modalities`.

    Raises:
        ValueError: `order` does not name every modality once.
    """
    order = tuple(order or modalities)
    for name in order:
        if name not in modalities:
            raise ValueError(unknown("modality in `order`:", name, modalities))
    if sorted(order) != sorted(modalities):
        raise ValueError(
            f"Parameter `order` should name every modality once. Found {list(order)}, "
            f"modalities {list(modalities)}."
        )
    return order


def leader_and_others(
    setting: str, leader: str | None, order: Sequence[str] | None, modalities: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Return the leading modality, by default the first of the order, and the others in order.

    Args:
        setting: name of the constructor's argument for the leader, for errors.
        leader: the modality that leads, or None.
        order: names of all modalities, or None for the order of `modalities`.
        modalities: names of all modalities.

    >>> leader_and_others("query", "text", None, ["image", "text", "speech"])
    ('text', ('image', 'speech'))
    """
    names = walk_order(order, modalities)
    if leader is not None and leader not in modalities:
        raise ValueError(unknown(f"modality in `{setting}`:", leader, modalities))
    first = names[0] if leader is None else leader
    return first, tuple(name for name in names if name != first)
