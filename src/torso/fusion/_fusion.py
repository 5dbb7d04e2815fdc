"""The contract of all fusions: many `Tokens` in, one `Tokens` out. A fusion may hold fusions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import nn

from torso.core.errors import ConfigError, unknown
from torso.core.registry import Registry
from torso.core.types import Tokens

__all__ = ["Fusion"]


class Fusion(nn.Module, ABC):
    """Base of all fusions.

    `class Gated(Fusion, name="gated")` registers itself. A nested fusion is given as a spec and built by name.

    The tests hold every fusion to these laws:

    * A masked token changes nothing, bit for bit.
    * A row's output does not depend on other rows.
    * Any modalities may be absent, in a row (its mask) or altogether (its key).
    * A row without any token gives finite numbers.

    Attributes:
        family: `parallel`: all modalities meet at once; `sequential`: one after the other;
            `hierarchical`: in groups, or at several layers.
        order_invariant: True if the order of `modalities` does not matter: a state dict gives the same function
            whatever the order. The tests hold each class to its claim.

    Args:
        modalities: names of all modalities, in their canonical order.
        dim: token width, in and out.
    """

    registry: ClassVar[Registry[Fusion]] = Registry("fusion")
    family: ClassVar[Literal["parallel", "sequential", "hierarchical"]] = "parallel"
    order_invariant: ClassVar[bool] = False
    not_exportable: ClassVar[str] = ""
    """Why `torch.export` cannot trace `forward`; empty if it can. A law checks either claim."""

    def __init_subclass__(cls, *, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.registry.add(name, cls)

    def __init__(self, modalities: Sequence[str], dim: int) -> None:
        super().__init__()
        if not modalities:
            raise ValueError(
                "Parameter `modalities` should name at least one modality. Found none."
            )
        self.modalities = tuple(modalities)
        self.dim = dim

    def __call__(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Check the modalities' names, then fuse."""
        for name in tokens:
            if name not in self.modalities:
                raise ValueError(unknown("modality", name, self.modalities))
        if not tokens:
            raise ValueError(
                "Parameter `tokens` should hold at least one modality, if only with an all-False mask: "
                "without any, the number of rows is not known. Found an empty mapping."
            )
        fused: Tokens = super().__call__(tokens)
        return fused

    def walk(self, tokens: Mapping[str, Tokens], /) -> dict[str, Tokens]:  # noqa: ARG002
        """Return modality -> the state after its step, for a fusion that takes one step per modality.

        Raises:
            ConfigError: this fusion joins all modalities at once.
        """
        raise ConfigError(
            f"`{type(self).__name__}` joins all modalities at once, so heads cannot be read after each of them. "
            "Choose a fusion that steps through them, such as fusion=sequential."
        )

    @abstractmethod
    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the fused tokens `[batch, length, dim]`."""
