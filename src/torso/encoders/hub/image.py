"""Pictures: a pretrained backbone, with the pixels as it knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor

from torso.core.errors import ConfigError
from torso.core.hub import Snapshot
from torso.core.ranges import Range, SetBy
from torso.encoders._augment import Jitter
from torso.encoders._encoder import FrozenBackbone
from torso.encoders.hub._backbone import as_pixels
from torso.encoders.hub._pretrained import Keep, Once, Pretrained, Train
from torso.encoders.hub._transformers import picture_size

__all__ = ["ImageHub"]


class ImageHub(Pretrained, form="image", name="hub"):
    """Pretrained backbone of pictures: ViT-, DINO-, CLIP-, SigLIP-, ConvNeXt-, ResNet-like, EfficientNet-Lite0.

    The pictures are stretched to the square that the backbone was trained on, and normalised as it was.

    Args:
        size: side of the pictures in pixels; default the model's own. Position embeddings are interpolated.
        once: dtype in which the tokens of a frozen backbone are cached, or `never`.
        jitter: strength of the augmentation in training (see `Jitter`); 0 for none.
        views: with `jitter`, augmented views per picture that are cached of a frozen backbone and shown in turn; 0
            augments anew at every step, for which the backbone has to run.
    """

    def __init__(
        self,
        dim: int,
        name: Annotated[str, SetBy.USER],
        *,
        size: int | None = None,
        revision: str | None = None,
        train: Train = "frozen",
        layers: Annotated[int, Range(1, 12)] = 2,
        rank: Annotated[int, Range(2, 64, log=True)] = 8,
        checkpointing: bool = False,
        keep: Keep = "mean",
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        once: Once = "float32",
        jitter: Annotated[float, Range(0.0, 1.0)] = 0.0,
        views: Annotated[int, Range(0, 8)] = 0,
    ) -> None:
        super().__init__(
            dim,
            name,
            revision=revision,
            train=train,
            layers=layers,
            rank=rank,
            checkpointing=checkpointing,
            keep=keep,
            tokens=tokens,
            dropout=dropout,
            once=once,
        )
        if views < 0 or (views and not jitter):
            raise ConfigError(
                "`views` should be at least 0, and 0 without `jitter`, since all views would be alike. "
                f"Found views {views} and jitter {jitter}."
            )
        self.size = size
        self.jitter = Jitter(jitter)
        self.views = views

    def frozen_backbone(self) -> FrozenBackbone | None:
        """Return how the tokens are kept; None for pictures that are augmented anew each time."""
        frozen = super().frozen_backbone()
        if frozen is None or not self.jitter.strength:
            return frozen
        if not self.views:
            return None
        augmentation = {"views": self.views, "jitter": self.jitter.strength}
        return replace(frozen, views=self.views, augmentation=augmentation)

    def augmented(self, values: Tensor, view: int = 0) -> Tensor:
        """Return the pictures moved and re-lit: at random, or as their content and `view` decide."""
        if not self.jitter.strength:
            return values
        pixels = as_pixels(values, self.project.weight.dtype)
        draw = torch.rand(6, pixels.shape[0]) if not view else _drawn(values, view)
        return self.jitter.moved(pixels, (2 * draw - 1).to(pixels)).permute(0, 2, 3, 1)

    @classmethod
    def input_settings(
        cls, snapshot: Snapshot, settings: Mapping[str, object]
    ) -> dict[str, object]:
        """Ask for pictures of the model's own size, or of `size`."""
        return {"size": settings.get("size") or picture_size(snapshot)}


def _drawn(pictures: Tensor, view: int) -> Tensor:
    """Return numbers from 0 to 1, `[6, batch]`, that depend on each picture's content and the view alone."""
    generator = torch.Generator()
    columns = []
    for content in pictures.flatten(1).sum(dim=1, dtype=torch.float64).tolist():
        generator.manual_seed(hash((content, view)) % 2**63)
        columns.append(torch.rand(6, generator=generator))
    return torch.stack(columns, dim=1)
