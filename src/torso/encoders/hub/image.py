"""Pictures: a pretrained backbone, with the pixels as it knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torso._hub import Snapshot
from torso.encoders.hub._pretrained import Keep, Once, Pretrained, Train
from torso.encoders.hub._transformers import picture_size

__all__ = ["ImageHub"]


class ImageHub(Pretrained, form="image", name="hub"):
    """Pretrained backbone of pictures: ViT-, DINO-, CLIP-, SigLIP-, ConvNeXt-, ResNet-like, EfficientNet-Lite0.

    The pictures are stretched to the square that the backbone was trained on, and normalised as it was.

    Args:
        dim: token width.
        name: folder, `package:MODULE`, or id of the Hugging Face hub.
        size: side of the pictures in pixels; default the model's own. Position embeddings are interpolated.
        revision: commit of the hub or digest of the folder; a run pins it by itself.
        train: `frozen`; `lora` adds low-rank layers to the attention; `last_n` trains the last `layers` layers and
            what follows them; `full` trains all.
        layers: layers that `last_n` trains.
        rank: of the low-rank layers.
        checkpointing: whether activations are computed again in the backward pass instead of kept.
        keep: what of the backbone's tokens goes on: their `mean`, the `first`, or `all`.
        tokens: with `keep: all`, tokens kept by attention pooling; 0 keeps them all.
        dropout: before the linear layer, in training.
        once: dtype in which the tokens of a frozen backbone are cached, or `never`.
    """

    def __init__(
        self,
        dim: int,
        name: str,
        *,
        size: int | None = None,
        revision: str | None = None,
        train: Train = "frozen",
        layers: int = 2,
        rank: int = 8,
        checkpointing: bool = False,
        keep: Keep = "mean",
        tokens: int = 1,
        dropout: float = 0.1,
        once: Once = "float32",
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
        self.size = size

    @classmethod
    def asked(cls, snapshot: Snapshot, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for pictures of the model's own size, or of `size`."""
        return {"size": settings.get("size") or picture_size(snapshot)}
