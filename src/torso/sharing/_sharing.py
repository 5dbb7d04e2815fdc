"""The room's contract: fused `Tokens` in, one vector per task out; and which tasks read which trunk.

Below the sharing lie the trunks (encoders and fusion). A sharing says through `trunks` how many there are
and which tasks read each: one for everybody, one for each task, one per group, or several that all mix.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from torso.core.registry import Registry
from torso.core.types import Tokens

__all__ = ["Sharing"]


class Sharing(nn.Module, ABC):
    """Base of all sharings.

    Laws that hold for every sharing: the parameters of a model are those that several tasks use, which
    `Model.shared_parameters` names, and those of one task, which no other task's loss ever moves; a row's
    vectors depend on no other row; one task will do, and the cost of 64 grows as the formula says.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens.

    Attributes:
        width: width of the vectors that come out, which the heads read.
        pairwise: whether each pair of tasks has numbers of its own, so that the cost grows with the square of
            the number of tasks instead of in proportion.
        law_settings: settings in which the tests of the room also build this class, besides its defaults.
    """

    registry: ClassVar[Registry[Sharing]] = Registry("sharing")
    pairwise: ClassVar[bool] = False
    law_settings: ClassVar[tuple[Mapping[str, object], ...]] = ()

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.registry.add(name, cls)

    def __init__(self, tasks: Sequence[str], dim: int) -> None:
        super().__init__()
        if not tasks:
            raise ValueError("Parameter `tasks` should name at least one task. Found none.")
        self.tasks = tuple(tasks)
        self.width = dim

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return trunk name -> the tasks that read it; every task reads one at least. Default: one for all."""
        return {"shared": self.tasks}

    @abstractmethod
    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return task -> `[batch, width]`, given trunk name -> its fused tokens."""

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the parameters of this module that more than one task uses. Default: none."""
        return ()

    def start(self, trunks: Mapping[str, nn.Module], /) -> None:
        """Change the first weights of the trunks, given by name, before any training. Default: nothing."""

    def penalties(self, trunks: Mapping[str, nn.Module], /) -> Mapping[str, Tensor]:
        """Return task -> a scalar that is added to its loss in training. Default: none.

        It depends on parameters of other tasks only through detached values. It may depend on the last
        `forward`.

        Args:
            trunks: by name.
        """
        del trunks
        return {}

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return task -> source -> share: how much a task takes from which expert, trunk or neighbour.

        Shares of a task sum to one: the mean gate over the last training batches, or the sizes of the mixing
        weights. Default: empty.
        """
        return {}
