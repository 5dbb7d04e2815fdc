"""Hard parameter sharing: all parameters below the heads are shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._checks import check_widths
from torso.sharing._sharing import Sharing

__all__ = ["Hard"]


class Hard(Sharing, name="hard"):
    """One trunk and one vector for all tasks.

    From Caruana, Machine Learning 1997, "Multitask Learning".

    Args:
        hidden: widths of shared ReLU layers between the fused vector and the heads; default: none.
    """

    law_settings = ({"hidden": [12]}, {"hidden": [12, 14]})

    def __init__(self, tasks: Sequence[str], dim: int, *, hidden: Sequence[int] = ()) -> None:
        super().__init__(tasks, dim)
        layers: list[nn.Module] = []
        for before, after in pairwise([dim, *check_widths("hidden", hidden)]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.width = [dim, *hidden][-1]

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return the same vector for every task."""
        return dict.fromkeys(self.tasks, self.layers(masked_mean(fused["shared"])))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield every parameter if there are several tasks."""
        return self.parameters() if len(self.tasks) > 1 else ()
