"""The base of the pretrained encoders: pinned revisions, trained layers, stored weights.

A run stores what was trained. Frozen weights stay where they came from; the run names them by their revision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Annotated, Literal, Self

import torch
from torch import Tensor, nn

from torso.core.blocks import Pool
from torso.core.errors import ConfigError
from torso.core.hub import Snapshot, find_model
from torso.core.ranges import Range, SetBy
from torso.core.tensors import masked_mean, zeroed
from torso.core.types import Features, Tokens
from torso.encoders._encoder import Encoder, FrozenBackbone, by_length
from torso.encoders.hub._tuning import frozen_norms, tune
from torso.encoders.hub.loading import check_form, load_backbone, shared_backbone

__all__ = ["RATES", "Keep", "Once", "Pretrained", "Train"]

Train = Literal["frozen", "lora", "last_n", "full"]
Keep = Literal["mean", "first", "all"]
Once = Literal["float32", "float16", "never"]

RATES: dict[str, float] = {"lora": 3e-4, "last_n": 3e-5, "full": 3e-5}
"""The learning rate of a backbone by what of it is trained, where the config names none."""

_VERSION = 1


class Pretrained(Encoder):
    """A pretrained backbone, then a linear layer to the width of the model.

    Args:
        dim: token width.
        name: folder, `package:MODULE`, or id of the Hugging Face hub.
        revision: commit of the hub or digest of the folder; a run pins it by itself.
        train: `frozen`; `lora` adds low-rank layers to the attention; `last_n` trains the last `layers` layers and
            what follows them; `full` trains all.
        layers: layers that `last_n` trains.
        rank: of the low-rank layers.
        checkpointing: whether activations are computed again in the backward pass instead of kept.
        keep: the tokens of the backbone that are used: their `mean`, the `first`, or `all`.
        tokens: with `keep: all`, tokens kept by attention pooling; 0 keeps them all.
        dropout: before the linear layer, in training.
        once: dtype in which the tokens of a frozen backbone are cached, `float32` or `float16`, so that it runs
            once per row and not once per epoch; `never` runs it at every step.
    """

    def __init__(
        self,
        dim: int,
        name: Annotated[str, SetBy.USER],
        *,
        revision: str | None = None,
        train: Train = "frozen",
        layers: Annotated[int, Range(1, 12)] = 2,
        rank: Annotated[int, Range(2, 64, log=True)] = 8,
        checkpointing: bool = False,
        keep: Keep = "mean",
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        once: Once = "float32",
    ) -> None:
        super().__init__()
        _choice("train", train, ("frozen", *RATES))
        _choice("keep", keep, ("mean", "first", "all"))
        _choice("once", once, ("float32", "float16", "never"))
        self.dim = dim
        self.lr = RATES.get(train)
        self.snapshot = find_model(name, revision)
        self.train_what, self.keep, self.once = train, keep, once
        load = shared_backbone if train == "frozen" else load_backbone
        self.backbone = load(self.snapshot, self.form)
        tune(self.backbone, train, layers, rank)
        if checkpointing and train != "frozen":
            self.backbone.checkpoint()
        width = self.backbone.width
        self.norm_in = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(width, dim)
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens if keep == "all" else 0)
        self._not_stored = frozenset(_untrained(self))
        self.register_state_dict_post_hook(_leave_out)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_put_back)  # type: ignore[no-untyped-call]

    @classmethod
    def pin(cls, settings: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
        """Pin name, revision and learning rate; ask the input kind for the backbone's own layout."""
        if "name" not in settings:
            raise ConfigError(
                "A pretrained encoder needs the setting `name`: a folder, package:MODULE, or an id of the Hugging "
                f"Face hub. Found {dict(settings)}."
            )
        snapshot = find_model(settings["name"], settings.get("revision"))
        check_form(snapshot, cls.form)
        rate = RATES.get(str(settings.get("train")))
        usual = {} if rate is None else {"lr": rate}
        pinned = {"name": snapshot.name, "revision": snapshot.revision}
        return {**usual, **settings, **pinned}, cls.input_settings(snapshot, settings)

    @classmethod
    def input_settings(
        cls, snapshot: Snapshot, settings: Mapping[str, object]
    ) -> dict[str, object]:
        """Return the settings that the input kind should have for this model."""
        raise NotImplementedError

    def train(self, mode: bool = True) -> Self:
        """Set the mode; frozen modules stay in evaluation mode."""
        super().train(mode)
        if self.train_what == "frozen":
            self.backbone.eval()
        for norm in frozen_norms(self.backbone):
            norm.eval()
        return self

    @property
    def most_steps(self) -> int | None:
        """Steps of a row that the backbone reads at most."""
        return self.backbone.most_steps

    def own_rate_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the backbone's trained parameters; the new layers after it follow the training's rate."""
        return (weight for weight in self.backbone.parameters() if weight.requires_grad)

    def frozen_backbone(self) -> FrozenBackbone | None:
        """Return how the backbone's tokens are kept, if it is frozen."""
        if self.train_what != "frozen" or self.once == "never":
            return None
        settings = {
            "encoder": f"{self.form}/hub",
            "version": _VERSION,
            "revision": self.snapshot.revision,
            "keep": self.keep,
            "once": self.once,
            "width": self.backbone.width,
        }
        return FrozenBackbone(settings, self.once, self.backbone.width)

    def augmented(self, values: Tensor, view: int = 0) -> Tensor:
        """Return the rows as training sees them: view number `view`, or a random one for 0. Default: unchanged."""
        del view
        return values

    def run_backbone(self, features: Features, /, view: int = 0) -> Tokens:
        """Return the backbone's tokens, or the one that is kept of them."""

        def checked(values: Tensor, mask: Tensor) -> Tokens:
            self.backbone.check(values, mask)
            return self._kept(values, mask)

        if torch.compiler.is_compiling():  # lengths and checks look into the data
            return self._kept(features.values, features.mask)
        if view:
            features = Features(self.augmented(features.values, view), features.mask)
        return by_length(checked, features)

    def from_backbone(self, tokens: Tokens, /) -> Tokens:
        """Return tokens of the model's width."""
        x = zeroed(tokens).to(self.project.weight.dtype)
        x = self.norm(self.project(self.dropout(self.norm_in(x))))
        projected: Tokens = self.pool(Tokens(x, tokens.mask))
        return projected

    def encode_present(self, features: Features, /) -> Tokens:
        """Return the tokens of `encode`, after the backbone's checks and with less padding."""
        if features.encoded:
            return super().encode_present(features)
        if self.training:
            features = Features(self.augmented(features.values), features.mask)
        return self.from_backbone(self.run_backbone(features))

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read rows as their input column lays them out for this backbone."""
        shown = self.augmented(values) if self.training else values
        return self.from_backbone(self._kept(shown, mask))

    def _kept(self, values: Tensor, mask: Tensor) -> Tokens:
        with torch.no_grad() if self.train_what == "frozen" else nullcontext():
            tokens: Tokens = self.backbone(values, mask)
            if self.keep == "mean":
                return Tokens.vector(masked_mean(tokens), tokens.present)
            if self.keep == "first":
                return Tokens(tokens.values[:, :1], tokens.mask[:, :1])
            return tokens


def _choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"`{name}` should be one of {list(known)}. Found {value!r}.")


def _untrained(encoder: Pretrained) -> Iterator[str]:
    """Yield the names in the state dict that training never changes."""
    trained = {name for name, weight in encoder.named_parameters() if weight.requires_grad}
    frozen = {id(buffer) for norm in frozen_norms(encoder.backbone) for buffer in norm.buffers()}
    moving = {
        name
        for name, buffer in encoder.named_buffers()
        if encoder.train_what in ("last_n", "full") and id(buffer) not in frozen
    }
    kept = trained | moving
    yield from (name for name in encoder.state_dict() if name not in kept)


def _leave_out(encoder: Pretrained, state: dict[str, Tensor], prefix: str, _: object) -> None:
    for name in encoder._not_stored:
        state.pop(prefix + name, None)


def _put_back(encoder: Pretrained, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    own = {**dict(encoder.named_parameters()), **dict(encoder.named_buffers())}
    for name in encoder._not_stored:
        state.setdefault(prefix + name, own[name].detach())
