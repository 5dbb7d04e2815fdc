"""A written and a spoken digit, both spoiled, so that neither alone is easy.

After AV-MNIST (Vielzeuf et al., ECCV 2018 workshops, https://arxiv.org/abs/1808.07275), which MultiBench uses
too: of an MNIST picture only the main components are left, those with a quarter of the energy; a digit spoken
in FSDD has noise from elsewhere over it. Their voices and noises are not at hand, so figures are not comparable
with theirs; the noises are the sound effects of Talking Stamps.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from features import Dataset, data_folder, kept, laid_out, patches, segments
from sklearn.decomposition import PCA

from torso.columns.media.audio import AudioSettings, log_mel

__all__ = ["av_digits"]

ENERGY = 0.25
"""Share of the pictures' energy that is kept."""
LOUDNESS = -6.0
"""Level of the voice against the noise, dB."""
HEARING = AudioSettings(rate=8_000, mels=32)
SIDES = {
    "train": {"rows": 6_000, "takes": range(10, 50)},
    "validation": {"rows": 1_500, "takes": range(5, 10)},
    "test": {"rows": 3_000, "takes": range(5)},
}
"""How many pairs, and of which recordings of each speaker and digit; those that test are the published ones."""


def av_digits(seed: int = 0) -> Dataset:
    """Return 10,500 rows: image 16 x 49, audio 8 x 64, one task; `seed` draws the pairs and the noise.

    No picture, recording or effect is on two sides.
    """
    made = kept(f"av-digits-{seed}", Path(__file__), data_folder("fsdd"), lambda: _views(seed))
    present = np.ones(len(made["digit"]), bool)
    return laid_out(
        {name: (made[name], present) for name in ("image", "audio")},
        {"digit": made["digit"]},
        {"digit": "category"},
        made["recording"],
        tuple(np.flatnonzero(made["side"] == place) for place in range(len(SIDES))),
    )


def _views(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    voices = _voices(data_folder("fsdd"))
    effects = rng.permuted(np.array(_effects(data_folder("talking_stamps")), dtype=object))
    written = _written(data_folder("mnist"))
    cuts = [len(effects) * 7 // 10, len(effects) * 17 // 20]
    noises = dict(zip(SIDES, np.split(effects, cuts), strict=True))
    pixels, heard, recordings = [], [], []
    for side, drawn in SIDES.items():
        own = [place for place, voice in enumerate(voices) if voice["take"] in drawn["takes"]]
        chosen = rng.permutation(np.resize(own, drawn["rows"]))
        by_digit = {digit: iter(rng.permutation(found)) for digit, found in written[side].items()}
        pixels += [next(by_digit[voices[place]["digit"]]) for place in chosen]
        heard += [
            segments(_mixed(voices[place]["samples"], rng.choice(noises[side]), rng))
            for place in chosen
        ]
        recordings += chosen.tolist()
    flat = np.stack(pixels).reshape(len(pixels), -1) / 255.0
    components = PCA(ENERGY, svd_solver="full").fit(flat[: SIDES["train"]["rows"]])
    left = components.inverse_transform(components.transform(flat)).astype(np.float32)
    return {
        "image": patches(left.reshape(-1, 28, 28, 1), 7),
        "audio": np.stack(heard),
        "digit": np.array([voices[place]["digit"] for place in recordings]),
        "recording": np.array(recordings),
        "side": np.repeat(np.arange(len(SIDES)), [drawn["rows"] for drawn in SIDES.values()]),
    }


def _mixed(voice: np.ndarray, effect: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the log-mel frames of a voice over a piece of an effect, repeated where it is too short."""
    start = rng.integers(len(effect))
    noise = np.resize(np.roll(effect, -start), len(voice))
    power = np.mean(np.square(noise)) + 1e-8
    noise = noise * np.sqrt(np.mean(np.square(voice)) / power / 10 ** (LOUDNESS / 10))
    return log_mel((voice + noise).astype(np.float32), HEARING).astype(np.float32)


def _voices(folder: Path) -> list[dict[str, Any]]:
    """Return every recording: its samples at 8 kHz, its digit, and which take of its speaker it is."""
    voices = []
    with zipfile.ZipFile(folder / "recordings.zip") as archive:
        for name in sorted(one for one in archive.namelist() if one.endswith(".wav")):
            digit, _, take = Path(name).stem.split("_")
            samples, _ = soundfile.read(io.BytesIO(archive.read(name)), dtype="float32")
            voices.append({"samples": samples, "digit": int(digit), "take": int(take)})
    return voices


def _effects(folder: Path) -> list[np.ndarray]:
    """Return the sound effects, at 8 kHz."""
    effects = []
    with zipfile.ZipFile(folder / "audio.zip") as archive:
        for name in sorted(one for one in archive.namelist() if "/sfx__" in one):
            samples, rate = soundfile.read(io.BytesIO(archive.read(name)), dtype="float32")
            effects.append(soxr.resample(samples, rate, HEARING.rate))
    return effects


def _written(folder: Path) -> dict[str, dict[int, np.ndarray]]:
    """Return side -> digit -> pictures; those that validate are the last sixth of the training file."""

    def by_digit(file: str, cut: slice) -> dict[int, np.ndarray]:
        with gzip.open(folder / f"{file}-images-idx3-ubyte.gz") as opened:
            pictures = np.frombuffer(opened.read()[16:], np.uint8).reshape(-1, 28, 28)[cut]
        with gzip.open(folder / f"{file}-labels-idx1-ubyte.gz") as opened:
            digits = np.frombuffer(opened.read()[8:], np.uint8)[cut]
        return {digit: pictures[digits == digit] for digit in range(10)}

    return {
        "train": by_digit("train", slice(50_000)),
        "validation": by_digit("train", slice(50_000, None)),
        "test": by_digit("t10k", slice(None)),
    }
