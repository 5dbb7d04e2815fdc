"""Recordings: a pretrained backbone that reads samples and computes its own frames."""

from __future__ import annotations

from collections.abc import Mapping

from torso.core.hub import Snapshot
from torso.encoders.hub._pretrained import Pretrained
from torso.encoders.hub._transformers import sample_rate

__all__ = ["AudioHub"]


class AudioHub(Pretrained, form="audio", name="hub"):
    """Pretrained backbone of recordings: wav2vec2-, HuBERT-, WavLM-, Whisper-like, and Resemblyzer's voices.

    It reads samples and computes its own frames. The settings are those of `Pretrained`.
    """

    not_exportable = (
        "speech backbones read recordings of one length at a time, so shapes depend on the lengths"
    )

    @classmethod
    def input_settings(
        cls, snapshot: Snapshot, settings: Mapping[str, object]
    ) -> dict[str, object]:
        """Ask for samples at the model's rate."""
        del settings
        return {"layout": "samples", "rate": sample_rate(snapshot)}
