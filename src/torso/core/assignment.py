"""Who is matched with whom: proposals with labels in training, answers with labels in evaluation."""

from __future__ import annotations

import numpy as np

__all__ = ["matched"]


def matched(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and the columns of the cheapest one-to-one matching of `costs` `[rows, columns]`.

    Numbers that are not finite cost more than all others together.
    """
    from scipy.optimize import linear_sum_assignment

    finite = np.isfinite(costs)
    dear = 1.0 + 2.0 * np.abs(costs[finite]).sum()
    rows, columns = linear_sum_assignment(np.where(finite, costs, dear))
    return rows, columns
