"""Texts: a pretrained backbone, with the tokens of its own tokenizer."""

from __future__ import annotations

from collections.abc import Mapping

from torso.core.hub import Snapshot
from torso.encoders.hub._pretrained import Pretrained

__all__ = ["TextHub"]


class TextHub(Pretrained, form="text", name="hub"):
    """Pretrained backbone of texts: BERT-, MiniLM-, DistilBERT-, T5-, CLIP-like.

    Its tokenizer becomes that of the run. The settings are those of `Pretrained`.
    """

    @classmethod
    def input_settings(
        cls, snapshot: Snapshot, settings: Mapping[str, object]
    ) -> dict[str, object]:
        """Ask for the model's tokenizer."""
        del settings
        return {"tokenizer": snapshot.reference}
