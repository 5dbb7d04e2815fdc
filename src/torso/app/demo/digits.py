"""A table that needs no download: real handwritten digits, their keypad tones, notes about them.

The scans are scikit-learn's bundled ones (8x8), each drawn larger with a pen of its own and fresh noise, so
no two files are equal. Beside each lie a short typed note about the digit, its telephone keypad tone (DTMF) in
noise, two number columns and one category column. Targets: `digit` (10 classes), `parity` (2), `ink`
(a number). The demo and the speed benchmark read it.

A row depends on the seed and its own position only: the first 100 rows of a table of 1,000 are the table of
100, and blanks change nothing but the blanked cells. Past 1,797 rows the scans repeat, with new pens, notes and
noise, so *quality* on held-out rows can only be measured up to that many.
"""

from __future__ import annotations

import csv
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from torso.core.optional import require

__all__ = ["COLUMNS", "INPUTS", "TARGETS", "make"]

INPUTS = ("image", "audio", "note", "pressure", "seconds", "pen")
TARGETS = ("digit", "parity", "ink")
COLUMNS = (*INPUTS, *TARGETS)

IMAGE_SIZE = 32  # pixels
IMAGE_NOISE = 12.0  # standard deviation, of 255 grey levels
SAMPLE_RATE = 8_000  # Hz, the telephone's
TONE_SECONDS = 0.25
TYPING_ERRORS = 0.04  # share of letters

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PENS = {"pencil": 0.6, "biro": 0.8, "marker": 1.0}  # pen: how dark its line is
NOTES = (
    "looks like a {word}",
    "i think this is {word}",
    "{word} written in {pen}",
    "probably {word} but hard to read",
    "{pen} on the form says {word}",
    "clearly a {word}",
)
LOW_TONES = (697, 770, 852, 941)  # Hz, one per row of the keypad
HIGH_TONES = (1209, 1336, 1477)  # Hz, one per column
KEYPAD = {0: (3, 1)} | {key: ((key - 1) // 3, (key - 1) % 3) for key in range(1, 10)}

# Each purpose draws from a stream of its own, so that one option never shifts another's numbers.
_ORDER, _ROW, _BLANKS = range(3)


@dataclass(frozen=True)
class _Scan:
    """One scanned digit: its 8x8 pixels, 0 (paper) to 1 (ink), and its digit."""

    pixels: np.ndarray
    digit: int


def make(
    folder: str | Path,
    rows: int,
    seed: int = 0,
    *,
    missing_labels: float = 0.0,
    missing_inputs: float = 0.0,
) -> Path:
    """Write `table.csv`, `images/` and `audio/` to `folder`.

    Args:
        folder: made if absent; files of an earlier table of the same names are overwritten.
        rows: number of rows.
        seed: two calls with equal arguments write equal bytes.
        missing_labels: share of the cells of each target left blank, independently.
        missing_inputs: share of the cells of each input left blank, independently.

    Returns:
        The path of the CSV. Its image and audio cells are paths relative to `folder`.

    Raises:
        ValueError: `rows` or a share is out of range.
        MissingDependency: scikit-learn, which brings the scans, is not installed.
    """
    if rows < 1:
        raise ValueError(f"Parameter `rows` should be at least 1. Found {rows}.")
    shares = dict.fromkeys(INPUTS, missing_inputs) | dict.fromkeys(TARGETS, missing_labels)
    for share in (missing_labels, missing_inputs):
        if not 0 <= share < 1:
            raise ValueError(f"A share of missing cells should be in [0, 1). Found {share}.")
    folder = Path(folder)
    for name in ("images", "audio"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row, scan in enumerate(_order(rows, seed)):
            cells = _write_files(folder, scan, row, np.random.default_rng([seed, _ROW, row]))
            draws = np.random.default_rng([seed, _BLANKS, row]).random(len(COLUMNS))
            blank = [name for name, draw in zip(COLUMNS, draws, strict=True) if draw < shares[name]]
            writer.writerow(cells | dict.fromkeys(blank, ""))
    return path


def _write_files(folder: Path, scan: _Scan, row: int, rng: np.random.Generator) -> dict[str, str]:
    """Write the picture and the recording of one row; return its cells, nothing blank yet."""
    import soundfile
    from PIL import Image

    cells = _cells(scan, row, rng)
    picture = _picture(scan.pixels * PENS[cells["pen"]], rng)
    Image.fromarray(picture).save(folder / cells["image"])
    tone = _tone(scan.digit, rng)
    soundfile.write(folder / cells["audio"], tone, SAMPLE_RATE, subtype="PCM_16")
    return cells


def _order(rows: int, seed: int) -> list[_Scan]:
    """Return the scan of each row: the whole set in a random order, then in another one, and so on."""
    digits = require("sklearn.datasets", extra="demo", why="The demo").load_digits()
    scans = [
        _Scan(pixels, int(digit))
        for pixels, digit in zip(digits.images / 16.0, digits.target, strict=True)
    ]
    rounds = -(-rows // len(scans))
    shuffles = [
        np.random.default_rng([seed, _ORDER, round_number]).permutation(len(scans))
        for round_number in range(rounds)
    ]
    return [scans[index] for index in np.concatenate(shuffles)[:rows]]


def _cells(scan: _Scan, row: int, rng: np.random.Generator) -> dict[str, str]:
    """Return the cells of one row, nothing blank yet."""
    pen = str(rng.choice(list(PENS)))
    ink = 100 * PENS[pen] * float(scan.pixels.mean())  # percent of the paper covered
    note = NOTES[rng.integers(len(NOTES))].format(word=WORDS[scan.digit], pen=pen)
    return {
        "image": f"images/{row:06d}.png",
        "audio": f"audio/{row:06d}.wav",
        "note": _typed(note, rng),
        "pressure": f"{ink / 10 + rng.normal(0, 1.0):.3f}",  # newtons, about
        "seconds": f"{rng.gamma(4.0, 0.1) + 0.05 * scan.digit:.3f}",
        "pen": pen,
        "digit": WORDS[scan.digit],
        "parity": "odd" if scan.digit % 2 else "even",
        "ink": f"{ink:.3f}",
    }


def _picture(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return dark ink on white paper, uint8 `[size, size, 3]`, with other noise in each channel."""
    from PIL import Image

    small = Image.fromarray(np.uint8(np.rint(255 * (1 - pixels))))
    large = small.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC)
    noisy = np.asarray(large, dtype=np.float64)[..., None] + rng.normal(
        0, IMAGE_NOISE, (IMAGE_SIZE, IMAGE_SIZE, 3)
    )
    return np.asarray(np.rint(noisy.clip(0, 255)), dtype=np.uint8)


def _tone(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Return the keypad's two sines at random phases, in noise about 6 dB below, `[samples]`."""
    low, high = KEYPAD[digit]
    time = np.arange(int(SAMPLE_RATE * TONE_SECONDS)) / SAMPLE_RATE
    phases = rng.uniform(0, 2 * np.pi, 2)
    pair = np.sin(2 * np.pi * LOW_TONES[low] * time + phases[0]) + np.sin(
        2 * np.pi * HIGH_TONES[high] * time + phases[1]
    )
    return np.asarray((0.2 * pair + rng.normal(0, 0.1, len(time))).clip(-1, 1))


def _typed(note: str, rng: np.random.Generator) -> str:
    """Return the note as hasty fingers type it: letters dropped, doubled or hit wrong."""
    typed = []
    for letter, draw in zip(note, rng.random(len(note)), strict=True):
        if letter == " " or draw >= TYPING_ERRORS:
            typed.append(letter)
        elif draw < TYPING_ERRORS / 3:
            continue
        elif draw < 2 * TYPING_ERRORS / 3:
            typed.append(2 * letter)
        else:
            typed.append(string.ascii_lowercase[rng.integers(26)])
    return "".join(typed)
