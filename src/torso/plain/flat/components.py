"""Principal directions of wide features: the few numbers in which rows differ most, for trees and small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from torso.plain.clock import check_time

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["directions"]

_MORE = 10  # directions beyond those wanted, in the sketch
_POWERS = 4


def directions(values: np.ndarray | csr_array, count: int, seed: int = 0) -> np.ndarray:
    """Return the leading right singular vectors, float32 `[width, up to count]`, each scaled to a spread of 1.

    From Halko 2011 (https://arxiv.org/abs/0909.4061), a randomised range finder. Differs: vectors whose
    singular value is next to nothing are left out, and signs are fixed by the largest entry.

    Args:
        values: `[rows, width]`, without NaN; centred by the caller, if at all.
        count: directions wanted.
        seed: of the sketch.
    """
    rows, width = values.shape
    kept = min(count, rows - 1, width)
    if kept < 1:
        return np.zeros((width, 0), np.float32)
    sketch = np.random.default_rng(seed).standard_normal((width, min(kept + _MORE, width)))
    basis = np.linalg.qr(np.asarray(values @ sketch))[0]
    for _ in range(_POWERS):
        check_time()
        basis = np.linalg.qr(np.asarray(values.T @ basis))[0]
        basis = np.linalg.qr(np.asarray(values @ basis))[0]
    _, sizes, vectors = np.linalg.svd(np.asarray(values.T @ basis).T, full_matrices=False)
    strong = np.flatnonzero(sizes[:kept] > max(1e-6, 1e-4 * sizes[0]))
    vectors, spreads = vectors[strong], sizes[strong] / np.sqrt(rows)
    signs = np.sign(vectors[np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)])
    scaled: np.ndarray = (vectors * (signs / spreads)[:, None]).T
    return np.ascontiguousarray(scaled, np.float32)  # a sparse product would copy it each time
