"""The room's contract: `Features` of one modality in, `Tokens` out; absent rows cost nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import nn

from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.core.registry import Registry
from torso.core.signature import Setting
from torso.core.spec import Spec, SpecLike
from torso.core.tensors import scatter_rows, take_rows
from torso.core.types import Features, Tokens

__all__ = ["Encoder", "by_length"]

_GROUPS = 4
_LEAST = 16  # rows from which on grouping can pay
_WORTH = 4096  # padded steps that must be saved: fewer cost less than three more passes

_OWN_RATE = Setting(
    "lr",
    float | None,
    None,
    "highest learning rate of this encoder; null: that of the training.",
    Range(1e-5, 1e-2, log=True),
)


class Encoder(nn.Module, ABC):
    """Base of all encoders.

    A subclass names the form of features it reads (`image`, `text`, `audio`, `numbers`, `categories`,
    `vector`, `sequence`) and implements `encode` for rows that are present; the base class leaves absent
    rows out of the computation, so they neither cost time nor touch normalisation statistics. An encoder of
    `ragged` features, whose True cells of a row stand first, is given rows of like length together.

    `class ConvNet(Encoder, form="image", name="convnet")` files itself as `image/convnet`.

    An encoder whose first part is frozen splits `encode` in `begin` and `finish`, and says in `frozen` what the
    tokens between them depend on; a training then runs `begin` once per row and keeps its tokens.

    Attributes:
        lr: highest learning rate of what `at_own_rate` yields; None for that of the training.
    """

    registry: ClassVar[Registry[Encoder]] = Registry("encoder", common=[_OWN_RATE])
    form: ClassVar[str] = ""
    ragged: ClassVar[bool] = False
    dim: int
    lr: float | None = None

    def __init_subclass__(cls, *, form: str = "", name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form
        if name:
            cls.registry.add(f"{cls.form}/{name}", cls)

    @classmethod
    def build(cls, spec: Spec | SpecLike, /, **offered: Any) -> Encoder:
        """Return the encoder that `spec` describes; every encoder also knows the setting `lr`.

        Args:
            spec: name, or mapping with `type` and settings.
            offered: what the data know and a constructor may ask for.

        Raises:
            ConfigError: unknown name or setting, or a value that the constructor refuses.
        """
        spec = cls.registry.parse(spec)
        settings = dict(spec.settings)
        lr = settings.pop("lr", None)
        if lr is not None and not (isinstance(lr, int | float) and lr > 0):
            raise ConfigError(f"`lr` of an encoder should be a number above 0. Found {lr!r}.")
        encoder = cls.registry.build(Spec(spec.name, settings), **offered)
        encoder.lr = lr or encoder.lr
        return encoder

    @classmethod
    def prepare(cls, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the settings of this encoder, pinned, and the settings that it asks of its input kind.

        Args:
            settings: as the config says them. Default: they stay, and nothing is asked for.
        """
        return dict(settings), {}

    def at_own_rate(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that `lr` is about. Default: all."""
        return self.parameters()

    def frozen(self) -> Mapping[str, Any] | None:
        """Return what the tokens of `begin` depend on besides the features, as JSON values.

        The keys `once`, `width` and `views` say in which dtype they are kept, how wide they are, and how many
        augmented views training is shown instead of the row itself; 0 for none. None (the default) if they are
        not the same at every step, or should not be kept.
        """
        return None

    def begin(self, features: Features, /, view: int = 0) -> Tokens:
        """Return the tokens of the frozen part, `[batch, length, width]`.

        Args:
            features: of rows that all have the modality.
            view: 0 for the rows as they are; else the number of an augmented view, which hangs on nothing but
                the row and this number.
        """
        raise NotImplementedError(f"{type(self).__name__} has no frozen part.")

    def finish(self, tokens: Tokens, /) -> Tokens:
        """Return the encoder's tokens from those of `begin`."""
        raise NotImplementedError(f"{type(self).__name__} has no frozen part.")

    def forward(self, features: Features, /) -> Tokens:
        """Return the tokens of a batch.

        Args:
            features: the laid out features for this form, or what `begin` made of it (`encoded`).

        Returns:
            Tokens `[batch, length, dim]`; an absent row is all False.
        """
        present = features.present
        if bool(present.all()):
            return self._all(features)
        if not bool(present.any()):
            values = next(self.parameters()).new_zeros(len(features), 1, self.dim)
            return Tokens(values, present.unsqueeze(1))
        tokens = self._all(features[present])
        return Tokens(scatter_rows(tokens.values, present), scatter_rows(tokens.mask, present))

    def _all(self, features: Features) -> Tokens:
        """Encode rows that are all present."""
        if features.encoded:
            return self.finish(Tokens(features.values, features.mask))
        return by_length(self.encode, features) if self.ragged else self.encode(features)

    @abstractmethod
    def encode(self, features: Features, /) -> Tokens:
        """Return the tokens of rows that all have this modality."""


def by_length(encode: Callable[[Features], Tokens], features: Features) -> Tokens:
    """Return what `encode` makes of rows of like length together, so that one long row does not pad all others."""
    if features.mask.ndim == 1 or len(features) < _LEAST:
        return encode(features)
    lengths = features.mask.sum(dim=1)
    order = lengths.argsort()
    groups = torch.split(order, -(-len(order) // _GROUPS))
    longest = [int(lengths[rows].max()) for rows in groups]
    steps = sum(length * len(rows) for length, rows in zip(longest, groups, strict=True))
    if features.mask.numel() - steps < _WORTH:
        return encode(features)
    parts = [
        encode(Features(features.values[rows, :length], features.mask[rows, :length]))
        for rows, length in zip(groups, longest, strict=True)
    ]
    return take_rows(parts, order.argsort())
