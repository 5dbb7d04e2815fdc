"""Tensor helpers that several rooms need: masked pooling, rows of batches, modules by any name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from torso.core.types import Tokens

__all__ = ["Named", "concat_tokens", "masked_mean", "scatter_rows", "take_rows", "zeroed"]

M = TypeVar("M", bound=nn.Module)


def zeroed(tokens: Tokens) -> Tensor:
    """Return `[batch, length, dim]` with zeros wherever the mask is False, even over NaN.

    >>> zeroed(Tokens(torch.tensor([[[1.0], [torch.nan]]]), torch.tensor([[True, False]])))
    tensor([[[1.],
             [0.]]])
    """
    return tokens.values.masked_fill(~tokens.mask.unsqueeze(-1), 0.0)


def masked_mean(tokens: Tokens) -> Tensor:
    """Return `[batch, dim]`: the mean of each row's tokens, zeros for a row with none.

    >>> masked_mean(Tokens(torch.ones(1, 3, 2), torch.tensor([[True, True, False]])))
    tensor([[1., 1.]])
    """
    if tokens.values.shape[1] == 1:
        return zeroed(tokens).squeeze(1)
    count = tokens.mask.sum(dim=1, keepdim=True).clamp(min=1)
    return zeroed(tokens).sum(dim=1) / count


def concat_tokens(modalities: Mapping[str, Tokens]) -> Tokens:
    """Return all tokens of all modalities, one after the other along the length.

    >>> concat_tokens({"a": Tokens.vector(torch.ones(2, 4)), "b": Tokens.vector(torch.ones(2, 4))}).values.shape
    torch.Size([2, 2, 4])
    """
    return Tokens(
        torch.cat([tokens.values for tokens in modalities.values()], dim=1),
        torch.cat([tokens.mask for tokens in modalities.values()], dim=1),
    )


def scatter_rows(values: Tensor, rows: Tensor) -> Tensor:
    """Return `[len(rows), ...]` with `values` in order where bool `rows` is True, and zeros elsewhere.

    >>> scatter_rows(torch.tensor([5.0, 6.0]), torch.tensor([True, False, True]))
    tensor([5., 0., 6.])
    """
    if len(values) == len(rows):
        return values
    out = values.new_zeros(len(rows), *values.shape[1:])
    out[rows] = values
    return out


def take_rows(parts: Sequence[Tokens], index: Tensor) -> Tokens:
    """Return rows of several batches, padded to the longest.

    Args:
        parts: batches, whose rows count on from one to the next.
        index: int64 `[rows]`, the rows to return.
    """
    longest = max(part.values.shape[1] for part in parts)

    def padded(x: Tensor) -> Tensor:
        padding = x.new_zeros(len(x), longest - x.shape[1], *x.shape[2:])
        return torch.cat([x, padding], dim=1) if padding.shape[1] else x

    values = torch.cat([padded(part.values) for part in parts])
    mask = torch.cat([padded(part.mask) for part in parts])
    return Tokens(values[index], mask[index])


class Named(nn.ModuleDict, Generic[M]):
    """A `ModuleDict` for names that users choose: `items`, `type`, `a.b` and the empty name are fine.

    `nn.ModuleDict` refuses keys with a dot and keys that are its own attributes. So each key is quoted and begins
    with `@`, as no attribute does.

    >>> list(Named({"version": nn.Identity(), "a.b": nn.Identity(), "items": nn.Identity()}).names())
    ['version', 'a.b', 'items']
    """

    def __init__(self, modules: Mapping[str, M] | None = None) -> None:
        super().__init__()
        for name, module in (modules or {}).items():
            self[name] = module

    @staticmethod
    def _quoted(name: str) -> str:
        return "@" + name.replace("%", "%25").replace(".", "%2E")

    @staticmethod
    def _plain(key: str) -> str:
        return key[1:].replace("%2E", ".").replace("%25", "%")

    def __setitem__(self, name: str, module: nn.Module) -> None:
        super().__setitem__(self._quoted(name), module)

    def __getitem__(self, name: str) -> M:
        return cast(M, super().__getitem__(self._quoted(name)))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._quoted(name) in self._modules

    def names(self) -> Iterator[str]:
        """Yield the names in the order they were given."""
        return (self._plain(key) for key in self._modules)

    def pairs(self) -> Iterator[tuple[str, M]]:
        """Yield `(name, module)` in the order they were given."""
        return ((name, self[name]) for name in self.names())
