"""The room's contract: `Features` of one modality in, `Tokens` out; absent rows cost nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.core.registry import Registry
from torso.core.signature import Setting
from torso.core.spec import Spec, SpecLike
from torso.core.tensors import scatter_rows, take_rows
from torso.core.types import Features, Tokens

__all__ = ["Encoder", "FrozenBackbone", "by_length"]

_GROUPS = 4
_MIN_ROWS = 16  # rows from which on grouping can pay
_MIN_SAVED = 4096  # padded steps that must be saved: fewer cost less than three more passes


@dataclass(frozen=True, slots=True)
class FrozenBackbone:
    """The tokens of a frozen backbone, as a cache keeps them.

    Attributes:
        settings: what the tokens depend on besides the features, as JSON values.
        dtype: dtype in which they are kept.
        width: width of a token.
        views: augmented views that training sees instead of the row itself; 0 for none.
        augmentation: what the views depend on besides `settings`, as JSON values.
    """

    settings: Mapping[str, object]
    dtype: Literal["float32", "float16"]
    width: int
    views: int = 0
    augmentation: Mapping[str, object] = field(default_factory=dict)


_OWN_RATE = Setting(
    "lr",
    float | None,
    None,
    "highest learning rate of this encoder; null: that of the training.",
    Range(1e-5, 1e-2, log=True),
)


class Encoder(nn.Module, ABC):
    """Base of all encoders.

    `class ConvNet(Encoder, form="image", name="convnet")` files itself as `image/convnet`: the encoder
    `convnet` of features of the form `image`. The forms are `image`, `video`, `text`, `audio`, `sequence`,
    `vector`, `numbers`, `categories`, `names` and `sets`.

    A subclass implements `encode(values, mask)` in plain tensor code, so that it can be traced. All that looks
    into the data stays in `forward`: rows without the modality are left out, so that they cost nothing and do
    not reach batch statistics, and rows of like length are computed together (`ragged`).

    An encoder with a frozen backbone splits its work into `run_backbone` and `from_backbone`, and describes the
    tokens between them in `frozen_backbone`. Training then runs the backbone once per row and keeps its tokens.

    Attributes:
        form: form of the features that it reads.
        ragged: whether rows of like length are computed together. The True cells of a row stand first.
        not_exportable: why `torch.export` cannot trace `encode`; empty if it can. A law checks either claim.
        quickly_learnt: whether few steps teach it, whatever it reads.
        static: whether `forward` computes every row and step, so that no shape depends on the data. In training,
            batch statistics then count absent rows too. While `torch.export` or `torch.compile` traces in
            evaluation mode, it always does.
        together: in training, its batch statistics are those of all processes, so that it is computed in each of
            them, on no rows if need be.
        dim: token width.
        lr: highest learning rate of `own_rate_parameters`; None for that of the training.
    """

    registry: ClassVar[Registry[Encoder]] = Registry("encoder", common=[_OWN_RATE])
    form: ClassVar[str] = ""
    ragged: ClassVar[bool] = False
    not_exportable: ClassVar[str] = ""
    quickly_learnt: ClassVar[bool] = False
    static: bool = False
    together: bool = False
    dim: int
    lr: float | None = None

    def __init_subclass__(cls, *, form: str = "", name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form
        if name:
            cls.registry.add(f"{cls.form}/{name}", cls)

    @classmethod
    def build(cls, spec: Spec | SpecLike, /, **offered: object) -> Encoder:
        """Return the encoder that `spec` describes; every encoder also knows the setting `lr`.

        Args:
            spec: name, or mapping with `type` and settings.
            offered: constructor arguments that the data decide; only those that a constructor has are passed.

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
    def pin(cls, settings: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
        """Return the pinned settings of this encoder, and the settings that it needs of its input column.

        Args:
            settings: as the config has them. Default: they stay, and the column needs nothing.
        """
        return dict(settings), {}

    @property
    def most_steps(self) -> int | None:
        """Steps of a row that it reads at most; None for any number."""
        return None

    def own_rate_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that learn at the rate `lr`. Default: all."""
        return self.parameters()

    def frozen_backbone(self) -> FrozenBackbone | None:
        """Return how the tokens of `run_backbone` are kept. Default: None, they change or should not be kept."""
        return None

    def run_backbone(self, features: Features, /, view: int = 0) -> Tokens:
        """Return the tokens of the frozen backbone, `[batch, length, width]`.

        While `torch.export` traces, they are those of tensor operations alone, as in `encode`.

        Args:
            features: rows that all have the modality.
            view: 0 for the rows as they are, else the number of an augmented view. A view depends on the row and
                this number alone.
        """
        raise NotImplementedError(f"{type(self).__name__} has no frozen backbone.")

    def from_backbone(self, tokens: Tokens, /) -> Tokens:
        """Return the encoder's tokens from those of `run_backbone`."""
        raise NotImplementedError(f"{type(self).__name__} has no frozen backbone.")

    def frozen_tokens(self, features: Features, /) -> Features:
        """Return the features as the tokens of `run_backbone`, of all rows; without a frozen backbone, themselves.

        Args:
            features: rows in this encoder's form, some of them without it.
        """
        frozen = self.frozen_backbone()
        if frozen is None:
            return features
        present = features.present
        if torch.compiler.is_compiling():
            absent = ~present.view(-1, *(1,) * (features.values.ndim - 1))
            values = features.values.masked_fill(absent, 0)
            tokens = self.run_backbone(Features(values, features.mask))
            mask = tokens.mask & present.unsqueeze(1)
            return replace(features, values=tokens.values, mask=mask, encoded=True)
        if bool(present.any()):
            tokens = self.run_backbone(features[present])
        else:
            tokens = Tokens(torch.zeros(0, 1, frozen.width), present.new_zeros(0, 1))
        values, mask = (scatter_rows(own, present) for own in (tokens.values, tokens.mask))
        return replace(features, values=values, mask=mask, encoded=True)

    def forward(self, features: Features, /) -> Tokens:
        """Return the tokens of a batch.

        Args:
            features: rows in this encoder's form, or the tokens of `run_backbone` (`encoded`).

        Returns:
            Tokens `[batch, length, dim]`; an absent row is all False.
        """
        tracing = torch.compiler.is_compiling() and not self.training
        if self.static or tracing:
            return self._encode_every_row(features)
        present = features.present
        if bool(present.all()):
            return self.encode_present(features)
        if not (self.together and self.training) and not bool(present.any()):
            # Batch statistics need a row, at least in another process.
            values = next(self.parameters()).new_zeros(len(features), 1, self.dim)
            return Tokens(values, present.unsqueeze(1))
        tokens = self.encode_present(features[present])
        return Tokens(scatter_rows(tokens.values, present), scatter_rows(tokens.mask, present))

    def encode_present(self, features: Features, /) -> Tokens:
        """Return the tokens of rows that all have the modality, with less padding than `encode` computes."""
        if features.encoded:
            return self.from_backbone(Tokens(features.values, features.mask))
        if self.ragged:
            return by_length(self.encode, features)
        return self.encode(features.values, features.mask)

    def _encode_every_row(self, features: Features) -> Tokens:
        present = features.present
        absent = ~present.view(-1, *(1,) * (features.values.ndim - 1))
        values = features.values.masked_fill(absent, 0)  # NaN there would reach the gradients
        if features.encoded:
            tokens = self.from_backbone(Tokens(values, features.mask))
        else:
            tokens = self.encode(values, features.mask)
        return Tokens(tokens.values, tokens.mask & present.unsqueeze(1))

    @abstractmethod
    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Return the tokens `[batch, length, dim]` of a batch, by tensor operations alone.

        No branch and no shape depends on what the tensors hold, so that `torch.export` can trace it.

        Args:
            values: `[batch, ...]`, laid out for this form (see `torso.columns.inputs`).
            mask: bool, `[batch]` or `[batch, length]`. Values under a False are never read.
        """


def by_length(encode: Callable[[Tensor, Tensor], Tokens], features: Features) -> Tokens:
    """Return the tokens of `encode`, called per group of like length, so that one long row does not pad all."""
    values, mask = features.values, features.mask
    if mask.ndim == 1 or len(features) < _MIN_ROWS:
        return encode(values, mask)
    lengths = mask.sum(dim=1)
    order = lengths.argsort()
    groups = torch.split(order, -(-len(order) // _GROUPS))
    longest = [int(lengths[rows].max()) for rows in groups]
    steps = sum(length * len(rows) for length, rows in zip(longest, groups, strict=True))
    if mask.numel() - steps < _MIN_SAVED:
        return encode(values, mask)
    parts = [
        encode(values[rows, :length], mask[rows, :length])
        for rows, length in zip(groups, longest, strict=True)
    ]
    return take_rows(parts, order.argsort())
