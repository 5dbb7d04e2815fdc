"""CGC: shared experts beside experts of each task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from torso.core.ranges import Range
from torso.sharing.ple import PLE

__all__ = ["CGC"]


class CGC(PLE, name="cgc"):
    """Each task mixes its own experts with shared ones, row by row.

    From Tang, Liu, Zhao, Gong, RecSys 2020 (https://doi.org/10.1145/3383313.3412236), equations 1 to 3:
    `f_k(x) = softmax(W_k x) [E_k(x); E_s(x)]`, one level of `ple`. Only the common experts are shared.

    Args:
        own: number of experts of each task.
        common: number of shared experts.
    """

    law_settings = ({"hidden": [12]}, {"hidden": [12, 14]})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        own: Annotated[int, Range(1, 4)] = 1,
        common: Annotated[int, Range(1, 8)] = 2,
        hidden: Sequence[int] | None = None,
    ) -> None:
        super().__init__(tasks, dim, levels=1, own=own, common=common, hidden=hidden)
