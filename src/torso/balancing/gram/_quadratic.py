"""Small quadratic programmes on Gram matrices, solved exactly.

If gradients differ a billionfold in length, the entries of their Gram matrix lie 1e18 apart, and its eigenvalues
or Cholesky factor lose the small gradients. So each problem is solved on the correlations, and the lengths enter
separately. Lawson and Hanson's active-set method (`scipy.optimize.nnls`) ends after finitely many exchanges at a
point that satisfies the optimality conditions to rounding, unlike a fixed number of Frank-Wolfe steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "lengths_and_correlations",
    "min_norm_weights",
    "nearest_to_origin",
    "project_on_dual_cone",
    "square_root",
    "with_equals_averaged",
]


def lengths_and_correlations(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients' lengths `[tasks]` and their correlations `[tasks, tasks]`.

    Args:
        gram: `[tasks, tasks]`, no diagonal entry zero.
    """
    lengths = gram.diagonal().sqrt()
    correlation = (gram / lengths / lengths[:, None]).clamp(-1.0, 1.0)
    correlation = (correlation + correlation.T) / 2
    return lengths, correlation.fill_diagonal_(1.0)


def square_root(gram: Tensor) -> Tensor:
    """Return `A` `[rank, tasks]` with `A.T @ A = gram`, without directions below rounding."""
    values, vectors = torch.linalg.eigh(gram)
    kept = values > values[-1] * len(gram) * torch.finfo(gram.dtype).eps
    root: Tensor = values[kept].sqrt()[:, None] * vectors[:, kept].T
    return root


def min_norm_weights(gram: Tensor) -> Tensor:
    """Return `argmin w' gram w` over `w >= 0, sum(w) = 1`, with equal weights for equal gradients."""
    lengths, correlation = lengths_and_correlations(gram)
    return with_equals_averaged(
        nearest_to_origin(square_root(correlation) * (lengths / lengths.min())), gram
    )


def nearest_to_origin(points: Tensor) -> Tensor:
    """Return `w >= 0, sum(w) = 1` for which `points @ w` is the hull's point nearest to the origin.

    With columns scaled to length one, `v = lengths * w`, the hull is `sum(v / lengths) = 1`. The minimum of
    `|B v|^2 + (smallest * sum(v / lengths) - 1)^2` over `v >= 0` lies on the same ray: for a fixed direction the best
    length gives `q / (1 + q)` with `q = |B u|^2`, which grows with q. Every column of that problem has a length
    between one and `sqrt(2)`, whatever the lengths of the points.

    Args:
        points: `[numbers, tasks]`.
    """
    lengths: Tensor = points.norm(dim=0)
    smallest = lengths.min()
    if smallest == 0:
        at_zero: Tensor = (lengths == 0).to(points)
        return at_zero.div(at_zero.sum())
    shares = smallest / lengths
    target = points.new_zeros(len(points) + 1)
    target[-1] = 1.0
    weights = _nnls(torch.cat([points / lengths, shares[None]]), target) * shares
    return weights.div(weights.sum())


def with_equals_averaged(weights: Tensor, gram: Tensor) -> Tensor:
    """Return the weights with those of equal gradients replaced by their mean, since any split is optimal."""
    squares = gram.diagonal()
    largest = torch.maximum(squares, squares[:, None])
    distances = squares + squares[:, None] - 2 * gram  # squared
    same = (distances <= 8 * torch.finfo(gram.dtype).eps * largest).to(gram)
    mean: Tensor = same @ weights / same.sum(dim=1)
    return mean


def project_on_dual_cone(gram: Tensor, weights: Tensor) -> Tensor:
    """Return the weights of the projection of `weights @ jacobian` on the gradients' dual cone.

    The dual cone is the set of directions that conflict with no gradient. The projection is `v @ jacobian` for
    `min v' gram v` over `v >= weights`, entry by entry.

    Args:
        gram: `[tasks, tasks]`, no diagonal entry zero.
        weights: `[tasks]`.
    """
    lengths, correlation = lengths_and_correlations(gram)
    root = square_root(correlation)
    return weights + _nnls(root, -root @ (weights * lengths)) / lengths


def _nnls(matrix: Tensor, target: Tensor) -> Tensor:
    from scipy.optimize import nnls

    solution, _ = nnls(matrix.numpy(), target.numpy(), maxiter=30 * matrix.shape[1])
    return torch.from_numpy(solution)
