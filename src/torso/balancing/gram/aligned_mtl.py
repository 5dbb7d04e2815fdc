"""Aligned-MTL: gradients turned into orthogonal ones of one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from torso.balancing._preference import Preference, preference_of
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations, square_root

__all__ = ["AlignedMTL"]

ScaleMode = Literal["min", "median", "rmse"]


_ALIKE = 10.0
"""Up to this ratio of lengths an eigendecomposition keeps enough digits; it loses them with the ratio's square."""


class AlignedMTL(GramBalancer, name="aligned_mtl"):
    """The sum of the nearest orthogonal vectors of one length.

    Its weights are `s G^(-1/2) p`.

    From Senushkin, Patakin, Kuznetsov, Konushin, CVPR 2023, "Independent Component Alignment for Multi-Task
    Learning" (https://arxiv.org/abs/2305.19000), algorithm 1; `G^(-1/2)` on the range of G. As in the authors' code
    (and unlike some other libraries, which take the mean) `p` is one for every task. With `scale_mode: min` the
    weakest component decides the length of the step.

    Differs: the authors take an eigendecomposition of G, which loses a gradient 1e-7 times as long as the longest.
    Here the rank is that of the correlations, and the spectrum comes from a Jacobi method that finds small
    singular values as exactly as large ones (Drmač and Veselić, SIAM Journal on Matrix Analysis 2008).

    Args:
        scale_mode: `s` is the `min` (as in the paper), the `median` (of an even number the lower one) or the root of
            the mean square (`rmse`) of the singular values of the Jacobian that are not zero.
        preference: `{task: p}`, a task that is not named has 1; or one number per task; default: all one.
    """

    signed_weights = True
    preference: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        scale_mode: ScaleMode = "min",
        preference: Preference = None,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if scale_mode not in ("min", "median", "rmse"):
            raise ValueError(
                f"Parameter `scale_mode` should be 'min', 'median' or 'rmse'. Found {scale_mode!r}."
            )
        self.scale_mode = scale_mode
        self.register_buffer("preference", preference_of(self.tasks, preference))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return `s U / sigma U' p` from the singular values and vectors of the gradients."""
        lengths, correlation = lengths_and_correlations(gram)
        sigma, vectors = _singular(lengths, correlation)
        if self.scale_mode == "min":
            scale = sigma.min()
        elif self.scale_mode == "median":
            scale = sigma.median()
        else:
            scale = sigma.square().mean().sqrt()
        preference = self.preference.to(gram)[tasks]
        weights: Tensor = vectors @ (vectors.T @ preference / (sigma / scale))
        return weights


def _singular(lengths: Tensor, correlation: Tensor) -> tuple[Tensor, Tensor]:
    """Return the singular values and left vectors of the gradients, without those below rounding."""
    if lengths.max() <= _ALIKE * lengths.min():
        values, vectors = torch.linalg.eigh(correlation * lengths * lengths[:, None])
        kept = values > values[-1] * len(values) * torch.finfo(values.dtype).eps
        return values[kept].sqrt(), vectors[:, kept]
    return _jacobi((square_root(correlation) * lengths).T)


def _jacobi(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the singular values and left vectors of `[tasks, rank]`, exact for rows of any length.

    It takes six times as long as an eigendecomposition.
    """
    from scipy.linalg.lapack import dgejsv

    # joba 2: accurate for rows and columns of any length; jobu 0: left vectors; jobv 3, jobr 0, jobp 0: no more
    values, vectors, _, factors, *_ = dgejsv(matrix.numpy(), joba=2, jobu=0, jobv=3, jobr=0, jobp=0)
    sigma = torch.from_numpy(values * (factors[0] / factors[1]))
    return sigma, torch.from_numpy(vectors[:, : len(values)].copy())
