"""One-to-one matching: of proposals with labels in training, of answers with labels in evaluation."""

from __future__ import annotations

import numpy as np

__all__ = ["matched"]


def matched(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and the columns of the cheapest one-to-one matching.

    >>> rows, columns = matched(np.array([[4.0, 1.0], [2.0, np.inf]]))
    >>> rows.tolist(), columns.tolist()
    ([0, 1], [1, 0])

    Args:
        costs: `[rows, columns]`; one that is not finite is higher than all others together.
    """
    from scipy.optimize import linear_sum_assignment

    finite = np.isfinite(costs)
    # scipy refuses infinite costs that cannot be avoided, so they become large finite ones.
    forbidding = 1.0 + 2.0 * np.abs(costs[finite]).sum()
    rows, columns = linear_sum_assignment(np.where(finite, costs, forbidding))
    return rows, columns
