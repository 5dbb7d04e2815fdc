"""What the sequential fusions share: a walk through the modalities, each once."""

from __future__ import annotations

from collections.abc import Sequence

from torso.core.errors import unknown

__all__ = ["leader_and_others", "walk_order"]


def walk_order(order: Sequence[str] | None, modalities: Sequence[str]) -> tuple[str, ...]:
    """Return the walk, by default as in `modalities`; it should name every modality once."""
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
    setting: str, first: str | None, order: Sequence[str] | None, modalities: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Return the modality that leads, by default the first of the walk, and the others in their order.

    >>> leader_and_others("query", "text", None, ["image", "text", "speech"])
    ('text', ('image', 'speech'))
    """
    walk = walk_order(order, modalities)
    if first is not None and first not in modalities:
        raise ValueError(unknown(f"modality in `{setting}`:", first, modalities))
    lead = walk[0] if first is None else first
    return lead, tuple(name for name in walk if name != lead)
