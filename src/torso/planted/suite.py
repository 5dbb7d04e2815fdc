"""Twenty planted tables with fixed seeds, against which advice is measured."""

from __future__ import annotations

from torso.planted.kinds import plant
from torso.planted.truth import Planted

__all__ = ["SUITE", "suite"]

SUITE: tuple[tuple[str, int], ...] = (
    *((name, seed) for name in ("clash", "outsider", "singles") for seed in (11, 12)),
    *((name, seed) for name in ("opposite", "helper") for seed in (21, 22)),
    ("alike", 31),
    ("alike", 32),
    ("separate", 33),
    ("noisy", 34),
    ("disjoint", 35),
    ("five", 36),
    ("carriers", 41),
    ("redundant", 42),
    ("synergy", 43),
    ("gaps", 44),
)
"""Kind and seed of each table."""


def suite() -> dict[str, Planted]:
    """Return the twenty tables by name, `KIND-SEED`; they never change.

    >>> list(suite())[:2]
    ['clash-11', 'clash-12']
    """
    return {f"{name}-{seed}": plant(name, seed=seed) for name, seed in SUITE}
