"""The contract of all sharings: fused `Tokens` in, one vector per task out.

Below the sharing stand the trunks, each with encoders and a fusion. A sharing says how many there are and which
tasks read each: one for all tasks, one per task, one per group, or several that all tasks mix.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from torso.core.registry import Registry
from torso.core.types import Tokens

__all__ = ["Sharing"]


class Sharing(nn.Module, ABC):
    """Base of all sharings.

    The tests hold every sharing to these laws:

    * Each parameter is either shared (`Model.shared_parameters`) or belongs to one task, and no other task's
      loss ever moves it.
    * A row's vectors depend on no other row.
    * One task is enough, and the cost of 64 tasks grows as `pairwise` says.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens.

    Attributes:
        width: width of the tasks' vectors, which the heads read.
        pairwise: True if each pair of tasks has parameters, so that the cost grows with the square of the
            number of tasks instead of in proportion.
        law_settings: settings in which the tests of the room also build this class, besides its defaults; not
            inherited.
    """

    registry: ClassVar[Registry[Sharing]] = Registry("sharing")
    pairwise: ClassVar[bool] = False
    not_exportable: ClassVar[str] = ""
    """Why `torch.export` cannot trace `forward`; empty if it can. A law checks either claim."""
    law_settings: ClassVar[tuple[Mapping[str, object], ...]] = ()

    def __init_subclass__(cls, *, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        # A subclass may take other settings than its base, so it names its own.
        cls.law_settings = vars(cls).get("law_settings", ())
        if name:
            cls.registry.add(name, cls)

    def __init__(self, tasks: Sequence[str], dim: int) -> None:
        super().__init__()
        if not tasks:
            raise ValueError("Parameter `tasks` should name at least one task. Found none.")
        self.tasks = tuple(tasks)
        self.width = dim

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return trunk name -> the tasks that read it; each task reads at least one. Default: one for all."""
        return {"shared": self.tasks}

    @abstractmethod
    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return task -> `[batch, width]`, given trunk name -> its fused tokens."""

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the parameters of this module that more than one task uses. Default: none."""
        return ()

    def start(self, trunks: Mapping[str, nn.Module], /) -> None:
        """Change the trunks' first weights before training. Default: do nothing."""

    def penalties(self, trunks: Mapping[str, nn.Module], /) -> Mapping[str, Tensor]:
        """Return task -> a scalar to add to its loss in training. Default: none.

        It depends on other tasks' parameters only through detached values, so that a task's loss moves its own
        parameters only. It may depend on the last `forward`.

        Args:
            trunks: name -> trunk.
        """
        del trunks
        return {}

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return task -> source -> share that the task takes from this expert, trunk or neighbour.

        The shares of a task sum to one. They are mean gates over the last training batches, or sizes of mixing
        weights. Default: empty.
        """
        return {}
