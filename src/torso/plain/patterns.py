"""Which modalities rows lack, and whether plain models have met such rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from torso.columns.sources import Source

__all__ = ["common_patterns", "met"]

# A modality that few rows lack is often lacking for a reason that speaks of the target: of Talking
# Stamps' rows 1.4 % have no text, and most of them are of one category. Plain models read the target
# off such a gap, and are wrong wherever a gap comes about otherwise. So rare sets are the network's.
_LEAST_SHARE, _LEAST_ROWS = 0.02, 5


def common_patterns(sources: Mapping[str, Source], rows: np.ndarray) -> list[list[str]]:
    """Return the sets of absent modalities that at least 2 % of the fit's rows have, and 5; most frequent first.

    The most frequent set is always among them.

    Args:
        sources: modality -> features.
        rows: positions of the rows of the fit.
    """
    names = sorted(sources)
    absent = _absent(sources, names, rows)
    sets, counts = np.unique(absent, axis=0, return_counts=True)
    least = max(_LEAST_ROWS, _LEAST_SHARE * len(rows))
    return [
        [name for name, gone in zip(names, sets[index], strict=True) if gone]
        for index in np.argsort(-counts, kind="stable")
        if counts[index] >= least or counts[index] == counts.max()
    ]


def met(
    sources: Mapping[str, Source], rows: np.ndarray, patterns: Sequence[Sequence[str]]
) -> np.ndarray:
    """Return bool `[rows]`: rows whose absent modalities are one of the patterns.

    Args:
        sources: modality -> features.
        rows: positions of the rows that are asked about.
        patterns: from `common_patterns`.
    """
    names = sorted(sources)
    known = {tuple(name in pattern for name in names) for pattern in patterns}
    absent = _absent(sources, names, rows)
    return np.array([tuple(row) in known for row in absent.tolist()], dtype=bool)


def _absent(sources: Mapping[str, Source], names: Sequence[str], rows: np.ndarray) -> np.ndarray:
    return np.stack([~sources[name].present()[rows] for name in names], axis=1)
