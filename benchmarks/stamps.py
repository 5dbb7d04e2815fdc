"""Talking Stamps as one network, set by hand: its columns' kinds and its recipe, for benchmarks that compare networks."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))
from talking_stamps import ROOTS, TARGETS
from talking_stamps import stamps as stamp_table

__all__ = ["RECIPE", "TARGETS", "inputs", "stamp_table"]

KINDS = {
    "image": {"kind": "image", "size": 64},
    "text": {"kind": "text", "vocabulary": 500, "length": 160},
    "audio": {"kind": "audio"},
    "sound_effect": {"kind": "audio"},
}
RECIPE = [
    "data.split.group=id",
    "encoders.text=ngrams",  # beside picture and voice no worse than the transformer, at a tenth of its cost
    "training.epochs=16",
    "training.weight_decay=0.05",
    "training.modality_dropout=0.3",  # else the picture alone is learned by heart: 950 of them, seen 8 times
]


def inputs(folder: Path) -> dict[str, dict[str, object]]:
    """Return the kind of each column, and the zip that its paths lead into."""
    return {
        name: spec | ({"root": str(folder / ROOTS[name])} if name in ROOTS else {})
        for name, spec in KINDS.items()
    }
