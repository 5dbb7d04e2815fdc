"""The equilibrium of Nash-MTL and FairGrad: each task's gain is a falling power of its weight.

`C x = f * x ** -p` is the optimality condition of the convex potential
`x' C x / 2 - sum(f * x ** (1 - p)) / (1 - p)`, with `log(x)` for `p = 1`. Newton's method with a line search finds
it from any start, but the farther apart the weights are, the more steps it needs; with a small p they may lie
more than 1e300 apart. For `p < 1` Newton's method on the logarithms of both sides goes on from the answer for
`p = 1`. While `x > 0` and `C x > 0` its matrix is regular, so it lowers the residual in every step.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torso.core.errors import StepError

__all__ = ["equilibrium"]

_LEAST = 1e-10
"""Least eigenvalue. Exactly opposed gradients have no equilibrium; weights then grow to about `_LEAST ** -0.5`
instead of without bound."""


_CLOSE = 1e-6
"""Largest accepted residual, relative to its summands."""


def equilibrium(correlation: Tensor, factors: Tensor, power: float) -> Tensor:
    """Return `x > 0` with `correlation @ x = factors * x ** -power`; numbers below the least float are zero.

    Args:
        correlation: `[tasks, tasks]`, positive semi-definite with a unit diagonal.
        factors: `[tasks]`, positive.
        power: positive.

    Raises:
        StepError: no solution found. This takes gradients that nearly cancel, lengths many orders of
            magnitude apart, and a small `power`.
    """
    matrix = _definite(correlation)
    if power < 1.0:
        x, residual = _by_logarithms(matrix, factors, power, _by_potential(matrix, factors, 1.0))
        if residual < _CLOSE:
            return x
    x = _by_potential(matrix, factors, power)
    gain, pull = matrix @ x, factors * x**-power
    if not bool(((gain - pull).abs() <= _CLOSE * (matrix.abs() @ x + pull)).all()):
        raise StepError(
            "No fair weights were found: some gradients nearly cancel each other, and their lengths lie too far "
            "apart.",
            "Build `FairGrad` with a lower `alpha`, or use `UPGrad`.",
            "Lower `balancing.alpha`, or use --set balancing=upgrad.",
        )
    return x


def _by_potential(matrix: Tensor, factors: Tensor, power: float) -> Tensor:
    """Return `x` from Newton's method on the potential."""
    least = torch.finfo(factors.dtype).tiny ** (
        1.0 / (2.0 + power)
    )  # smaller x have infinite powers
    x = factors ** (1.0 / (1.0 + power))  # the answer for orthogonal gradients
    x = x * ((factors * x ** (1 - power)).sum() / (x @ matrix @ x)) ** (1.0 / (1.0 + power))
    last = math.inf
    for _ in range(200):
        slope, step = _newton(matrix, factors, power, x)
        change = float((step / x).abs().max())
        # Done, or down to rounding, where the steps stop shrinking.
        if change < 1e-14 or (change < 0.01 and change > last / 4):
            break
        last = change
        step = _inside(x, step, slope)
        length = 1.0
        for _ in range(60):
            ahead = (x + length * step).clamp(min=least)
            if float((matrix @ ahead - factors * ahead**-power) @ step) <= -0.1 * float(
                slope @ step
            ):
                break
            length /= 2
        x = ahead
    return x


def _by_logarithms(
    matrix: Tensor, factors: Tensor, power: float, x: Tensor
) -> tuple[Tensor, float]:
    """Return `x` and its residual, `max |log(matrix @ x) - log(factors) + power * log(x)|`; NaN is infinite."""
    v, last = x.log(), math.inf
    gain = matrix @ x
    residual = gain.log() - factors.log() + power * v
    for _ in range(60):
        largest = float(residual.abs().max())
        if not largest > 1e-14 or (largest < _CLOSE and largest > last / 2):
            break  # done, down to rounding, or no number at all
        last = largest
        slope = matrix * v.exp() / gain[:, None] + torch.diag(torch.full_like(v, power))
        step = -torch.linalg.solve(slope, residual)
        length = 1.0
        while length > 1e-4:
            gain = matrix @ (v + length * step).exp()
            ahead = gain.log() - factors.log() + power * (v + length * step)
            if float(ahead.norm()) <= (1.0 - 0.1 * length) * float(residual.norm()):
                break
            length /= 2
        else:
            break
        v, residual = v + length * step, ahead
    largest = float(residual.abs().max())
    return v.exp(), largest if math.isfinite(largest) else math.inf


def _inside(x: Tensor, step: Tensor, slope: Tensor) -> Tensor:
    """Return a shorter step that keeps a hundredth of each x."""
    bounded = torch.maximum(step, -0.99 * x)  # entry by entry, if that still leads down
    if float(slope @ bounded) < 0.5 * float(slope @ step):
        return bounded
    ratio: Tensor = bounded / step
    return step * ratio[step < 0].min()


def _newton(matrix: Tensor, factors: Tensor, power: float, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the potential's slope and Newton's step."""
    pull = factors * x**-power
    slope = matrix @ x - pull
    hessian = matrix + torch.diag(power * pull / x)
    scale = hessian.diagonal().rsqrt()  # a unit diagonal keeps digits where x lie far apart
    factor = torch.linalg.cholesky(hessian * scale * scale[:, None])
    step = torch.cholesky_solve((-slope * scale)[:, None], factor)[:, 0] * scale
    return slope, step


def _definite(correlation: Tensor) -> Tensor:
    """Return the matrix with eigenvalues below `_LEAST` raised to it."""
    values, vectors = torch.linalg.eigh(correlation)
    small = values < _LEAST
    if not bool(small.any()):
        return correlation
    lift = vectors[:, small]
    matrix: Tensor = correlation + (lift * (_LEAST - values[small])) @ lift.T
    return matrix
