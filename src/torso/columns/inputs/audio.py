"""Recordings as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

import numpy as np

from torso.columns.inputs._input import Offers
from torso.columns.inputs._media import MediaInput
from torso.columns.media.audio import (
    AudioSettings,
    audio_facts,
    decode_audio,
    decode_samples,
    describe_audio,
    describe_samples,
    is_audio,
)
from torso.columns.media.decoder import FileDecoder
from torso.core.ranges import Range

__all__ = ["AudioInput"]


class AudioInput(MediaInput, name="audio", form="audio", encoder="convnet", rank=11):
    """A recording: WAV, FLAC, AIFF, Ogg (Vorbis, Opus) or MP3, as log-mel frames or as samples.

    Args:
        rate: samples per second, Hz, that every recording is brought to.
        mels: mel bands of a frame.
        hop: seconds from frame to frame.
        window: seconds that one frame looks at.
        seconds: read from the start; the rest is cut.
        layout: `log_mel` frames, or `samples` (16 bits) for encoders that compute their own frames.
    """

    endings = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff")
    begins = staticmethod(is_audio)
    facts = ("seconds", "samples per second", "channels")
    read_facts = staticmethod(audio_facts)

    def __init__(
        self,
        rate: int = 16_000,
        mels: Annotated[int, Range(32, 128, log=True)] = 64,
        hop: Annotated[float, Range(0.005, 0.04, log=True)] = 0.02,
        window: Annotated[float, Range(0.01, 0.1, log=True)] = 0.025,
        seconds: float = 12.0,
        layout: Literal["log_mel", "samples"] = "log_mel",
        root: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(root)
        if layout not in ("log_mel", "samples"):
            raise ValueError(f"Parameter `layout` should be log_mel or samples. Found {layout!r}.")
        self.layout = layout
        self.settings = AudioSettings(rate=rate, mels=mels, hop=hop, window=window, seconds=seconds)

    def decoder(self) -> FileDecoder:
        """Return the decoder to float16 `[frames, mels]`, or to int16 `[samples]`."""
        settings = self.settings
        if self.layout == "samples":
            rate, seconds = settings.rate, settings.seconds
            return FileDecoder(
                settings={"form": "samples", "version": 1, "rate": rate, "seconds": seconds},
                decode=partial(decode_samples, rate=rate, seconds=seconds),
                describe=partial(describe_samples, rate=rate, seconds=seconds),
                facts=len(self.facts),
                dtype=np.dtype(np.int16),
                tail=(),
            )
        return FileDecoder(
            settings={"form": "audio", "version": 1, **vars(settings)},
            decode=partial(decode_audio, settings=settings),
            describe=partial(describe_audio, settings=settings),
            facts=len(self.facts),
            dtype=np.dtype(np.float16),
            tail=(settings.mels,),
        )

    def offered(self) -> Offers:
        """Offer the number of mel bands, or samples per second."""
        if self.layout == "samples":
            return {"rate": self.settings.rate}
        return {"mels": self.settings.mels}
